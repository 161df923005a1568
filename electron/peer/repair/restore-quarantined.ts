/** Takes a file back that was put aside after a long absence: stored as new, from the bytes that were kept here. */

import { AppError } from '../../../shared/errors.ts'
import { liveVersions } from '../protocol/record.ts'
import { leaving } from '../transfer/intake.ts'
import { withNewVersion } from '../transfer/new-version.ts'
import { readRecord } from '../transfer/read-record.ts'
import { numbered } from '../transfer/store-file.ts'
import type { TransferContext } from '../transfer/transfer-context.ts'
import type { Quarantine } from './quarantine.ts'

/** Names tried beside one that is taken. */
const namesTried = 100

/**
 * Result: the name it has now, another one when its own is taken. Copies on other machines follow by repair. Throws `not-found` when it is
 * not put aside or its bytes are gone, `already-exists`, `peer-unreachable`.
 */
export async function restoreQuarantined(context: TransferContext, quarantine: Quarantine, name: string): Promise<string> {
  const file = quarantine.get(name)
  const version = file && liveVersions(file.record).find((live) => file.held.includes(live.sha256))
  if (!version) throw new AppError('not-found', `${name} is not put aside`, { name })
  const { sha256 } = version
  return context.use.during([sha256], async () => {
    if (!(await context.contents.has(sha256))) throw new AppError('not-found', `The bytes of ${name} are gone`, { name })
    const { known, spelling } = await freePlace(context, file.record.spelling)
    const { sizeBytes, manifestSha256, originalName } = version
    const content = { sha256, sizeBytes, manifestSha256, originalName, deleted: false }
    await withNewVersion(context, { known, spelling, content, old: known?.versions ?? [] }, async (record) => {
      const isKept = await context.intake.keep(async () => {
        await context.records.merge(record)
        await context.records.setHeld(sha256, context.wallClock())
      })
      if (!isKept) throw leaving(context.machineName)
    })
    await quarantine.release(name)
    return spelling
  })
}

/** The spelling itself when nothing lives under it, else the first free one next to it. */
async function freePlace(context: TransferContext, spelling: string) {
  for (let number = 1; number <= namesTried; number++) {
    const candidate = number === 1 ? spelling : numbered(spelling, number)
    const { record } = await readRecord(context, candidate.normalize('NFC'), 'store')
    if (!record || liveVersions(record).length === 0) return { known: record, spelling: candidate }
  }
  throw new AppError('already-exists', `${spelling} has too many numbered neighbours`, { name: spelling })
}
