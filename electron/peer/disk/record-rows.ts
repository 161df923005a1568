/**
 * How the record store's rows are written, and what is read of them at a start.
 *
 * Keys: `r!<name>` the row (revision, removed since, newline, record in JSON) · `c!<revision>` its name, for "changed since" (without a
 * row: put aside) · `v!` a revision that was given and has no `c!` any more · `s!<sha256>!<name>` names by content · `h!<sha256>` Unix ms
 * of the last check of a content held here · `n!<name>` and `b!` see own-counters · `f!<name>` see forgotten-names.
 */

import { parseRecord, wantedContents, type FileRecord } from '../protocol/record.ts'
import { expired } from './forgotten-names.ts'
import type { KeyValueStore } from './key-value.ts'
import { NumberByHash } from './number-by-hash.ts'

export interface Row {
  readonly revision: number
  /** Null: being forgotten, with what stays of it. */
  readonly record: FileRecord | null
  readonly forgotten?: FileRecord
  /** Unix ms since when the record has no live version here, or null. */
  readonly removedSince: number | null
}

export type KnownRow = Row & { readonly record: FileRecord }

/** Digits of a revision in its key: Number.MAX_SAFE_INTEGER in hexadecimal has 14. */
const revisionDigits = 14

export interface Found {
  readonly revision: number
  readonly held: NumberByHash
  readonly counterBase: number
}

/** Puts a database in order at a start. `now`: Unix time in ms. */
export async function beginRows(store: KeyValueStore, now: number): Promise<Found> {
  const operations = await expired(store, now)
  if (store.getSync('b!') === undefined) operations.push({ type: 'put', key: 'b!', value: String(Math.floor(now / 1_000)) })
  if (operations.length > 0) await store.batch(operations)
  return loadFound(store)
}

/** What is kept in memory: the last revision and what is held. */
async function loadFound(store: KeyValueStore): Promise<Found> {
  let revision = safeNumber(store.getSync('v!')) ?? 0
  for await (const key of store.keys({ gt: 'c!', lt: 'c"', reverse: true, limit: 1 })) {
    revision = Math.max(revision, Number.parseInt(key.slice(2), 16))
  }
  const held = new NumberByHash()
  for await (const [key, value] of store.entries({ gt: 'h!', lt: 'h"' })) {
    const verifiedAt = safeNumber(value)
    if (verifiedAt !== null) held.set(key.slice(2), verifiedAt)
  }
  return { revision, held, counterBase: safeNumber(store.getSync('b!')) ?? 0 }
}

/** Contents that this name wants kept: those in the trash and the earlier ones too. */
export function contentsOf(record: FileRecord): string[] {
  return wantedContents(record).map((wanted) => wanted.sha256)
}

export function isKnown(row: Row): row is KnownRow {
  return row.record !== null
}

export function revisionKey(revision: number): string {
  return Math.max(0, revision).toString(16).padStart(revisionDigits, '0')
}

export function encodeRow({ revision, removedSince, record }: KnownRow): string {
  return `${revision} ${removedSince ?? '-'}\n${JSON.stringify(record)}`
}

/** The revision of a row, or null where it is damaged. */
export function revisionIn(text: string): number | null {
  return safeNumber(text.slice(0, Math.max(0, text.indexOf(' '))))
}

/** A damaged row reads as none: the others know the record, and a merge writes it again. */
export function decodeRow(text: string): KnownRow | null {
  const end = text.indexOf('\n')
  const [first, second] = text.slice(0, Math.max(0, end)).split(' ')
  const revision = safeNumber(first)
  const record = parseRecord(text.slice(end + 1))
  return revision === null || 'reason' in record ? null : { revision, record, removedSince: safeNumber(second) }
}

function safeNumber(text: string | undefined): number | null {
  const value = text === undefined || text === '' ? NaN : Number(text)
  return Number.isSafeInteger(value) ? value : null
}
