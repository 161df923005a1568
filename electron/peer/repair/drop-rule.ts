/**
 * The one rule that loses nothing (ring.md 10): a machine deletes its copy only after k live machines strictly closer to the
 * key, clockwise, each confirmed a durable, checked copy within the last 10 s. The lowest-ranked machine that ever dropped
 * had k confirmers below it and none of those ever dropped, so drops never bring a file below k copies, however stale the
 * views are.
 */

import type { Identifier } from '../protocol/identifier.ts'

export interface Confirmation {
  readonly machine: Identifier
  /** When it confirmed, in ms on this machine's clock. */
  readonly at: number
}

export const confirmationMaxAgeMs = 10_000

export interface DropQuestion {
  readonly self: Identifier
  readonly copies: number
  readonly confirmations: readonly Confirmation[]
  readonly now: number
  /** Clockwise distance from the key. */
  readonly distance: (machine: Identifier) => bigint
}

/** Whether `self` may delete its copy now. */
export function mayDrop(question: DropQuestion): boolean {
  const own = question.distance(question.self)
  const closer = new Set(
    question.confirmations
      .filter((confirmation) => question.now - confirmation.at <= confirmationMaxAgeMs)
      .filter((confirmation) => question.distance(confirmation.machine) < own)
      .map((confirmation) => confirmation.machine),
  )
  return closer.size >= question.copies
}
