/** The machine's answers about many names, and with many small contents. */

import { AppError } from '../../../shared/errors.ts'
import type { CatalogueEntry } from '../disk/record-store.ts'
import type { Connection } from '../net/connection.ts'
import { limits } from '../protocol/limits.ts'
import type { Fetch, Names } from '../protocol/messages.ts'
import { absentLine } from './exchange.ts'
import { between, type TransferContext } from './transfer-context.ts'

/** Records in one `/known` answer, in bytes, under the receiver's bound. */
const knownPageBytes = limits.catalogueBytes / 4

/** `/names` -> `/known`: the first names whose records fit, at least one. */
export async function tellKnown(context: TransferContext, connection: Connection, message: Names): Promise<void> {
  const names = readNames((await connection.readBodyBuffer(message.bodyBytes)).toString('utf8'))
  const isApart = context.repair.isApart()
  const { revision } = context.records
  const synced = !isApart && names.every((name) => context.repair.isSynced(context.keyOf(name)))
  // its numbers may have begun anew since it was read; and who has not compared what it knows yet says all of it
  const told = synced && message.since <= revision ? message.told : 0
  const lines: string[] = []
  let bytes = 0
  let count = 0
  for (const [index, name] of names.entries()) {
    const line =
      isApart || (index < told && isUnchanged(context, name, message.since)) ? '' : await lineOf(context, name, index < message.told)
    const length = Buffer.byteLength(line)
    if (count > 0 && bytes + length > knownPageBytes) break
    count++
    bytes += length
    if (line !== '') lines.push(line)
  }
  const body = Buffer.from(lines.join('\n'), 'utf8')
  await connection.send({ command: 'known', count, revision, synced, bodyBytes: body.length, ...between(context, message.source) })
  await connection.write(body)
}

function isUnchanged({ records }: TransferContext, name: string, since: number): boolean {
  const revision = records.revisionOf(name)
  return revision !== null && revision <= since
}

/** Of a name that is not known: that it is not, to who was told that it is. */
async function lineOf({ records }: TransferContext, name: string, wasTold: boolean): Promise<string> {
  const entry: CatalogueEntry | null = await records.get(name)
  if (entry) return JSON.stringify(entry)
  return wasTold ? absentLine(name) : ''
}

function readNames(body: string): string[] {
  const lines = body.split('\n')
  if (lines.length > limits.packFiles) throw new AppError('protocol', 'Too many names in one question')
  return lines.map((line) => {
    const name = parseText(line)
    if (name === null || name === '' || Buffer.byteLength(name) > limits.nameBytes) throw new AppError('protocol', 'A name is none')
    return name
  })
}

function parseText(json: string): string | null {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'string' ? value : null
  } catch {
    return null
  }
}

/** `/fetch` -> `/fetched`: the first contents that fit, at least one; a damaged one goes as it is, the receiver checks. */
export async function sendContents(context: TransferContext, connection: Connection, message: Fetch): Promise<void> {
  const fitting: string[] = []
  let bytes = 0
  for (const sha256 of message.contents) {
    const sizeBytes = context.contents.sizeOf(sha256)
    if (sizeBytes <= limits.packedFileBytes) bytes += sizeBytes
    if (fitting.length > 0 && bytes > limits.packContentBytes) break
    fitting.push(sha256)
  }
  const contents = await smallContents(context, fitting)
  const sizes = contents.map((content) => content?.length ?? 'none')
  const body = Buffer.concat(contents.filter((content) => content !== null))
  await connection.send({ command: 'fetched', sizes, bodyBytes: body.length, ...between(context, message.source) })
  await connection.write(body)
}

/** The bytes of small contents here; null for what is none, or not here. */
export async function smallContents(context: TransferContext, contents: readonly string[]): Promise<(Uint8Array | null)[]> {
  const bytes = await context.contents.readSmall(contents)
  for (const [index, sha256] of contents.entries()) bytes[index] ??= await contentOfFile(context, sha256)
  return bytes
}

/** A small content that has a file of its own, as large ones do. */
async function contentOfFile(context: TransferContext, sha256: string): Promise<Buffer | null> {
  const { contents } = context
  if (!(await contents.has(sha256)) || contents.sizeOf(sha256) > limits.packedFileBytes) return null
  const chunks: Buffer[] = []
  try {
    for await (const chunk of contents.read(sha256, 0, contents.sizeOf(sha256))) chunks.push(chunk)
  } catch (error) {
    // what cannot be read, or went meanwhile, is not here
    if (error instanceof AppError && error.code !== 'internal') return null
    throw error
  }
  return chunks.length === 1 ? (chunks[0] ?? null) : Buffer.concat(chunks)
}
