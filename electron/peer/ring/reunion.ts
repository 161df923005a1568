/**
 * Looks for those that died, one after the other: halves of a ring that lost each other find each other again, and a peer that
 * was started again finds the ring of its last run.
 */

import type { Identifier } from '../protocol/identifier.ts'
import type { Core } from './core.ts'
import type { Deadline } from './deadlines.ts'
import type { Pings } from './pings.ts'
import { pick } from './prng.ts'
import { counts, timing } from './timing.ts'

export class Reunion {
  readonly #core: Core
  readonly #pings: Pings
  /** Remembered from an earlier run and not tried since. */
  #untried: Identifier[] = []
  #seeksUntil = 0
  readonly #next: Deadline

  constructor(core: Core, pings: Pings) {
    this.#core = core
    this.#pings = pings
    this.#next = core.deadlines.add()
  }

  /** Tries these members of an earlier run soon, a few at a time. */
  lookFor(ids: readonly Identifier[]): void {
    this.#untried = [...ids]
    this.#seeksUntil = ids.length > 0 ? this.#core.clock.now() + timing.seekMs : 0
  }

  /**
   * Alone, and started again a moment ago: members of the earlier run may be found yet. Whoever joined now would come into a ring of two
   * that knows of no other, and were lost with this peer.
   */
  get isSeeking(): boolean {
    return !this.#core.neighbours.head && this.#core.clock.now() < this.#seeksUntil
  }

  tick(now: number): void {
    if (!this.#next.isDue(now)) return
    const { table, random, neighbours } = this.#core
    const waitMs = this.#untried.length > 0 ? timing.untriedMs : neighbours.head ? timing.deadRetryMs : timing.aloneRetryMs
    this.#next.at = now + waitMs * (0.9 + 0.2 * random.next())
    const dead = [...table.all()].filter((entry) => entry.state === 'dead')
    for (const entry of dead) if (entry.stateSince + timing.rememberDeadMs < now) table.remove(entry.contact.id)
    this.#untried = this.#untried.filter((id) => table.get(id)?.state === 'dead')
    const tried = this.#untried.length > 0 ? this.#untried.splice(0, counts.triedAtOnce) : [pick(random, dead)?.contact.id]
    for (const id of tried) {
      const entry = id && table.get(id)
      if (entry) this.#pings.send(entry.contact, neighbours.head ? 'datagram' : 'stream')
    }
  }
}
