/**
 * Looks for those that died, one after the other: halves of a ring that lost each other find each other again, and a peer that
 * was started again finds the ring of its last run.
 */

import type { Identifier } from '../protocol/identifier.ts'
import type { Core } from './core.ts'
import type { Pings } from './pings.ts'
import { pick } from './prng.ts'
import { timing } from './timing.ts'

export class Reunion {
  readonly #core: Core
  readonly #pings: Pings
  /** Remembered from an earlier run and not tried since. */
  #untried: Identifier[] = []
  #nextAt = 0

  constructor(core: Core, pings: Pings) {
    this.#core = core
    this.#pings = pings
  }

  /** Tries these members of an earlier run soon, one after the other. */
  lookFor(ids: readonly Identifier[]): void {
    this.#untried = [...ids]
  }

  tick(now: number): void {
    if (now < this.#nextAt) return
    const { table, random, neighbours } = this.#core
    const hurry = !neighbours.head || this.#untried.length > 0
    this.#nextAt = now + (hurry ? timing.aloneRetryMs : timing.deadRetryMs) * (0.9 + 0.2 * random.next())
    const dead = [...table.all()].filter((entry) => entry.state === 'dead')
    for (const entry of dead) if (entry.stateSince + timing.rememberDeadMs < now) table.remove(entry.contact.id)
    while (this.#untried.length > 0 && table.get(this.#untried[0] as Identifier)?.state !== 'dead') this.#untried.shift()
    const untried = this.#untried.shift()
    const entry = untried === undefined ? pick(random, dead) : table.get(untried)
    if (entry) this.#pings.send(entry.contact, neighbours.head ? 'datagram' : 'stream')
  }
}
