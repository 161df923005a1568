/** The footer's sentence in one line, for the tray: confirmed by the holders, or not said. */

import { formatCount } from '../../shared/units.ts'
import type { SafetyView } from '../../shared/views.ts'

const files = (count: number): string => (count === 1 ? '1 file' : `${formatCount(count)} files`)

/** "Any 1 of 2 machines can fail", or what keeps that from being so. */
export function safetyText(safety: SafetyView): string {
  if (safety.outOfReach > 0) return `${files(safety.outOfReach)} out of reach`
  if (safety.atRisk > 0 && safety.machines > 1) return `${files(safety.atRisk)} at risk, with one copy left`
  if (safety.checking) return 'Checking'
  if (safety.machines <= 1) return 'Kept on this computer until a second machine joins'
  if (safety.mayFail > 0) return `Any ${String(safety.mayFail)} of ${String(safety.machines)} machines can fail`
  return safety.copying > 0 ? `Copying ${files(safety.copying)}` : 'No machine may fail yet'
}
