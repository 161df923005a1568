/**
 * What this machine knows of the ring's files, in a database of sorted keys (LevelDB). Rows are read and merged at once, synchronously, in memory order;
 * writing is a synced batch of whatever came while the last batch was under way (group commit). Nothing is told before it is durable.
 *
 * Keys: `r!<name>` the row (revision, newline, record in JSON) · `c!<revision>` its name, for "changed since" ·
 * `s!<sha256>!<name>` names by content · `h!<sha256>` Unix ms of the last check of a content held here.
 */

import { AppError } from '../../../shared/errors.ts'
import { decodeRecord, liveVersions, mergeRecords, sameRecord, type FileRecord } from '../protocol/record.ts'
import type { KeyValueStore, WriteOperation } from './key-value.ts'
import { openLevel } from './level.ts'
import { WriteQueue } from './write-queue.ts'

export interface CatalogueEntry {
  readonly record: FileRecord
  /** sha256 → Unix ms verifiedAt, of the versions' contents held here, durable. */
  readonly held: Readonly<Record<string, number>>
}

export interface Changes {
  readonly entries: CatalogueEntry[]
  /** To be asked with next time. */
  readonly revision: number
  /** True when `maxBytes` ended it before the last change. */
  readonly more: boolean
}

interface Row {
  readonly revision: number
  readonly record: FileRecord
}

/** Digits of a revision in its key: Number.MAX_SAFE_INTEGER in hexadecimal has 14. */
const revisionDigits = 14

export class RecordStore {
  /** True when the database was damaged and had to be repaired at this start: what it lost comes back from the others. */
  readonly repaired: boolean
  readonly #store: KeyValueStore
  readonly #queue: WriteQueue
  readonly #held: Map<string, number>
  readonly #listeners = new Set<(entry: CatalogueEntry) => void>()
  /** Rows whose write is under way or waiting: newer than the database. */
  readonly #pending = new Map<string, Row>()
  /** `setHeld` calls that look for names: they learn of names that come meanwhile. */
  readonly #searches = new Set<{ readonly sha256: string; readonly names: Set<string> }>()
  #assigned: number
  #durable: number

  private constructor(store: KeyValueStore, found: Found, repaired: boolean) {
    this.#store = store
    this.#queue = new WriteQueue(store)
    this.#held = found.held
    this.#assigned = found.revision
    this.#durable = found.revision
    this.repaired = repaired
  }

  /**
   * Opens, or makes, the records in `folder`. A damaged database is repaired; what cannot be is AppError('corrupt') naming the folder.
   * One that another process uses is AppError('peer-running').
   */
  static async open(folder: string): Promise<RecordStore> {
    const { store, loaded, repaired } = await openLevel(folder, load)
    return new RecordStore(store, loaded, repaired)
  }

  /** The records in a database that is open already; closed together with them. */
  static async over(store: KeyValueStore): Promise<RecordStore> {
    return new RecordStore(store, await load(store), false)
  }

  /** Of the last durable change. Survives restarts, only grows. */
  get revision(): number {
    return this.#durable
  }

  async get(name: string): Promise<CatalogueEntry | null> {
    const row = this.#row(name.normalize('NFC'))
    return row ? this.#entry(row.record) : null
  }

  /** Merges a record into what is known. Durable once it resolves, also when nothing changed. AppError('protocol') for a bad record. */
  async merge(record: FileRecord): Promise<{ readonly entry: CatalogueEntry; readonly changed: boolean }> {
    const known = this.#row(record.name)
    const merged = known ? mergeRecords(known.record, record) : mergeRecords(record, record)
    if (known && sameRecord(known.record, merged)) {
      if (this.#pending.has(record.name)) await this.#queue.flushed()
      return { entry: this.#entry(merged), changed: false }
    }
    const checked = decodeRecord(JSON.stringify(merged))
    if ('reason' in checked) throw new AppError('protocol', `Refused: ${checked.reason}`, { name: record.name })
    await this.#commit([], [merged])
    return { entry: this.#entry(merged), changed: true }
  }

  /** A content is held here, checked at `verifiedAt` (Unix ms), or not any more (null). Names with this content get a new revision. */
  async setHeld(sha256: string, verifiedAt: number | null): Promise<void> {
    if (verifiedAt === null) this.#held.delete(sha256)
    const search = { sha256, names: new Set<string>() }
    this.#searches.add(search)
    try {
      for (const name of await this.#indexedNames(sha256)) search.names.add(name)
    } finally {
      this.#searches.delete(search)
    }
    const records = [...search.names].flatMap((name) => {
      const row = this.#row(name)
      return row && contentsOf(row.record).has(sha256) ? [row.record] : []
    })
    const key = `h!${sha256}`
    const operation: WriteOperation = verifiedAt === null ? { type: 'del', key } : { type: 'put', key, value: String(verifiedAt) }
    await this.#commit([operation], records, () => {
      if (verifiedAt === null) this.#held.delete(sha256)
      else this.#held.set(sha256, verifiedAt)
    })
  }

  /** Unix ms of the last check of a content held here, durably, or null. */
  heldAt(sha256: string): number | null {
    return this.#held.get(sha256) ?? null
  }

  /** Contents held here, with the Unix ms of their last check. */
  heldContents(): ReadonlyMap<string, number> {
    return this.#held
  }

  /** Entries changed after revision `since`, in order, as many as make up about `maxBytes` of JSON and at least one. */
  async changedSince(since: number, maxBytes: number): Promise<Changes> {
    const entries: CatalogueEntry[] = []
    const end = this.#durable
    let last = since
    let bytes = 0
    for await (const [key, name] of this.#store.entries({ gt: `c!${revisionKey(since)}`, lt: 'c"' })) {
      const at = Number.parseInt(key.slice(2), 16)
      // what became durable after this began is for the next call
      if (at > end) break
      const json = this.#store.getSync(`r!${name}`)
      const row = json === undefined ? null : decodeRow(json)
      // superseded by a later change of the same name
      if (row?.revision !== at) continue
      const entry = this.#entry(row.record)
      const size = (json ?? '').length + JSON.stringify(entry.held).length
      if (entries.length > 0 && bytes + size > maxBytes) return { entries, revision: last, more: true }
      entries.push(entry)
      last = at
      bytes += size
    }
    return { entries, revision: end, more: false }
  }

  /** All entries by name, as they were when this began. */
  async *entries(): AsyncIterable<CatalogueEntry> {
    await this.#queue.flushed()
    for await (const [, json] of this.#store.entries({ gt: 'r!', lt: 'r"' })) {
      const row = decodeRow(json)
      if (row) yield this.#entry(row.record)
    }
  }

  /** Names whose live versions refer to this content. */
  async namesOf(sha256: string): Promise<string[]> {
    const names = await this.#indexedNames(sha256)
    return names.filter((name) => {
      const row = this.#row(name)
      return row !== null && liveVersions(row.record).some((version) => version.sha256 === sha256)
    })
  }

  /** News of every durable change of an entry, in order. Result: ends it. */
  onChanged(listener: (entry: CatalogueEntry) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.#queue.flushed().catch(() => undefined)
    await this.#store.close()
  }

  /** Writes `operations` and new rows of `records` in one batch; `apply` runs when that is durable, before anybody hears of it. */
  async #commit(operations: WriteOperation[], records: readonly FileRecord[], apply: () => void = () => undefined): Promise<void> {
    const rows = records.map((record) => this.#place(record, operations))
    await this.#queue.write(operations, {
      done: () => {
        apply()
        for (const row of rows) {
          this.#durable = Math.max(this.#durable, row.revision)
          this.#forget(row)
        }
      },
      announce: () => {
        for (const row of rows) this.#announce(this.#entry(row.record))
      },
      failed: () => {
        for (const row of rows) this.#forget(row)
      },
    })
  }

  /** A new row for this record, seen by every read from now on; its operations are added. */
  #place(record: FileRecord, operations: WriteOperation[]): Row {
    const { name } = record
    const known = this.#row(name)
    const row: Row = { revision: ++this.#assigned, record }
    const before = known ? contentsOf(known.record) : new Set<string>()
    const after = contentsOf(record)
    if (known) operations.push({ type: 'del', key: `c!${revisionKey(known.revision)}` })
    operations.push({ type: 'put', key: `c!${revisionKey(row.revision)}`, value: name })
    operations.push({ type: 'put', key: `r!${name}`, value: `${row.revision}\n${JSON.stringify(record)}` })
    for (const sha256 of before) if (!after.has(sha256)) operations.push({ type: 'del', key: `s!${sha256}!${name}` })
    for (const sha256 of after) if (!before.has(sha256)) operations.push({ type: 'put', key: `s!${sha256}!${name}`, value: '' })
    this.#pending.set(name, row)
    for (const search of this.#searches) if (after.has(search.sha256)) search.names.add(name)
    return row
  }

  #row(name: string): Row | null {
    const pending = this.#pending.get(name)
    if (pending) return pending
    const json = this.#store.getSync(`r!${name}`)
    return json === undefined ? null : decodeRow(json)
  }

  #forget(row: Row): void {
    if (this.#pending.get(row.record.name) === row) this.#pending.delete(row.record.name)
  }

  async #indexedNames(sha256: string): Promise<string[]> {
    const names = new Set<string>()
    for (const [name, row] of this.#pending) if (contentsOf(row.record).has(sha256)) names.add(name)
    const start = `s!${sha256}!`
    for await (const key of this.#store.keys({ gt: start, lt: `s!${sha256}"` })) names.add(key.slice(start.length))
    return [...names]
  }

  #entry(record: FileRecord): CatalogueEntry {
    const held: Record<string, number> = {}
    for (const sha256 of contentsOf(record)) {
      const verifiedAt = this.#held.get(sha256)
      if (verifiedAt !== undefined) held[sha256] = verifiedAt
    }
    return { record, held }
  }

  #announce(entry: CatalogueEntry): void {
    for (const listener of this.#listeners) listener(entry)
  }
}

interface Found {
  readonly revision: number
  readonly held: Map<string, number>
}

/** What is kept in memory: the last revision and what is held. */
async function load(store: KeyValueStore): Promise<Found> {
  let revision = 0
  for await (const key of store.keys({ gt: 'c!', lt: 'c"', reverse: true, limit: 1 })) revision = Number.parseInt(key.slice(2), 16)
  const held = new Map<string, number>()
  for await (const [key, value] of store.entries({ gt: 'h!', lt: 'h"' })) {
    const verifiedAt = Number(value)
    if (Number.isSafeInteger(verifiedAt)) held.set(key.slice(2), verifiedAt)
  }
  return { revision, held }
}

/** Contents of every version, deleted ones too: their bytes wait in the trash. */
function contentsOf(record: FileRecord): Set<string> {
  return new Set(record.versions.map((version) => version.sha256))
}

function revisionKey(revision: number): string {
  return Math.max(0, revision).toString(16).padStart(revisionDigits, '0')
}

/** A damaged row reads as none: the others know the record, and a merge writes it again. */
function decodeRow(text: string): Row | null {
  const end = text.indexOf('\n')
  const revision = Number(text.slice(0, Math.max(0, end)))
  const record = decodeRecord(text.slice(end + 1))
  return end < 1 || !Number.isSafeInteger(revision) || 'reason' in record ? null : { revision, record }
}
