/** Keeping many small versions on this machine: bytes, records and the notes that they are held in one synced batch. */

import { AppError, toPlainError } from '../../../shared/errors.ts'
import type { KeptFiles } from '../disk/record-store.ts'
import type { Placement } from '../disk/small-contents.ts'
import { leaving } from './intake.ts'
import type { PackFile } from './pack-body.ts'
import type { TransferContext } from './transfer-context.ts'

export const nothingKept: KeptFiles = { outcomes: [], revisions: null }

/** As `RecordStore.keepAll`, of files whose bytes may not be here yet; nothing is rejected but a defect. The caller has the contents in use. */
export async function keepPack(context: TransferContext, files: readonly PackFile[]): Promise<KeptFiles> {
  const contents = new Map(files.map((file) => [file.manifest.sha256, file]))
  const bytes = await bringBytes(context, [...contents.values()])
  const failures = files.map(({ manifest }) => asFailure(bytes.get(manifest.sha256)))
  const kept = files.filter((_, index) => failures[index] === null)
  const { outcomes, revisions } = await keepRecords(context, kept, bytes)
  let next = 0
  return { outcomes: failures.map((failure) => failure ?? outcomes[next++] ?? null), revisions }
}

/** What is to be done for a content: rows to be written, nothing since it is here, or it cannot be. */
type Bytes = Placement | null | AppError

async function bringBytes(context: TransferContext, files: readonly PackFile[]): Promise<Map<string, Bytes>> {
  const { contents } = context
  const bytes = new Map<string, Bytes>()
  const lacking: PackFile[] = []
  for (const file of files) {
    if (await contents.holds(file.manifest)) bytes.set(file.manifest.sha256, null)
    else if (contents.fitsSmall(file.manifest)) lacking.push(file)
    else bytes.set(file.manifest.sha256, await keepFile(context, file))
  }
  const placements = await contents.placeSmall(lacking)
  for (const [index, { manifest }] of lacking.entries()) {
    bytes.set(manifest.sha256, placements[index] ?? noRoom(context, manifest.sizeBytes))
  }
  return bytes
}

function noRoom(context: TransferContext, sizeBytes: number): AppError {
  return new AppError('disk-full', `${context.machineName} has no room for ${sizeBytes} bytes`)
}

/** Where this machine keeps such a content in a file. */
async function keepFile(context: TransferContext, { manifest, bytes }: PackFile): Promise<AppError | null> {
  try {
    const partial = await context.contents.create(manifest)
    try {
      if (bytes.length > 0) await partial.writeBlock(0, bytes)
      await partial.commit()
    } catch (error) {
      await partial.abort()
      throw error
    }
    return null
  } catch (error) {
    return asAppError(error)
  }
}

async function keepRecords(context: TransferContext, files: readonly PackFile[], bytes: ReadonlyMap<string, Bytes>): Promise<KeptFiles> {
  const kept = files.map(({ record, manifest: { sha256 } }) => {
    const found = bytes.get(sha256)
    return { record, sha256, bytes: found instanceof AppError ? null : (found ?? null) }
  })
  const none = (failure: AppError): KeptFiles => ({ outcomes: files.map(() => failure), revisions: null })
  // unless the machine leaves
  let result = none(leaving(context.machineName))
  try {
    await context.intake.keep(async () => {
      result = await context.records.keepAll(kept, context.wallClock())
    })
    return result
  } catch (error) {
    return none(asAppError(error))
  }
}

function asFailure(bytes: Bytes | undefined): AppError | null {
  return bytes instanceof AppError ? bytes : null
}

/** A full or failing disk is an answer; a defect is not. */
function asAppError(error: unknown): AppError {
  if (error instanceof AppError && error.code !== 'internal') return error
  throw error instanceof Error ? error : new AppError('internal', toPlainError(error).message)
}
