/**
 * The holder's side of a store: check the record and the manifest, make room, then write each block as it comes and pass it
 * on to the next machine while writing; acknowledge only what is durable here and there.
 */

import { toPlainError } from '../../../shared/errors.ts'
import { releaseBlock, takeBlock } from '../disk/blocks.ts'
import { InFlight } from '../disk/in-flight.ts'
import type { PartialFile } from '../disk/partial-file.ts'
import { sha256Hex } from '../disk/sha256.ts'
import type { Connection } from '../net/connection.ts'
import { limits } from '../protocol/limits.ts'
import { blockLength, decodeManifest, lengthOf, type Manifest } from '../protocol/manifest.ts'
import type { RefuseReason, Store } from '../protocol/messages.ts'
import { decodeRecord, mergeRecords, wantedContents, type FileRecord } from '../protocol/record.ts'
import { distribute, offer } from './distribute.ts'
import { refusalReason } from './exchange.ts'
import { leaving } from './intake.ts'
import { LocalBlocks } from './local-blocks.ts'
import { PassOn } from './pass-on.ts'
import { between, type TransferContext } from './transfer-context.ts'
import { allBlocks, encodeWanted } from './wanted-blocks.ts'

/** Blocks of one store in memory: one arrives, others are hashed, written and passed on. Fewer let busy cores rest. */
const blocksAtOnce = 6

/** Handles one `/store`. Never throws for what the other side did; a broken connection ends it and leaves nothing behind. */
export async function receiveStore(context: TransferContext, connection: Connection, store: Store): Promise<void> {
  if (store.recordBytes > limits.recordBytes || store.manifestBytes > limits.manifestBytes) {
    await refuse(context, connection, { reason: 'failed', detail: 'The record or the block list is too large' })
    connection.destroy()
    return
  }
  const record = decodeRecord((await connection.readBodyBuffer(store.recordBytes)).toString('utf8'))
  const manifestBytes = await connection.readBodyBuffer(store.manifestBytes)
  const manifest = decodeManifest(manifestBytes)
  if ('reason' in record) return refuse(context, connection, { reason: 'failed', detail: record.reason })
  if ('reason' in manifest) return refuse(context, connection, { reason: 'failed', detail: manifest.reason })
  const manifestSha256 = sha256Hex(manifestBytes)
  if (!wantedContents(record).some((wanted) => wanted.sha256 === manifest.sha256 && wanted.manifestSha256 === manifestSha256)) {
    return refuse(context, connection, { reason: 'corrupt', detail: 'The block list belongs to no version of the record' })
  }
  if (!context.records.wants(record, manifest.sha256)) {
    return refuse(context, connection, { reason: 'exists', detail: `${record.spelling} has changed since, more than once` })
  }
  await context.use.during([manifest.sha256], async () => {
    if (!context.intake.isOpen) return refuseCopy(context, connection, leaving(context.machineName))
    if (await context.contents.holds(manifest)) return keepAndPassOn(context, connection, { store, record, manifest })
    return receiveBytes(context, connection, { store, record, manifest })
  })
}

interface Incoming {
  readonly store: Store
  readonly record: FileRecord
  readonly manifest: Manifest
}

/** The bytes are here already: only the record is new, and the others get the bytes from here. */
async function keepAndPassOn(context: TransferContext, connection: Connection, incoming: Incoming): Promise<void> {
  const { store, record, manifest } = incoming
  if (!(await context.intake.keep(() => keepRecord(context, record, manifest)))) {
    return refuseCopy(context, connection, leaving(context.machineName))
  }
  const { holders } = await distribute(
    context,
    { record, manifest, read: (blocks) => context.contents.readBlocks(manifest, blocks) },
    { candidates: store.next, copies: store.copies - 1 },
  )
  await connection.send({ command: 'stored', holders: [context.self.id, ...holders], failed: [], ...between(context, store.source) })
}

async function receiveBytes(context: TransferContext, connection: Connection, incoming: Incoming): Promise<void> {
  const { store, record, manifest } = incoming
  let partial: PartialFile
  try {
    partial = await context.contents.create(manifest)
  } catch (error) {
    return refuseCopy(context, connection, error)
  }
  const passOn = await PassOn.start(context, {
    copies: store.copies - 1,
    next: store.next,
    offer: (to) => offer(context, incoming, to),
    end: 'stored',
  })
  let failure: RefuseReason | null
  try {
    failure = await takeBlocks(context, connection, { ...incoming, partial, passOn })
    if (failure === null) failure = await keep(context, incoming, partial)
  } catch (error) {
    // what arrived is kept for the writer's next try when only the connection broke
    await (toPlainError(error).code === 'peer-unreachable' ? partial.suspend() : partial.abort())
    passOn.destroy()
    throw error
  }
  const behind = await passOn.finish()
  const heldHere = failure === null
  const holders = heldHere ? [context.self.id, ...behind] : behind
  if (holders.length === 0) {
    return refuse(context, connection, {
      reason: failure ?? 'failed',
      detail: `${context.machineName} could not keep ${record.spelling}, or its bytes were damaged on the way`,
    })
  }
  const failed = [...(heldHere ? [] : [context.self.id]), ...passOn.failed]
  if (heldHere) context.emit({ kind: 'copy-kept', name: record.spelling, peer: store.source })
  await connection.send({ command: 'stored', holders, failed, ...between(context, store.source) })
}

interface Taking extends Incoming {
  readonly partial: PartialFile
  readonly passOn: PassOn
}

/**
 * Asks for the blocks that are not on this machine, from an earlier try or in another version, and takes all of them, each on its way to
 * the disk and to the next machine at once. Null, or why this machine's own copy was given up: that must not keep the bytes from those behind.
 */
async function takeBlocks(context: TransferContext, connection: Connection, taking: Taking): Promise<RefuseReason | null> {
  const { record, manifest, partial, passOn, store } = taking
  const missing = new Set(partial.missingBlocks())
  const local = await LocalBlocks.find(context.contents, manifest, { missing, others: await otherContents(context, record) })
  const wanted = [...missing].filter((index) => !local.has(index))
  const bits = encodeWanted(manifest, wanted)
  await connection.send({ command: 'continue', bodyBytes: bits.length, ...between(context, store.source) })
  await connection.write(bits)
  let failure: RefuseReason | null = null
  const keep = async (index: number, block: Buffer): Promise<void> => {
    if (failure !== null || !missing.has(index)) return
    try {
      await partial.writeBlock(index, block)
    } catch (error) {
      failure ??= refusalReason(error)
      const source = failure === 'corrupt' ? local.sourceOf(index) : null
      if (source !== null) context.repair.lookAgain(source)
      await partial.abort()
    }
  }
  let coming = 0
  const nextBuffer = (): Buffer => takeBlock(blockLength(manifest, wanted[coming++] ?? 0))
  const arriving = connection.readBlocks(lengthOf(manifest, wanted), nextBuffer)
  const next = async (): Promise<Buffer> => (await arriving.next()).value as Buffer
  const writing = new InFlight(blocksAtOnce)
  try {
    for (const index of allBlocks(manifest)) {
      if (!missing.has(index) && !passOn.wants(index)) continue
      const block = await (missing.has(index) ? (local.has(index) ? local.read(index) : next()) : partial.readBlock(index))
      const done = Promise.all([keep(index, block), passOn.write(index, block)])
      await writing.add(done.then(() => releaseBlock(block)))
    }
    await writing.end()
  } finally {
    await writing.settled()
    // closes the connection when the body was not read to its end
    await arriving.return()
    await local.close()
  }
  return failure
}

/** Contents of the same name that are held here. */
async function otherContents(context: TransferContext, record: FileRecord): Promise<readonly string[]> {
  const known = await context.records.get(record.name)
  const wanted = known ? wantedContents(mergeRecords(known.record, record)) : []
  return wanted.map(({ sha256 }) => sha256).filter((sha256) => context.records.heldAt(sha256) !== null)
}

/** Null when the copy is durable and counts, else why not: a machine that began to leave meanwhile is there for those behind it only. */
async function keep(context: TransferContext, { record, manifest }: Incoming, partial: PartialFile): Promise<RefuseReason | null> {
  const isKept = await context.intake.keep(async () => {
    await partial.commit()
    await keepRecord(context, record, manifest)
  })
  if (isKept) return null
  await partial.abort()
  return 'busy'
}

/** Record and holding become durable after the bytes are. */
async function keepRecord(context: TransferContext, record: FileRecord, manifest: Manifest): Promise<void> {
  await context.records.merge(record)
  await context.records.setHeld(manifest.sha256, context.wallClock())
}

/** Refuses what there is no place for here. */
export function refuseCopy(context: TransferContext, connection: Connection, error: unknown): Promise<void> {
  return refuse(context, connection, {
    reason: refusalReason(error),
    detail: `${context.machineName}: ${toPlainError(error).message}`,
  })
}

export function refuse(
  context: TransferContext,
  connection: Connection,
  why: { readonly reason: RefuseReason; readonly detail: string },
): Promise<void> {
  const to = connection.peerId ?? context.self.id
  return connection.send({
    command: 'refuse',
    reason: why.reason,
    detail: why.detail.slice(0, limits.detailLength),
    ...between(context, to),
  })
}
