/**
 * A graceful departure's first half: what this machine holds is brought up on those who will hold it (ring.md 10). From its beginning on
 * this machine takes no copies. It goes round again until nothing is left or nobody takes what is: meanwhile others let go of copies, or
 * take some and go.
 */

import { verifiedAtOf } from '../protocol/holdings.ts'
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
 * took stays among `filesLeft`: it is out of reach while this machine is away. When it rejects, this machine takes copies again.
 */
export async function handOver(context: TransferContext & RingNow, repairer: Repairer, options: HandOverOptions): Promise<void> {
  const { signal } = options
  try {
    await unlessAborted(signal, context.intake.close())
    await unlessAborted(signal, repairer.calm())
    await goRound(context, repairer, options)
  } catch (error) {
    context.intake.open()
    throw error
  }
}

async function goRound(context: TransferContext & RingNow, repairer: Repairer, { onProgress, signal }: HandOverOptions): Promise<void> {
  /** Content and name of what some machine took. */
  const taken = new Set<string>()
  // what was taken counts as left again once nobody has it any more
  const left = (): Repair[] => lacking(context, repairer).filter(({ of }) => !taken.has(of.id) || of.onlineHolders.length === 0)
  let filesTotal = 0
  let told: LeavingView | null = null
  const tell = (filesLeft: number): void => {
    if (told?.filesLeft === filesLeft && told.filesTotal === filesTotal) return
    told = { filesLeft, filesTotal, done: false }
    onProgress(told)
  }
  for (let goesOn = true; goesOn && !signal.aborted;) {
    await unlessAborted(signal, repairer.readCatalogues())
    const work = left()
    let filesLeft = work.length
    filesTotal = Math.max(filesTotal, taken.size + filesLeft)
    tell(filesLeft)
    const onTaken = (id: string): void => {
      taken.add(id)
      if (!signal.aborted) tell(--filesLeft)
    }
    await unlessAborted(signal, copyAll(repairer, work, { signal, onTaken }))
    goesOn = filesLeft < work.length
  }
  // and what was still being kept here when patience ended
  const filesLeft = left().length + context.intake.underWay
  filesTotal = Math.max(filesTotal, filesLeft)
  tell(filesLeft)
}

/** What would be short of copies without this machine, and could have more; and what only this one holds while all others are away. */
function lacking(context: TransferContext & RingNow, repairer: Repairer): Repair[] {
  const { copies } = context.parameters
  const self = context.self.id
  const attendance = repairer.attendance()
  const hasOthersAway = context.away().length > 0
  const repairs: Repair[] = []
  for (const file of context.catalogue.files()) {
    const holding = file.machines.get(self)
    if (!holding) continue
    for (const after of attendance.copiesOf(file, { copies, without: self })) {
      const targets = after.replicaSet.filter((id) => !after.onlineHolders.includes(id))
      const missing = Math.min(copies, after.replicaSet.length) - after.onlineHolders.length
      const isHere = verifiedAtOf(holding, after.content.sha256) > 0
      const isShort = targets.length > 0 && missing > 0
      const isOnlyHere = targets.length === 0 && hasOthersAway && after.onlineHolders.length + after.awayHolders === 0
      if (!isHere || (!isShort && !isOnlyHere)) continue
      repairs.push({ of: after, targets, missing, copies: after.onlineHolders.length + 1 })
    }
  }
  return repairs
}

async function copyAll(
  repairer: Repairer,
  work: readonly Repair[],
  { signal, onTaken }: { readonly signal: AbortSignal; readonly onTaken: (id: string) => void },
): Promise<void> {
  const waiting = work.filter(({ targets }) => targets.length > 0)
  const takeNext = async (): Promise<void> => {
    for (let next = waiting.shift(); next && !signal.aborted; next = waiting.shift()) {
      try {
        await repairer.copy(next, 'hand-over')
        onTaken(next.of.id)
      } catch (error) {
        // a target that is away now, leaves, too, or has no room
        if (!(error instanceof AppError)) throw error
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, takeNext))
}

/** Resolves when `work` does, or at once when the signal says so. Rejects as `work` does before. */
function unlessAborted(signal: AbortSignal, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
    work.then(() => resolve(), reject)
  })
}
