/** Questions about arcs, and the bodies of their answers: what two machines say to each other when they compare what they know and hold. */

import { AppError } from '../../../shared/errors.ts'
import type { CatalogueEntry } from '../disk/record-store.ts'
import type { Connection } from '../net/connection.ts'
import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { limits } from '../protocol/limits.ts'
import type { Entries } from '../protocol/messages.ts'
import type { FileRecord } from '../protocol/record.ts'
import { absentLine, answer, exchangeWith, parseEntry, parseJson, parseLines } from './exchange.ts'
import { between, type TransferContext } from './transfer-context.ts'

/** The keys in (from, to], clockwise. */
export interface AskedArc {
  readonly from: Identifier
  readonly to: Identifier
}

/** An entry of an arc: a name, and 16 hexadecimal digits over all that is known and held of it. */
export interface NameDigest {
  readonly name: string
  readonly digest: string
}

/** What differs in an arc, from its beginning to `upTo`. */
export interface ComparedAnswer {
  readonly upTo: Identifier
  /** What the other machine has otherwise, or alone. */
  readonly entries: readonly TimedEntry[]
  /** Names that it has not. */
  readonly absent: readonly string[]
}

/** An entry, and how long ago its machine learnt that the name has no live version, in ms; 0 when it has one. */
export type TimedEntry = CatalogueEntry & { readonly removedForMs: number }

/** Records in one `/update`, in bytes. */
const updateBytes = limits.recordBytes / 2

/** Whether `to` has the same in this machine's own arc, by its own view of where that begins. */
export function askDigest(context: TransferContext, to: Contact, hash: string): Promise<boolean> {
  return exchangeWith(context, to, {
    run: async (connection) => {
      await connection.send({ command: 'digest', hash, ...between(context, to.id) })
      return (await answer(connection, ['same', 'differs'])).command === 'same'
    },
  })
}

/** The hashes of the 256 buckets of an arc at `to`, and whether it has compared that arc itself. */
export function askBuckets(context: TransferContext, to: Contact, arc: AskedArc): Promise<{ synced: boolean; body: Buffer | null }> {
  return exchangeWith(context, to, {
    run: async (connection) => {
      await connection.send({ command: 'buckets', from: arc.from, to: arc.to, ...between(context, to.id) })
      const { synced, bodyBytes } = await answer(connection, ['hashes'])
      if (bodyBytes === 0) return { synced: false, body: null }
      if (bodyBytes !== limits.hashesBytes) throw new AppError('protocol', 'Not as many buckets as there are')
      return { synced, body: await connection.readBodyBuffer(bodyBytes) }
    },
  })
}

/** What differs between `mine`, all that this machine has in `arc`, and what `to` has there. Noted in the catalogue at once. */
export function askEntries(
  context: TransferContext,
  to: Contact,
  question: { readonly arc: AskedArc; readonly mine: readonly NameDigest[] },
): Promise<ComparedAnswer> {
  const body = Buffer.from(question.mine.map(({ name, digest }) => JSON.stringify([name, digest])).join('\n'), 'utf8')
  return exchangeWith(context, to, {
    run: async (connection) => {
      const { from, to: end } = question.arc
      await connection.send({ command: 'entries', from, to: end, bodyBytes: body.length, ...between(context, to.id) })
      await connection.write(body)
      const { upTo, revision, bodyBytes } = await answer(connection, ['compared'])
      const lines = (await connection.readBodyBuffer(bodyBytes)).toString('utf8').split('\n')
      const compared = parseLines(lines, parseTimedEntry)
      context.catalogue.hear(to.id, { revision, ...compared })
      return { upTo, ...compared }
    },
  })
}

/** The entries in the body of an `/entries` question; what is none is passed over. */
export async function readEntries(connection: Connection, message: Entries): Promise<NameDigest[]> {
  const lines = (await connection.readBodyBuffer(message.bodyBytes)).toString('utf8').split('\n')
  return lines.flatMap((line) => {
    const value = parseJson(line)
    const [name, digest] = Array.isArray(value) ? (value as unknown[]) : []
    const isEntry =
      typeof name === 'string' && name.length <= limits.nameBytes && typeof digest === 'string' && /^[0-9a-f]{16}$/.test(digest)
    return isEntry ? [{ name, digest }] : []
  })
}

/** The body of a `/compared` answer. */
export function encodeCompared(entries: readonly TimedEntry[], absent: readonly string[]): Buffer {
  return Buffer.from([...entries.map((entry) => JSON.stringify(entry)), ...absent.map(absentLine)].join('\n'), 'utf8')
}

function parseTimedEntry(value: Readonly<Record<string, unknown>>): TimedEntry | null {
  const entry = parseEntry(value)
  const ms = value['removedForMs']
  return entry && { ...entry, removedForMs: typeof ms === 'number' && ms >= 0 ? ms : 0 }
}

/** Sends records without bytes, as many at a time as fit; resolves when all are durable there. */
export async function sendRecords(context: TransferContext, to: Contact, records: readonly FileRecord[]): Promise<void> {
  let batch: string[] = []
  let bytes = 0
  const flush = async (): Promise<void> => {
    const body = Buffer.from(batch.join('\n'), 'utf8')
    batch = []
    bytes = 0
    if (body.length > 0) await sendUpdate(context, to, body)
  }
  for (const record of records) {
    const line = JSON.stringify(record)
    const length = Buffer.byteLength(line) + 1
    if (bytes + length > updateBytes) await flush()
    batch.push(line)
    bytes += length
  }
  await flush()
}

async function sendUpdate(context: TransferContext, to: Contact, body: Buffer): Promise<void> {
  await exchangeWith(context, to, {
    run: async (connection) => {
      await connection.send({ command: 'update', recordBytes: body.length, ...between(context, to.id) })
      await connection.write(body)
      await answer(connection, ['stored'])
    },
  })
}

/** Whoever gave bad bytes of a content looks at its copy again, this machine too; that takes its time, and nobody waits for it. */
export function reportDamaged(context: TransferContext, holder: Contact, sha256: string): void {
  if (holder.id === context.self.id) context.repair.lookAgain(sha256)
  else void tellDamaged(context, holder, sha256).catch(() => undefined)
}

/** `to` gave bytes of a content that do not match their hash. Resolves when it has looked at its copy. */
export async function tellDamaged(context: TransferContext, to: Contact, sha256: string): Promise<void> {
  await exchangeWith(context, to, {
    run: async (connection) => {
      await connection.send({ command: 'damaged', sha256, ...between(context, to.id) })
      // reading a large copy again takes its time
      await answer(connection, ['holds'], recheckTimeoutMs)
    },
  })
}

const recheckTimeoutMs = 300_000

/** This machine's records have this revision now. */
export async function tellChanged(context: TransferContext, to: Contact, revision: number): Promise<void> {
  await exchangeWith(context, to, {
    run: async (connection) => {
      await connection.send({ command: 'changed', revision, ...between(context, to.id) })
      await answer(connection, ['noted'])
    },
  })
}
