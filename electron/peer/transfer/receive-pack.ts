/**
 * The holder's side of a pack: each record and each content is checked for itself, as those of a single store are; what is good is passed on
 * while it is written here, in one synced batch; one answer tells what became of each.
 */

import { AppError } from '../../../shared/errors.ts'
import { releaseBlock, takeBlock } from '../disk/blocks.ts'
import type { Connection } from '../net/connection.ts'
import type { Pack, RefuseReason } from '../protocol/messages.ts'
import { decodeRecord, wantedContents } from '../protocol/record.ts'
import { manifestHash } from './build-manifest.ts'
import { distributePack, noShare, packedOf, type PackShare } from './distribute-pack.ts'
import { refusalReason } from './exchange.ts'
import { leaving } from './intake.ts'
import { keepPack } from './keep-pack.ts'
import { oneBlockManifest, readPackBody, type PackedFile, type PackFile } from './pack-body.ts'
import { refuseCopy } from './receive-store.ts'
import { between, type TransferContext } from './transfer-context.ts'

/** Handles one `/pack`. Never throws for what the other side did but for a body that cannot be read, which ends the connection. */
export async function receivePack(context: TransferContext, connection: Connection, pack: Pack): Promise<void> {
  const body = await connection.readBodyBuffer(pack.bodyBytes, takeBlock(pack.bodyBytes))
  const files = readPackBody(body, pack.files)
  if (!files) throw new AppError('protocol', 'The other machine sent a pack that cannot be read')
  if (!context.intake.isOpen) return refuseCopy(context, connection, leaving(context.machineName))
  const judged = files.map((file) => judge(context, file, pack.blockBytes))
  const contents = judged.flatMap((file) => (typeof file === 'string' ? [] : [file.manifest.sha256]))
  // the answer says that they are here, and may wait for long for those behind
  await context.use.during(contents, () => keepAndAnswer(context, connection, { pack, judged }))
  // all is written and passed on, or refused: nobody looks at the bytes any more. Where that failed, somebody may
  releaseBlock(body)
}

async function keepAndAnswer(
  context: TransferContext,
  connection: Connection,
  { pack, judged }: { readonly pack: Pack; readonly judged: readonly (PackFile | RefuseReason)[] },
): Promise<void> {
  const good = judged.filter((file) => typeof file !== 'string')
  const [{ outcomes, revisions }, behind] = await Promise.all([
    keepPack(context, good),
    pack.copies > 1 ? distributePack(context, good, { candidates: pack.next, copies: pack.copies - 1 }) : [],
  ])
  const own: (RefuseReason | null)[] = []
  const shares: PackShare[] = []
  let next = 0
  for (const file of judged) {
    const failure = typeof file === 'string' ? null : outcomes[next]
    own.push(typeof file === 'string' ? file : failure ? refusalReason(failure) : null)
    shares.push(typeof file === 'string' ? noShare : (behind[next] ?? noShare))
    if (typeof file !== 'string') next++
    if (typeof file !== 'string' && !failure) context.emit({ kind: 'copy-kept', name: file.record.spelling, peer: pack.source })
  }
  const { first, last } = revisions ?? { first: 0, last: 0 }
  await connection.send({
    command: 'packed',
    ...packedOf(context.self.id, own, shares),
    failed: [],
    first,
    last,
    ...between(context, pack.source),
  })
  if (revisions) context.repair.told(pack.source, revisions)
}

/** The file, or why it is refused. */
function judge(context: TransferContext, file: PackedFile, blockBytes: number): PackFile | RefuseReason {
  const record = decodeRecord(file.record)
  if ('reason' in record || file.bytes.length > blockBytes) return 'failed'
  const manifest = oneBlockManifest(file.bytes, blockBytes)
  const version = wantedContents(record).find((wanted) => wanted.sha256 === manifest.sha256)
  // damaged on the way, or of no version of this record
  if (version?.manifestSha256 !== manifestHash(manifest)) return 'corrupt'
  return context.records.wants(record, manifest.sha256) ? { record, manifest, bytes: file.bytes } : 'exists'
}
