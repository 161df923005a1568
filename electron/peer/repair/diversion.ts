/**
 * Machines that had no room: not asked again at once, but with growing pauses, and for something smaller sooner. Meanwhile the next
 * machine beyond the replica set keeps the copy (ring.md 8); it moves home when there is room. Pure: the time is handed in.
 */

import type { Identifier } from '../protocol/identifier.ts'

const firstPauseMs = 60_000
const longestPauseMs = 3_600_000

interface Refusal {
  readonly smallestBytes: number
  readonly pauseMs: number
  readonly until: number
}

export class Diversion {
  readonly #refusals = new Map<Identifier, Refusal>()

  /** `machine` had no room for a content of `sizeBytes`. Of several copies on their way at once, all refused, the pause grows once. */
  refused(machine: Identifier, sizeBytes: number, now: number): void {
    const known = this.#refusals.get(machine)
    const grown = known && (now < known.until ? known.pauseMs : known.pauseMs * 2)
    const pauseMs = Math.min(longestPauseMs, grown ?? firstPauseMs)
    const smallestBytes = Math.min(sizeBytes, known?.smallestBytes ?? Infinity)
    this.#refusals.set(machine, { smallestBytes, pauseMs, until: now + pauseMs })
  }

  /** `machine` took a content of `sizeBytes`. What was refused for its size may still not fit. */
  took(machine: Identifier, sizeBytes: number): void {
    const known = this.#refusals.get(machine)
    if (known && sizeBytes >= known.smallestBytes) this.#refusals.delete(machine)
  }

  mayAsk(machine: Identifier, sizeBytes: number, now: number): boolean {
    const known = this.#refusals.get(machine)
    return !known || sizeBytes < known.smallestBytes || now >= known.until
  }

  /** Machines that are not members any more. */
  keepOnly(members: ReadonlySet<Identifier>): void {
    for (const machine of this.#refusals.keys()) if (!members.has(machine)) this.#refusals.delete(machine)
  }
}
