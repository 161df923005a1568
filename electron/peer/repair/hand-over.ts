/** A graceful departure's first half: what this machine holds is brought up on those who will hold it (ring.md 10). */

import { AppError } from '../../../shared/errors.ts'
import type { LeavingView } from '../../../shared/views.ts'
import type { TransferContext } from '../transfer/transfer-context.ts'
import type { RingNow } from './copies.ts'
import type { Repair } from './repair-plan.ts'
import type { Repairer } from './repair.ts'

export interface HandOverOptions {
  readonly onProgress: (leaving: LeavingView) => void
  readonly signal: AbortSignal
}

/** Copies handed over at the same time. */
const atOnce = 4

/**
 * Resolves when all is handed over that can be, or cut short by the signal: a departure cut short equals a crash, which is safe. What nobody
 * took stays among `filesLeft`: it is out of reach while this machine is away.
 */
export async function handOver(context: TransferContext & RingNow, repairer: Repairer, options: HandOverOptions): Promise<void> {
  const work: Repair[] = []
  const { copies } = context.parameters
  const self = context.self.id
  const attendance = repairer.attendance()
  for (const file of context.catalogue.files()) {
    if (!file.machines.has(self)) continue
    const holding = new Set(Object.keys(file.machines.get(self) ?? {}))
    for (const after of attendance.copiesOf(file, { copies, without: self })) {
      const targets = after.replicaSet.filter((id) => !after.onlineHolders.includes(id))
      const missing = Math.min(copies, after.replicaSet.length) - after.onlineHolders.length
      if (!holding.has(after.content.sha256) || targets.length === 0 || missing <= 0) continue
      work.push({ of: after, targets, missing, copies: after.onlineHolders.length + 1 })
    }
  }
  const filesTotal = work.length
  let filesLeft = filesTotal
  options.onProgress({ filesLeft, filesTotal, done: false })
  const takeNext = async (): Promise<void> => {
    for (let next = work.shift(); next && !options.signal.aborted; next = work.shift()) {
      try {
        await repairer.copy(next, 'hand-over')
        filesLeft--
      } catch (error) {
        // a target that is away now, or has no room
        if (!(error instanceof AppError)) throw error
      }
      options.onProgress({ filesLeft, filesTotal, done: false })
    }
  }
  await Promise.all(Array.from({ length: atOnce }, takeNext))
}
