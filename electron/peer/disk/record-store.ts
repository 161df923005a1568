/**
 * What this machine knows of the ring's files, in a database of sorted keys (LevelDB). Rows are read and merged at once, synchronously, in memory order;
 * writing is a synced batch of whatever came while the last batch was under way (group commit). Nothing is told before it is durable.
 */

import { AppError } from '../../../shared/errors.ts'
import type { Holdings } from '../protocol/holdings.ts'
import { isRemoved, mergeRecords, sameRecord, unreadable, type FileRecord } from '../protocol/record.ts'
import { emptied, forgottenRecord, remember } from './forgotten-names.ts'
import type { KeyValueStore, WriteOperation } from './key-value.ts'
import { openLevel } from './level.ts'
import { OwnCounters } from './own-counters.ts'
import {
  beginRows,
  contentsOf,
  decodeRow,
  encodeRow,
  isKnown,
  revisionIn,
  revisionKey,
  type Found,
  type KnownRow,
  type Row,
} from './record-rows.ts'
import { NamesByContent } from './names-by-content.ts'
import type { NumberByHash } from './number-by-hash.ts'
import { SmallContents, type Placement, type SmallContentsOptions } from './small-contents.ts'
import { allReady, WriteQueue, type WriteEnd } from './write-queue.ts'

export interface CatalogueEntry {
  readonly record: FileRecord
  /** Of the wanted contents, those held here, durable. */
  readonly held: Holdings
}

export interface Changes {
  readonly entries: CatalogueEntry[]
  /** Names that were put aside. */
  readonly absent: string[]
  /** To be asked with next time. */
  readonly revision: number
  /** True when `maxBytes` ended it before the last change. */
  readonly more: boolean
}

/** A version that is kept here, with the rows of its bytes, or null when those are here already. Several of one content may share them. */
export interface KeptFile {
  readonly record: FileRecord
  readonly sha256: string
  readonly bytes: Placement | null
}

/** Revisions that follow one another, both ends included. */
export interface Revisions {
  readonly first: number
  readonly last: number
}

export interface KeptFiles {
  /** For each file null, durable, or why its record was refused, which harms no other. */
  readonly outcomes: readonly (AppError | null)[]
  /** Those of the files that are durable, where their records are just as given and no other name has got one of these. */
  readonly revisions: Revisions | null
}

export interface RecordStoreOptions {
  /** Unix time in ms. Default: this machine's clock. */
  readonly wallClock?: () => number
}

/** Rows read or written lately that are kept decoded, of at most so many characters each: some megabytes at most. */
const rememberedRows = 1_000
const rememberedChars = 4_000
/** What a holding takes as JSON: a hash, a time, and what is around them. */
const holdingChars = 84

export class RecordStore {
  /** True when the database was damaged and had to be repaired at this start: what it lost comes back from the others. */
  readonly repaired: boolean
  readonly #store: KeyValueStore
  readonly #queue: WriteQueue
  readonly #held: NumberByHash
  /** The counts that this machine gives to its versions. */
  readonly counters: OwnCounters
  readonly #wallClock: () => number
  readonly #listeners = new Set<(entry: CatalogueEntry) => void>()
  readonly #forgetListeners = new Set<(name: string) => void>()
  /** Rows whose write is under way or waiting: newer than the database. */
  readonly #pending = new Map<string, Row>()
  readonly #names: NamesByContent
  /** Rows read or written lately and their text: names that change are asked for again and again. */
  readonly #lastRead = new Map<string, { readonly json: string; readonly row: KnownRow | null }>()
  #assigned: number
  #durable: number

  private constructor(store: KeyValueStore, found: Found, options: RecordStoreOptions & { readonly repaired: boolean }) {
    this.#store = store
    this.#queue = new WriteQueue(store)
    this.#names = new NamesByContent(store, this.#pending)
    this.counters = new OwnCounters(store, this.#queue, found.counterBase)
    this.#wallClock = options.wallClock ?? Date.now
    this.#held = found.held
    this.#assigned = found.revision
    this.#durable = found.revision
    this.repaired = options.repaired
  }

  /**
   * Opens, or makes, the records in `folder`. A damaged database is repaired; what cannot be is AppError('corrupt') naming the folder.
   * One that another process uses is AppError('peer-running').
   */
  static async open(folder: string): Promise<RecordStore> {
    const { store, loaded, repaired } = await openLevel(folder, (opened) => beginRows(opened, Date.now()))
    return new RecordStore(store, loaded, { repaired })
  }

  /** The records in a database that is open already; closed together with them. */
  static async over(store: KeyValueStore, options: RecordStoreOptions = {}): Promise<RecordStore> {
    return new RecordStore(store, await beginRows(store, (options.wallClock ?? Date.now)()), { ...options, repaired: false })
  }

  /** Small contents, whose rows are in the same database: those, records and holdings of many files become durable in one batch. See `keepAll`. */
  smallContents(options: SmallContentsOptions): Promise<SmallContents> {
    return SmallContents.open(this.#store, this.#queue, options)
  }

  /** Of the last durable change. Survives restarts, only grows. */
  get revision(): number {
    return this.#durable
  }

  async get(name: string): Promise<CatalogueEntry | null> {
    const row = this.#row(name.normalize('NFC'))
    return row ? this.#entry(row.record) : null
  }

  /** The revision of its last change, or null for a name that is not known. */
  revisionOf(name: string): number | null {
    const pending = this.#pending.get(name)
    if (pending) return isKnown(pending) ? pending.revision : null
    const text = this.#store.getSync(`r!${name}`)
    return text === undefined ? null : revisionIn(text)
  }

  /**
   * Merges a record into what is known. Durable once it resolves, also when nothing changed. Of a forgotten name, a removed record of
   * then changes nothing; a version of then that is live elsewhere is known as superseded from now on, so that those learn of it who
   * have it. AppError('protocol') for a bad record.
   */
  async merge(record: FileRecord): Promise<{ readonly entry: CatalogueEntry; readonly changed: boolean }> {
    let { merged, isNew } = this.#mergedWith(record)
    if (!isNew && this.#pending.has(record.name)) {
      await this.#queue.flushed()
      // what was on its way may not have got there
      ;({ merged, isNew } = this.#mergedWith(record))
    }
    if (!isNew) return { entry: this.#entry(merged), changed: false }
    refuseUnreadable(merged)
    await this.#commit([], [merged])
    return { entry: this.#entry(merged), changed: true }
  }

  /** Whether this machine would keep the content for this record, merged into what is known: not when it is superseded and gone. */
  wants(record: FileRecord, sha256: string): boolean {
    const { merged, isNew } = this.#mergedWith(record)
    return (isNew || this.#row(record.name) !== null) && contentsOf(merged).includes(sha256)
  }

  /** What is known with `record` merged into it, and whether that is to be written. */
  #mergedWith(record: FileRecord): { readonly merged: FileRecord; readonly isNew: boolean } {
    const known = this.#row(record.name)
    const before = known ? known.record : (this.#pending.get(record.name)?.forgotten ?? forgottenRecord(this.#store, record))
    const merged = mergeRecords(before ?? record, record)
    // each forgets in its own time, and those who do later bring nothing back; but two halves of a ring that lost each other for that long do
    if (before && !known && merged.versions.length === 0 && isRemoved(record)) return { merged, isNew: false }
    if (known && sameRecord(known.record, merged)) return { merged, isNew: false }
    return { merged, isNew: true }
  }

  /**
   * Bytes, records and holdings of many files in one synced batch, checked at `verifiedAt` (Unix ms). Rejects when the batch was not written:
   * then none of them is here.
   */
  async keepAll(files: readonly KeptFile[], verifiedAt: number): Promise<KeptFiles> {
    const search = await this.#names.of(new Set(files.map((file) => file.sha256)))
    const operations: WriteOperation[] = []
    const ends: WriteEnd[] = []
    const records = new Map<string, FileRecord>()
    const waiting = new Map(files.flatMap(({ sha256, bytes }) => (bytes ? [[sha256, bytes] as const] : [])))
    const outcomes = files.map(({ record, sha256 }): AppError | null => {
      try {
        const { merged, isNew } = this.#mergedWith(
          records.has(record.name) ? mergeRecords(records.get(record.name) ?? record, record) : record,
        )
        if (isNew) refuseUnreadable(merged)
        if (isNew || merged.versions.length > 0) records.set(record.name, merged)
      } catch (thrown) {
        if (thrown instanceof AppError) return thrown
        throw thrown
      }
      // of several that have the same bytes, the first that is not refused
      const bytes = waiting.get(sha256)
      if (bytes) {
        waiting.delete(sha256)
        operations.push(...bytes.operations)
        ends.push(bytes.end)
      }
      operations.push({ type: 'put', key: `h!${sha256}`, value: String(verifiedAt) })
      for (const other of this.#recordsWith(sha256, search.get(sha256) ?? [])) if (!records.has(other.name)) records.set(other.name, other)
      return null
    })
    for (const { end } of waiting.values()) end.failed()
    const kept = files.filter((_, index) => outcomes[index] === null)
    const rows = await this.#commit(operations, [...records.values()], {
      ready: async () => {
        await allReady(ends)
      },
      done: () => {
        for (const end of ends) end.done()
        for (const { sha256 } of kept) this.#held.set(sha256, verifiedAt)
      },
      announce: () => undefined,
      failed: () => {
        for (const end of ends) end.failed()
      },
    })
    return { outcomes, revisions: revisionsAsGiven(rows, files) }
  }

  /** Unix ms since when this machine knows the name without a live version, durably; null for others. No other machine learns of it. */
  removedSince(name: string): number | null {
    return this.#row(name.normalize('NFC'))?.removedSince ?? null
  }

  /** Another machine has known since then (Unix ms) that the name has no live version: the earlier time counts here, too. Durable once it resolves. */
  async removedBefore(name: string, since: number): Promise<void> {
    const known = this.#row(name)
    if (!known || known.removedSince === null || known.removedSince <= since) return
    const row: KnownRow = { ...known, removedSince: since }
    this.#pending.set(known.record.name, row)
    const end = (): void => this.#written(known.record.name, row)
    await this.#queue.write([{ type: 'put', key: `r!${known.record.name}`, value: encodeRow(row) }], {
      done: end,
      announce: () => undefined,
      failed: end,
    })
  }

  /**
   * Lets go of a removed name and its versions; they do not come back, a new version may. A name that has a live version stays. Result:
   * whether it went, durably. To others nothing changed: each forgets for itself.
   */
  async forget(name: string): Promise<boolean> {
    const known = this.#row(name)
    if (known === null || !isRemoved(known.record)) return false
    const left = { revision: known.revision, forgotten: emptied(known.record) }
    await this.#letGo(known, left, remember(known.record, this.#wallClock()))
    return true
  }

  /**
   * Lets go of a name whatever versions it has, as if it had never been here: the caller keeps it, out of the ring. Durable once it resolves.
   * To others it is a change: that it is not here any more.
   */
  async putAside(name: string): Promise<void> {
    const known = this.#row(name)
    if (!known) return
    const revision = ++this.#assigned
    await this.#letGo(known, { revision }, { type: 'put', key: `c!${revisionKey(revision)}`, value: known.record.name })
  }

  /** `left`: what stays of the row; `trace`: what is written of that. */
  async #letGo({ revision, record }: KnownRow, left: Pick<Row, 'revision' | 'forgotten'>, trace: WriteOperation): Promise<void> {
    const { name } = record
    const row: Row = { ...left, record: null, removedSince: null }
    const gone = [`r!${name}`, `c!${revisionKey(revision)}`, ...contentsOf(record).map((sha256) => `s!${sha256}!${name}`)]
    const operations: WriteOperation[] = gone.map((key) => ({ type: 'del', key }))
    operations.push(trace)
    // the next start must not give a revision twice
    operations.push({ type: 'put', key: 'v!', value: String(this.#assigned) })
    this.#pending.set(name, row)
    const end = (): void => this.#written(name, row)
    await this.#queue.write(operations, {
      done: () => {
        this.#durable = Math.max(this.#durable, row.revision)
        end()
      },
      announce: () => {
        if (this.#row(name)) return
        for (const listener of this.#forgetListeners) listener(name)
      },
      failed: end,
    })
  }

  /** A content is held here, checked at `verifiedAt` (Unix ms), or not any more (null). Names with this content get a new revision. */
  async setHeld(sha256: string, verifiedAt: number | null): Promise<void> {
    if (verifiedAt === null) this.#held.delete(sha256)
    const search = await this.#names.of(new Set([sha256]))
    const records = this.#recordsWith(sha256, search.get(sha256) ?? [])
    const key = `h!${sha256}`
    const operation: WriteOperation = verifiedAt === null ? { type: 'del', key } : { type: 'put', key, value: String(verifiedAt) }
    await this.#commit([operation], records, {
      done: () => {
        if (verifiedAt === null) this.#held.delete(sha256)
        else this.#held.set(sha256, verifiedAt)
      },
      announce: () => undefined,
      failed: () => undefined,
    })
  }

  /** Unix ms of the last check of a content held here, durably, or null. */
  heldAt(sha256: string): number | null {
    return this.#held.get(sha256) ?? null
  }

  /** Contents held here, with the Unix ms of their last check. */
  heldContents(): Pick<NumberByHash, 'keys' | 'size' | typeof Symbol.iterator> {
    return this.#held
  }

  /** Entries changed after revision `since`, in order, as many as make up about `maxBytes` of JSON and at least one. */
  async changedSince(since: number, maxBytes: number): Promise<Changes> {
    const entries: CatalogueEntry[] = []
    const absent: string[] = []
    const end = this.#durable
    let last = since
    let bytes = 0
    for await (const [key, name] of this.#store.entries({ gt: `c!${revisionKey(since)}`, lt: 'c"' })) {
      const at = Number.parseInt(key.slice(2), 16)
      // what became durable after this began is for the next call
      if (at > end) break
      const json = this.#store.getSync(`r!${name}`)
      const row = json === undefined ? null : this.#decoded(name, json)
      // superseded by a later change of the same name
      if (row ? row.revision !== at : json !== undefined) continue
      const entry = row && this.#entry(row.record)
      const size = (json ?? name).length + (entry ? holdingChars * entry.held.length : 0)
      if (last > since && bytes + size > maxBytes) return { entries, absent, revision: last, more: true }
      if (entry) entries.push(entry)
      else absent.push(name)
      last = at
      bytes += size
    }
    return { entries, absent, revision: end, more: false }
  }

  /** All entries by name, as they were when this began. */
  async *entries(): AsyncIterable<CatalogueEntry> {
    await this.#queue.flushed()
    for await (const [, json] of this.#store.entries({ gt: 'r!', lt: 'r"' })) {
      const row = decodeRow(json)
      if (row) yield this.#entry(row.record)
    }
  }

  /** Names that want this content, in whichever way. */
  async namesOf(sha256: string): Promise<string[]> {
    const search = await this.#names.of(new Set([sha256]))
    return this.#recordsWith(sha256, search.get(sha256) ?? []).map((record) => record.name)
  }

  /** News of every durable change of an entry, in order. Result: ends it. */
  onChanged(listener: (entry: CatalogueEntry) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** A name was forgotten, durably. Result: ends it. */
  onForgotten(listener: (name: string) => void): () => void {
    this.#forgetListeners.add(listener)
    return () => void this.#forgetListeners.delete(listener)
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.#queue.flushed().catch(() => undefined)
    await this.#store.close()
  }

  /** Writes `operations` and new rows of `records` in one batch; `end.done` runs when that is durable, before anybody hears of it. */
  async #commit(operations: WriteOperation[], records: readonly FileRecord[], end?: WriteEnd): Promise<readonly KnownRow[]> {
    const placed = records.map((record) => this.#place(record, operations))
    await this.#queue.write(operations, {
      ...(end?.ready ? { ready: end.ready } : {}),
      done: () => {
        end?.done()
        for (const { row, json } of placed) {
          this.#durable = Math.max(this.#durable, row.revision)
          this.#written(row.record.name, row)
          // those who hear of it ask for it soon
          this.#remember(row.record.name, json, row)
        }
      },
      announce: () => {
        for (const { row } of placed) this.#announce(this.#entry(row.record))
      },
      failed: () => {
        end?.failed()
        for (const { row } of placed) this.#written(row.record.name, row)
      },
    })
    return placed.map(({ row }) => row)
  }

  /** A new row for this record, seen by every read from now on; its operations are added. */
  #place(record: FileRecord, operations: WriteOperation[]): { readonly row: KnownRow; readonly json: string } {
    const { name } = record
    const known = this.#row(name)
    const removedSince = isRemoved(record) ? (known?.removedSince ?? this.#wallClock()) : null
    const row: KnownRow = { revision: ++this.#assigned, record, removedSince }
    const before = new Set(known ? contentsOf(known.record) : [])
    const after = new Set(contentsOf(record))
    if (known) operations.push({ type: 'del', key: `c!${revisionKey(known.revision)}` })
    operations.push({ type: 'put', key: `c!${revisionKey(row.revision)}`, value: name })
    const json = encodeRow(row)
    operations.push({ type: 'put', key: `r!${name}`, value: json })
    for (const sha256 of before) if (!after.has(sha256)) operations.push({ type: 'del', key: `s!${sha256}!${name}` })
    // all of them: the batch that should have written the others may fail
    for (const sha256 of after) operations.push({ type: 'put', key: `s!${sha256}!${name}`, value: '' })
    this.#pending.set(name, row)
    this.#names.came(name, after)
    return { row, json }
  }

  #row(name: string): KnownRow | null {
    const pending = this.#pending.get(name)
    if (pending) return isKnown(pending) ? pending : null
    const json = this.#store.getSync(`r!${name}`)
    return json === undefined ? null : this.#decoded(name, json)
  }

  /** The row of a name; read once as long as its text stays the same. */
  #decoded(name: string, json: string): KnownRow | null {
    const known = this.#lastRead.get(name)
    if (known?.json === json) return known.row
    const row = decodeRow(json)
    this.#remember(name, json, row)
    return row
  }

  #remember(name: string, json: string, row: KnownRow | null): void {
    if (this.#lastRead.size >= rememberedRows) this.#lastRead.clear()
    if (json.length <= rememberedChars) this.#lastRead.set(name, { json, row })
  }

  /** The database has this row now, or never will. */
  #written(name: string, row: Row): void {
    if (this.#pending.get(name) === row) this.#pending.delete(name)
  }

  /** Known records that want this content, of these names. */
  #recordsWith(sha256: string, names: Iterable<string>): FileRecord[] {
    return [...names].flatMap((name) => {
      const row = this.#row(name)
      return row && contentsOf(row.record).includes(sha256) ? [row.record] : []
    })
  }

  #entry(record: FileRecord): CatalogueEntry {
    const held: [string, number][] = []
    for (const sha256 of contentsOf(record)) {
      const verifiedAt = this.#held.get(sha256)
      if (verifiedAt !== undefined) held.push([sha256, verifiedAt])
    }
    return { record, held }
  }

  #announce(entry: CatalogueEntry): void {
    for (const listener of this.#listeners) listener(entry)
  }
}

/** Of rows that were placed together, so that their revisions follow one another. */
function revisionsAsGiven(rows: readonly KnownRow[], files: readonly KeptFile[]): Revisions | null {
  const given = new Map(files.map(({ record }) => [record.name, record]))
  const isAsGiven = ({ record }: KnownRow): boolean => {
    const wanted = given.get(record.name)
    return wanted !== undefined && sameRecord(record, wanted)
  }
  const [first, last] = [rows[0], rows.at(-1)]
  return first && last && rows.every(isAsGiven) ? { first: first.revision, last: last.revision } : null
}

/** AppError('protocol') for what could not be read again: a record that grew beyond its bounds. */
function refuseUnreadable(record: FileRecord): void {
  const reason = unreadable(record)
  if (reason !== null) throw new AppError('protocol', `Refused: ${reason}`, { name: record.name })
}
