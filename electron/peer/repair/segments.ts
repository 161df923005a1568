/**
 * Which arcs a machine answers for, and with whom it shares them: pure arithmetic over the sorted ids of the machines that are online.
 * And what it may say of them: a machine that has not compared an arc yet does not say "I know no such name" there (ring.md 10).
 */

import type { Identifier } from '../protocol/identifier.ts'
import { around, between, inArc } from '../ring/interval.ts'
import type { Arc } from './digests.ts'

/** An arc whose keys one machine owns, and who else may know of them, the owner first, clockwise; never this machine. */
export interface Segment {
  readonly arc: Arc
  readonly others: readonly Identifier[]
}

/** The arcs for which `self` is among the `copies` machines, its own first. `ids` are sorted and hold `self`. */
export function segmentsOf(ids: readonly Identifier[], self: Identifier, copies: number): Segment[] {
  const at = ids.indexOf(self)
  return Array.from({ length: Math.min(copies, ids.length) }, (_, back) => {
    const owner = around(ids, at - back) as Identifier
    const from = around(ids, at - back - 1) as Identifier
    const clockwise = ids.map((_, step) => around(ids, at - back + step) as Identifier)
    return { arc: { from, to: owner }, others: clockwise.filter((id) => id !== self) }
  })
}

/** The machines whose arcs overlap this one's: `copies` - 1 before it and after it. */
export function matesOf(ids: readonly Identifier[], self: Identifier, copies: number): Identifier[] {
  const at = ids.indexOf(self)
  const steps = Array.from({ length: copies - 1 }, (_, step) => step + 1)
  const mates = new Set(steps.flatMap((step) => [around(ids, at - step) as Identifier, around(ids, at + step) as Identifier]))
  mates.delete(self)
  return [...mates]
}

/** What a machine has compared: the keys in (from, self]. */
export class SyncedArc {
  readonly #self: Identifier
  /** Where the compared keys begin; null = none are. */
  #from: Identifier | null = null
  /** Where the keys began that this machine answered for at the last look. */
  #range: Identifier | null = null

  constructor(self: Identifier) {
    this.#self = self
  }

  /**
   * This machine answers for (from, self] now. What it gains is not compared; what it loses stays known, until others have had it for
   * themselves and it comes back.
   */
  answersFor(from: Identifier): void {
    const before = this.#range
    this.#range = from
    if (before === null || this.#from === null || before === from) return
    const gains = before !== this.#self && (from === this.#self || between(from, before, this.#self))
    if (gains && this.#covers(before)) this.#from = before
  }

  /** Everything that this machine answers for has been compared. */
  done(): void {
    this.#from = this.#range
  }

  /** Nothing counts any more. */
  reset(): void {
    this.#from = null
  }

  has(key: Identifier): boolean {
    return this.#from !== null && inArc(this.#from, key, this.#self)
  }

  hasAll(arc: Arc): boolean {
    if (this.#from === null) return false
    if (this.#from === this.#self) return true
    if (arc.from === arc.to) return false
    return inArc(this.#from, arc.to, this.#self) && (arc.from === this.#from || (arc.from !== this.#self && this.#covers(arc.from)))
  }

  /** `place` lies in the compared arc, so that all from there on is compared. */
  #covers(place: Identifier): boolean {
    return this.#from !== null && (this.#from === this.#self || inArc(this.#from, place, this.#self))
  }
}
