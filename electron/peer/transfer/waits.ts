/** How long work waits for machines that are away, and which failures waiting can mend. Pure. */

import type { ErrorCode } from '../../../shared/errors.ts'

/** The first wait, in ms: a machine that restarts is back in a few seconds. It doubles with each try in vain. */
const firstWaitMs = 2_000
/** The longest wait, in ms: news of a machine that came ends it early, so that it costs little to look seldom. */
const longestWaitMs = 60_000

/** What a machine that comes back can mend; all else needs a person. */
const breaks: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['out-of-reach', 'peer-unreachable'])

export function isBreak(code: ErrorCode): boolean {
  return breaks.has(code)
}

/** @param tries tries in vain so far, from 1 on */
export function waitMs(tries: number): number {
  return Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(tries - 1, 16))
}
