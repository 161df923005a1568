/** How a run ended. */

import type { Plan } from './plan.ts'

export interface Outcome {
  readonly plan: Plan
  readonly hash: string
  readonly delivered: number
  readonly simulatedMs: number
  /** Virtual ms that peers ran, added up over all of them. */
  readonly peerMs: number
  /** How often each kind of thing was done to the ring. */
  readonly injected: Readonly<Record<string, number>>
  /** Virtual ms from the end of the faults (the last message held back has come) to the ideal ring; null = not within the plan's. */
  readonly healedMs: number | null
  readonly flaw: string | null
}
