/**
 * Whether there is anything to ask the first successor: once it has us in place and we took its list whole, its responses say by
 * their digest that nothing changed since it last told. That says nothing of our own list when something else changed it since.
 */

import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import type { Core } from './core.ts'
import { sameIds } from './neighbours.ts'
import { timing } from './timing.ts'

/** Responses come every interval, unless lost: after so many intervals without one the head is asked. */
const confirmedIntervals = 3.5

export class Settled {
  readonly #core: Core
  #told: {
    readonly head: Identifier
    readonly digest: string
    /** Ours, as it was then. */
    readonly list: readonly Contact[]
    readonly at: number
    confirmedAt: number
  } | null = null

  constructor(core: Core) {
    this.#core = core
  }

  /** `head` told lists of this digest, and they agree with ours, as it is now. */
  agreed(head: Identifier, digest: string): void {
    const { clock, neighbours } = this.#core
    const now = clock.now()
    this.#told = { head, digest, list: neighbours.successors, at: now, confirmedAt: now }
  }

  /** There is something to ask. */
  clear(): void {
    this.#told = null
  }

  /** A response of `id` had this digest. True when it shows that something changed. */
  compare(id: Identifier, digest: string): boolean {
    const told = this.#told
    if (told?.head !== id || this.#core.neighbours.head?.id !== id) return false
    if (told.digest !== digest) return true
    told.confirmedAt = this.#core.clock.now()
    return false
  }

  /** The head has said of late that nothing changed, and here nothing did either. */
  isSettled(now: number): boolean {
    const { parameters, neighbours } = this.#core
    const told = this.#told
    if (!told || told.head !== neighbours.head?.id || !sameIds(told.list, neighbours.successors)) return false
    return now < told.confirmedAt + confirmedIntervals * parameters.pingIntervalMs && now < told.at + timing.stabiliseMs
  }
}
