/** How a command ends, as scripts see it: the numbers of the manual, decided by an error's code alone. */

import { InvalidArgumentError } from 'commander'
import { settingsLimits } from '../../shared/settings.ts'
import type { ErrorCode } from '../../shared/errors.ts'

export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  partlyStored: 4,
  noPeer: 5,
  refused: 6,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** Every error code has its line here, so that a new one does not compile until somebody has decided. */
const ofError: Record<ErrorCode, ExitCode> = {
  'already-exists': exitCodes.refused,
  'bad-argument': exitCodes.usage,
  cancelled: exitCodes.failed,
  'changed-while-reading': exitCodes.failed,
  corrupt: exitCodes.failed,
  'disk-full': exitCodes.refused,
  'file-unreadable': exitCodes.failed,
  'id-taken': exitCodes.failed,
  internal: exitCodes.failed,
  'invite-expired': exitCodes.failed,
  'invite-invalid': exitCodes.failed,
  'not-a-member': exitCodes.refused,
  'not-found': exitCodes.notFound,
  'out-of-reach': exitCodes.failed,
  'partly-stored': exitCodes.partlyStored,
  'peer-unreachable': exitCodes.failed,
  'port-in-use': exitCodes.failed,
  'peer-running': exitCodes.failed,
  'peer-not-running': exitCodes.noPeer,
  protocol: exitCodes.failed,
}

/** Best first. A file with fewer copies than wanted is still kept; one that failed for no known reason is the worst news. */
const bySeverity: readonly ExitCode[] = [
  exitCodes.done,
  exitCodes.partlyStored,
  exitCodes.refused,
  exitCodes.notFound,
  exitCodes.usage,
  exitCodes.failed,
  exitCodes.noPeer,
]

/** The exit code of an error's code. */
export function exitCodeOf(code: ErrorCode): ExitCode {
  return ofError[code]
}

/** The worse of two exit codes, for a command that did several things. */
export function worseExitCode(a: ExitCode, b: ExitCode): ExitCode {
  return bySeverity.indexOf(a) >= bySeverity.indexOf(b) ? a : b
}

/** A whole number of the command line within bounds; commander turns the error into a usage message. */
export function parseWhole(text: string, min: number, max: number): number {
  const value = Number(text)
  if (!/^[0-9]{1,10}$/.test(text) || value < min || value > max)
    throw new InvalidArgumentError(`It is a whole number from ${min} to ${max}.`)
  return value
}

const rateUnits: Record<string, number> = { '': 1, k: 1e3, M: 1e6, G: 1e9 }

/** Bytes a second, `500k`, `2M`, `1.5M` or `none`, which is 0: commander makes text of null. */
export function parseRate(text: string): number {
  if (text === 'none' || text === '0') return 0
  const [, number = '', unit = ''] = /^([0-9]{1,12}(?:\.[0-9]{1,3})?)([kMG]?)$/.exec(text) ?? []
  const rate = Math.round(Number(number) * (rateUnits[unit] ?? 1))
  if (number === '' || rate < settingsLimits.rateLimitMin) throw new InvalidArgumentError('It is 50k at least, as 500k, 2M or none.')
  return rate
}
