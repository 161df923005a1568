/** The footer's sentence: true in every state, green only when every file has all its copies confirmed. */

import type { SafetyView } from '../../../shared/views.ts'
import { words } from '../locales/en.ts'

export interface SafetySentence {
  readonly tone: 'ok' | 'warn' | 'risk' | 'quiet'
  readonly head: string
  readonly rest: string
  /** The files that the sentence is about, to be shown by a click. */
  readonly filter: 'at-risk' | 'out-of-reach' | 'copying' | null
}

export function sayHowSafe(safety: SafetyView, copiesWanted: number): SafetySentence {
  const say = words.footer
  const alone = safety.machines <= 1
  const away = safety.machines - safety.machinesOnline
  const tolerance = alone ? say.alone : safety.mayFail > 0 ? say.mayFail(safety) : copiesWanted === 1 ? say.oneCopy : say.mayNotFail
  const rest = away > 0 ? `${tolerance} ${say.away(away)}` : tolerance
  if (safety.files === 0) return { tone: 'quiet', head: say.none, rest: alone ? '' : words.count.machines(safety.machines), filter: null }
  if (safety.outOfReach > 0) return { tone: 'risk', head: say.outOfReach(safety.outOfReach), rest, filter: 'out-of-reach' }
  if (safety.checking) return { tone: 'quiet', head: say.checking(safety.files), rest: '', filter: null }
  if (alone) return { tone: 'warn', head: say.onlyHere(safety.files), rest: say.alone, filter: null }
  if (safety.atRisk > 0) return { tone: 'risk', head: say.atRisk(safety.atRisk), rest, filter: 'at-risk' }
  if (safety.copying > 0) return { tone: 'warn', head: say.copying(safety.copying), rest, filter: 'copying' }
  return { tone: 'ok', head: say.safe(safety.files), rest, filter: null }
}
