/** One app per data folder: a second start hands its link to the first one and ends. */

import { app } from 'electron'
import { parseDeepLink } from './deep-links.ts'

export interface SecondStart {
  readonly link: string | null
}

function readSecondStart(data: unknown): SecondStart {
  const link = typeof data === 'object' && data !== null && 'link' in data ? data.link : null
  return { link: typeof link === 'string' ? parseDeepLink(link) : null }
}

/**
 * True when this is the first app of its user data folder; then `onSecond` hears of later starts. What they were started
 * with travels as additional data, since Chromium reorders the arguments that it reports.
 */
export function becomeOnlyInstance(mine: SecondStart, onSecond: (second: SecondStart) => void): boolean {
  if (!app.requestSingleInstanceLock({ link: mine.link })) return false
  app.on('second-instance', (...[, , , data]) => {
    onSecond(readSecondStart(data))
  })
  return true
}
