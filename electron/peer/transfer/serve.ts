/** The machine's answers to file commands of others: one function a command. */

import { releaseBlock } from '../disk/blocks.ts'
import type { CatalogueEntry } from '../disk/record-store.ts'
import type { Connection } from '../net/connection.ts'
import type { Enroll, FileMessage, Request, Update } from '../protocol/messages.ts'
import { encodeManifest } from '../protocol/manifest.ts'
import { decodeRecord, type FileRecord } from '../protocol/record.ts'
import { limits } from '../protocol/limits.ts'
import { AppError, toPlainError } from '../../../shared/errors.ts'
import { encodeRecords, type MachineCard } from './exchange.ts'
import { leaving } from './intake.ts'
import { receivePack } from './receive-pack.ts'
import { sendContents, tellKnown } from './serve-pack.ts'
import { receiveStage } from './receive-stage.ts'
import { receiveStore, refuse, refuseCopy } from './receive-store.ts'
import { between, type TransferContext } from './transfer-context.ts'

/** Records in one `/records` answer, in bytes, under the receiver's bound. */
const recordsPageBytes = limits.catalogueBytes / 4

export type EnrollHandler = (connection: Connection, enroll: Enroll) => Promise<void>

/** Runs the exchange that `message` opens on `connection`. Throws only when the connection is of no use any more. */
export async function serve(
  context: TransferContext,
  exchange: { readonly connection: Connection; readonly message: FileMessage },
  enroll: EnrollHandler,
): Promise<void> {
  const { connection, message } = exchange
  if (message.command !== 'enroll') context.repair.asked()
  switch (message.command) {
    case 'enroll':
      return enroll(connection, message)
    case 'store':
      return receiveStore(context, connection, message)
    case 'stage':
      return receiveStage(context, connection, message)
    case 'request':
      return deliver(context, connection, message)
    case 'record':
      return sendRecords(context, connection, await recordOf(context, message.name))
    case 'catalogue': {
      const page = context.repair.isApart() ? nothing : await context.records.changedSince(message.since, recordsPageBytes)
      return sendRecords(context, connection, { ...page, synced: false })
    }
    case 'have': {
      const verifiedAt = await heldSince(context, message.sha256)
      return connection.send({ command: 'holds', sha256: message.sha256, verifiedAt, ...between(context, message.source) })
    }
    case 'names':
      return tellKnown(context, connection, message)
    case 'pack':
      return receivePack(context, connection, message)
    case 'fetch':
      return sendContents(context, connection, message)
    case 'update':
      return update(context, connection, message)
    case 'digest':
    case 'buckets':
    case 'entries':
    case 'damaged':
    case 'changed':
      return context.repair.answer(connection, message)
    case 'continue':
    case 'stored':
    case 'refuse':
    case 'deliver':
    case 'records':
    case 'known':
    case 'packed':
    case 'fetched':
    case 'holds':
    case 'noted':
    case 'same':
    case 'differs':
    case 'hashes':
    case 'compared':
    case 'enrolled':
      throw new AppError('protocol', `/${message.command} answers nothing that was asked`)
  }
}

/** What a machine says that knows nothing for the ring yet. */
const nothing = { entries: [], absent: [], revision: 0, more: false } as const

async function recordOf(context: TransferContext, name: string): Promise<RecordsPage> {
  if (context.repair.isApart()) return { ...nothing, synced: false }
  const { revision } = context.records
  const entry = await context.records.get(name)
  return { entries: entry ? [entry] : [], absent: [], revision, more: false, synced: context.repair.isSynced(context.keyOf(name)) }
}

/** Records of another machine, merged into what is known here. None is taken when one is bad. */
async function update(context: TransferContext, connection: Connection, message: Update): Promise<void> {
  if (message.recordBytes > limits.recordBytes) throw new AppError('protocol', 'record too large')
  const lines = (await connection.readBodyBuffer(message.recordBytes)).toString('utf8').split('\n')
  const records: FileRecord[] = []
  for (const line of lines) {
    const record = decodeRecord(line)
    if ('reason' in record) return refuse(context, connection, { reason: 'failed', detail: record.reason })
    records.push(record)
  }
  const isKept = await context.intake.keep(() => Promise.all(records.map((record) => context.records.merge(record))))
  if (!isKept) return refuseCopy(context, connection, leaving(context.machineName))
  return connection.send({ command: 'stored', holders: [context.self.id], failed: [], ...between(context, message.source) })
}

/** Not on a machine that leaves: whoever asks may let go of a copy because of the answer. */
async function heldSince(context: TransferContext, sha256: string): Promise<number> {
  const verifiedAt = context.repair.isApart() || !context.intake.isOpen ? null : context.records.heldAt(sha256)
  return verifiedAt !== null && (await context.contents.has(sha256)) ? verifiedAt : 0
}

interface RecordsPage {
  readonly entries: readonly CatalogueEntry[]
  readonly absent: readonly string[]
  readonly revision: number
  readonly more: boolean
  readonly synced: boolean
}

async function sendRecords(context: TransferContext, connection: Connection, page: RecordsPage): Promise<void> {
  const { machineName, contents, repair } = context
  const card: MachineCard = { machineName, usedBytes: contents.usedBytes(), togetherMs: repair.togetherMs() }
  const body = encodeRecords(card, page)
  const { revision, more, synced } = page
  const to = connection.peerId ?? context.self.id
  await connection.send({ command: 'records', revision, more, synced, bodyBytes: body.length, ...between(context, to) })
  await connection.write(body)
}

/** `/request` -> `/deliver` with the manifest (length 0) or a stretch of the content. */
async function deliver(context: TransferContext, connection: Connection, request: Request): Promise<void> {
  const { name, sha256, offsetBytes, lengthBytes, source } = request
  const manifest = await context.contents.manifest(sha256).catch((error: unknown) => {
    if (toPlainError(error).code === 'corrupt') context.repair.lookAgain(sha256)
    throw error
  })
  if (!manifest) {
    return refuse(context, connection, { reason: 'not-found', detail: `${name} is not on ${context.machineName}` })
  }
  const head = { command: 'deliver', sha256, offsetBytes, ...between(context, source) } as const
  if (lengthBytes === 0) {
    context.emit({ kind: 'serving', name, peer: source, bytes: 0 })
    const bytes = encodeManifest(manifest)
    await connection.send({ ...head, lengthBytes: bytes.length, manifest: true })
    await connection.write(bytes)
    if (manifest.sizeBytes === 0) context.emit({ kind: 'served', name, peer: source, bytes: 0 })
    return
  }
  if (offsetBytes + lengthBytes > manifest.sizeBytes) {
    return refuse(context, connection, { reason: 'failed', detail: `${name} is not that long` })
  }
  await connection.send({ ...head, lengthBytes, manifest: false })
  await sendContent(context, connection, request)
  if (offsetBytes + lengthBytes === manifest.sizeBytes) context.emit({ kind: 'served', name, peer: source, bytes: manifest.sizeBytes })
}

/** After the head is sent, a damaged copy can only break the connection off; it is reported and checked here. */
async function sendContent(context: TransferContext, connection: Connection, request: Request): Promise<void> {
  try {
    for await (const chunk of context.contents.read(request.sha256, request.offsetBytes, request.lengthBytes)) {
      await connection.write(chunk)
      releaseBlock(chunk)
    }
  } catch (error) {
    connection.destroy()
    if (toPlainError(error).code === 'corrupt') context.emit({ kind: 'copy-damaged', name: request.name })
    throw error
  }
}
