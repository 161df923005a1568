/** News of successors and predecessors, each told once: after a loss, when the new head's answer has completed the list. */

import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import type { Core } from './core.ts'
import type { Deadline } from './deadlines.ts'
import { timing } from './timing.ts'

export class NeighbourNews {
  readonly #core: Core
  /** Ids last told. */
  #successors: readonly Identifier[] = []
  #predecessors: readonly Identifier[] = []
  /** The list that predecessors were last looked for in. */
  #seenPredecessors: readonly Contact[] | null = null
  /** While the list is short after a loss, news of it waits till then for the new head's answer. */
  readonly #waitsUntil: Deadline

  constructor(core: Core) {
    this.#core = core
    this.#waitsUntil = core.deadlines.add()
    this.#waitsUntil.clear()
  }

  /** News waits for the list to be completed. */
  get isWaiting(): boolean {
    return this.#waitsUntil.at !== Infinity
  }

  tick(now: number): void {
    if (this.#waitsUntil.isDue(now)) this.tellSuccessors()
    this.#tellPredecessors()
  }

  /** The list is short: it is told when it is completed, or after a moment. */
  wait(): void {
    this.#waitsUntil.by(this.#core.clock.now() + timing.settleMs)
  }

  /** The list as it stands is no news. */
  passOver(): void {
    this.#successors = this.#core.neighbours.successors.map((contact) => contact.id)
  }

  tellSuccessors(): void {
    this.#waitsUntil.clear()
    const previous = this.#successors
    this.passOver()
    if (this.#successors.join() === previous.join()) return
    this.#core.emit({ kind: 'successors', successors: this.#successors, previous })
  }

  #tellPredecessors(): void {
    const { neighbours, parameters } = this.#core
    const known = neighbours.predecessors()
    if (known === this.#seenPredecessors) return
    this.#seenPredecessors = known
    const predecessors = known.slice(0, Math.max(2, parameters.pingedSuccessors)).map((contact) => contact.id)
    if (predecessors.join() === this.#predecessors.join()) return
    this.#predecessors = predecessors
    this.#core.emit({ kind: 'predecessors', predecessors })
  }
}
