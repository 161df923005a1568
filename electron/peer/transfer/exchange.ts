/** Questions to one machine over one connection: asked, answered, connection back to the pool; refusals become errors. */

import { AppError, toPlainError, type ErrorCode } from '../../../shared/errors.ts'
import { sha256Hex } from '../disk/sha256.ts'
import type { Connection } from '../net/connection.ts'
import type { Contact } from '../protocol/contact.ts'
import type { Holdings } from '../protocol/holdings.ts'
import { limits } from '../protocol/limits.ts'
import type { FileMessage, Refuse, RefuseReason } from '../protocol/messages.ts'
import { decodeManifest, type Manifest } from '../protocol/manifest.ts'
import { recordOf, type FileRecord } from '../protocol/record.ts'
import type { CatalogueEntry } from '../disk/record-store.ts'
import { between, type AnswerTo, type TransferContext } from './transfer-context.ts'

/** What a machine told of itself at the head of its records. */
export interface MachineCard {
  readonly machineName: string
  readonly usedBytes: number
  /** How long it has been in company of other members, without a break that counts, in ms: see quarantine. */
  readonly togetherMs: number
}

export interface RecordsAnswer {
  readonly card: MachineCard
  readonly revision: number
  readonly more: boolean
  /** Whether it has compared the arc of the name asked for with others. */
  readonly synced: boolean
  readonly entries: readonly CatalogueEntry[]
  /** Names that it has no more. */
  readonly absent: readonly string[]
}

/** The next answer on `connection`, which must be one of `commands`. A refusal is thrown as what it means. */
export async function answer<C extends FileMessage['command']>(
  connection: Connection,
  commands: readonly C[],
  timeoutMs?: number,
): Promise<AnswerTo<C>> {
  const message = await connection.receive(timeoutMs === undefined ? {} : { timeoutMs })
  if (message === null) throw new AppError('peer-unreachable', 'The other machine closed the connection')
  if (message.command === 'refuse') throw refusal(message)
  if (!(commands as readonly string[]).includes(message.command)) {
    throw new AppError('protocol', `The other machine answered /${message.command} where /${commands.join(' or /')} was due`)
  }
  return message as AnswerTo<C>
}

function refusal(message: Refuse): AppError {
  return new AppError(refusalCode(message.reason), message.detail || `The other machine refused: ${message.reason}`)
}

/** Why this machine refuses a copy that it could not keep: the other way round of `refusalCode`. One that leaves is busy: the next one does. */
export function refusalReason(error: unknown): RefuseReason {
  const { code } = toPlainError(error)
  const reasons: Partial<Record<ErrorCode, RefuseReason>> = { corrupt: 'corrupt', 'disk-full': 'no-space', 'not-a-member': 'busy' }
  return reasons[code] ?? 'failed'
}

/** What a refusal means here. */
export function refusalCode(reason: RefuseReason): ErrorCode {
  const codes = {
    exists: 'already-exists',
    'no-space': 'disk-full',
    'not-found': 'not-found',
    corrupt: 'corrupt',
    'not-a-member': 'not-a-member',
    expired: 'invite-expired',
    busy: 'peer-unreachable',
    failed: 'peer-unreachable',
  } as const
  return codes[reason]
}

/** Runs one exchange with `to`; the connection is released after a clean end and destroyed after an error. */
export async function exchangeWith<T>(
  context: TransferContext,
  to: Contact,
  work: { readonly signal?: AbortSignal; readonly run: (connection: Connection) => Promise<T> },
): Promise<T> {
  const connection = await context.open(to, work.signal)
  const abort = (): void => connection.destroy()
  work.signal?.addEventListener('abort', abort, { once: true })
  try {
    const result = await work.run(connection)
    connection.release()
    return result
  } catch (error) {
    connection.destroy()
    if (work.signal?.aborted) throw new AppError('cancelled', 'Cancelled')
    throw error
  } finally {
    work.signal?.removeEventListener('abort', abort)
  }
}

interface RecordAnswer {
  /** What it knows of the name, or null. */
  readonly entry: CatalogueEntry | null
  /** Whether its not knowing it would mean something. */
  readonly synced: boolean
  /** How long it has been in company of others, in ms; 0 also while it is back from a long absence and tells nothing. */
  readonly togetherMs: number
}

/** The answer is noted in the catalogue at once, while it is news: whoever asks several machines may wait for a silent one for long. */
export async function askRecord(context: TransferContext, to: Contact, name: string): Promise<RecordAnswer> {
  const records = await exchangeWith(context, to, {
    run: async (connection) => {
      await connection.send({ command: 'record', name, ...between(context, to.id) })
      return readRecords(connection)
    },
  })
  context.catalogue.hear(to.id, records)
  return { entry: records.entries[0] ?? null, synced: records.synced, togetherMs: records.card.togetherMs }
}

/** A page of what changed in the records of `to` after revision `since`. */
export function askCatalogue(context: TransferContext, to: Contact, since: number): Promise<RecordsAnswer> {
  return exchangeWith(context, to, {
    run: async (connection) => {
      await connection.send({ command: 'catalogue', since, ...between(context, to.id) })
      return readRecords(connection)
    },
  })
}

/** When `to` last checked its copy of a content, or 0 when it has none. */
export function askHave(context: TransferContext, to: Contact, sha256: string): Promise<number> {
  return exchangeWith(context, to, {
    run: async (connection) => {
      await connection.send({ command: 'have', sha256, ...between(context, to.id) })
      return (await answer(connection, ['holds'])).verifiedAt
    },
  })
}

/** The manifest of a content from `to`, checked against the hash that a version's record names. */
export function askManifest(
  context: TransferContext,
  to: Contact,
  wanted: { readonly name: string; readonly sha256: string; readonly manifestSha256: string },
): Promise<Manifest> {
  return exchangeWith(context, to, {
    run: async (connection) => {
      const { name, sha256 } = wanted
      await connection.send({ command: 'request', name, sha256, offsetBytes: 0, lengthBytes: 0, ...between(context, to.id) })
      const deliver = await answer(connection, ['deliver'])
      if (!deliver.manifest || deliver.lengthBytes > limits.manifestBytes) throw new AppError('protocol', 'The answer is not a manifest')
      const bytes = await connection.readBodyBuffer(deliver.lengthBytes)
      if (sha256Hex(bytes) !== wanted.manifestSha256) {
        throw new AppError('corrupt', `The block list of ${name} does not match its record`, { name })
      }
      const manifest = decodeManifest(bytes)
      if ('reason' in manifest) throw new AppError('corrupt', `The block list of ${name} is damaged: ${manifest.reason}`, { name })
      return manifest
    },
  })
}

/** Sends a record without bytes; resolves when it is durable there. */
export async function sendRecord(context: TransferContext, to: Contact, file: { readonly record: FileRecord }): Promise<void> {
  const body = Buffer.from(JSON.stringify(file.record), 'utf8')
  await exchangeWith(context, to, {
    run: async (connection) => {
      await connection.send({ command: 'update', recordBytes: body.length, ...between(context, to.id) })
      await connection.write(body)
      await answer(connection, ['stored'])
    },
  })
  const held = context.catalogue.get(file.record.name)?.machines.get(to.id) ?? []
  context.catalogue.put(to.id, { record: file.record, held })
}

async function readRecords(connection: Connection): Promise<RecordsAnswer> {
  const head = await answer(connection, ['records'])
  if (head.bodyBytes > limits.catalogueBytes) throw new AppError('protocol', 'Too many records in one answer')
  const lines = (await connection.readBodyBuffer(head.bodyBytes)).toString('utf8').split('\n')
  const { revision, more, synced } = head
  return { card: parseCard(lines[0] ?? ''), revision, more, synced, ...parseLines(lines.slice(1), parseEntry) }
}

/** What the lines of an answer say of names: entries, as `read` has them of the object in a line, and those that are not known. Others are passed over. */
export function parseLines<E>(
  lines: readonly string[],
  read: (value: Readonly<Record<string, unknown>>) => E | null,
): { readonly entries: E[]; readonly absent: string[] } {
  const entries: E[] = []
  const absent: string[] = []
  for (const line of lines) {
    const value = line === '' || line.length > entryCharsMax ? null : parseJson(line)
    if (!value) continue
    if (typeof value['absent'] === 'string') absent.push(value['absent'].normalize('NFC'))
    const entry = read(value)
    if (entry) entries.push(entry)
  }
  return { entries, absent }
}

/** The line for a name that is not known. */
export function absentLine(name: string): string {
  return JSON.stringify({ absent: name })
}

function parseCard(line: string): MachineCard {
  const value = parseJson(line)
  const name = value?.['machineName']
  const bytes = (field: unknown): number => (typeof field === 'number' && field >= 0 ? field : 0)
  return {
    machineName: typeof name === 'string' ? name.slice(0, 64) : '',
    usedBytes: bytes(value?.['usedBytes']),
    togetherMs: bytes(value?.['togetherMs']),
  }
}

/** A record and what is held of it, in one line: a hash and a time for each content. */
export const entryCharsMax = limits.recordBytes + 128 * (limits.versions + limits.keptEarlier)

/**
 * An entry out of JSON text of at most `entryCharsMax`, or null when it is not one: a bad record of another machine is passed over.
 */
export function parseEntry(value: Readonly<Record<string, unknown>>): CatalogueEntry | null {
  const record = recordOf(value['record'])
  if ('reason' in record) return null
  return { record, held: readHoldings(value['held']) }
}

function readHoldings(given: unknown): Holdings {
  if (!Array.isArray(given)) return []
  const held = new Map<string, number>()
  for (const pair of given.slice(0, limits.versions + limits.keptEarlier) as unknown[]) {
    const [sha256, verifiedAt] = Array.isArray(pair) ? (pair as unknown[]) : []
    const isHolding = typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256) && typeof verifiedAt === 'number'
    if (isHolding) held.set(sha256, verifiedAt)
  }
  return [...held]
}

/** The object or list in `text`, or null. */
export function parseJson(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

/** The body of a `/records` answer: this machine's card, then an entry a line, or a name that is not known any more. */
export function encodeRecords(card: MachineCard, { entries, absent }: Pick<RecordsAnswer, 'entries' | 'absent'>): Buffer {
  const lines = [card, ...entries].map((value) => JSON.stringify(value))
  return Buffer.from([...lines, ...absent.map(absentLine)].join('\n'), 'utf8')
}
