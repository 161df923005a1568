/** A graceful departure's first half: what this machine holds is brought up on those who will hold it (ring.md 10). */

import { AppError } from '../../../shared/errors.ts'
import type { LeavingView } from '../../../shared/views.ts'
import type { Identifier } from '../protocol/identifier.ts'
import type { TransferContext } from '../transfer/transfer-context.ts'
import { Attendance, type RingNow } from './copies.ts'
import type { Repairer } from './repair.ts'

export interface HandOverOptions {
  readonly onProgress: (leaving: LeavingView) => void
  readonly signal: AbortSignal
}

/** Copies handed over at the same time. */
const atOnce = 4

/** Resolves when all is handed over, or cut short by the signal: a departure cut short equals a crash, which is safe. */
export async function handOver(context: TransferContext & RingNow, repairer: Repairer, options: HandOverOptions): Promise<void> {
  const work: { readonly name: string; readonly targets: readonly Identifier[] }[] = []
  const { copies } = context.parameters
  const attendance = new Attendance(context)
  for (const file of context.catalogue.files()) {
    if (!file.machines.has(context.self.id)) continue
    const after = attendance.copiesOf(file, { copies, without: context.self.id })
    const now = attendance.copiesOf(file, { copies })
    if (!after || !now?.onlineHolders.includes(context.self.id)) continue
    const targets = after.replicaSet.filter((id) => !after.onlineHolders.includes(id))
    if (targets.length > 0 && after.onlineHolders.length < copies) work.push({ name: file.record.name, targets })
  }
  const filesTotal = work.length
  let filesLeft = filesTotal
  options.onProgress({ filesLeft, filesTotal, done: false })
  const takeNext = async (): Promise<void> => {
    for (let next = work.shift(); next && !options.signal.aborted; next = work.shift()) {
      await repairer.copy(next.name, next.targets, 'hand-over').catch((error: unknown) => {
        // a target that is away now: the others repair after this machine is gone
        if (!(error instanceof AppError)) throw error
      })
      filesLeft--
      options.onProgress({ filesLeft, filesTotal, done: false })
    }
  }
  await Promise.all(Array.from({ length: atOnce }, takeNext))
}
