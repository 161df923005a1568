/**
 * The catalogue: what every machine of the ring says it has, in one table by file name. It is news, not truth: a store or a
 * request asks the holders themselves; the window's list, repair and the safety sentence are computed from it.
 *
 * Each machine numbers the changes of its records; the others ask for what came after the last number they saw.
 */

import { PackedRows } from '../disk/packed-rows.ts'
import type { CatalogueEntry, Revisions } from '../disk/record-store.ts'
import { sameHoldings, verifiedAtOf, withHolding, type Holdings } from '../protocol/holdings.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { isRemoved, mergeRecords, sameRecord, type FileRecord, type Version } from '../protocol/record.ts'
import { FileRows, type CatalogueFile } from './file-row.ts'

export type { CatalogueFile } from './file-row.ts'

interface File {
  record: FileRecord
  readonly machines: Map<Identifier, Holdings>
}

/** What a machine told of some names. */
export interface CatalogueNews {
  /** Of that machine's records when it looked. */
  readonly revision: number
  readonly entries: readonly CatalogueEntry[]
  /** Names that it knows nothing of; none by default. */
  readonly absent?: readonly string[]
}

/** A content that a machine holds now. */
export interface Taken {
  readonly record: FileRecord
  readonly sha256: string
  readonly verifiedAt: number
}

/** Some of the files. */
export interface CataloguePage {
  readonly files: readonly CatalogueFile[]
  /** What to ask with for those that follow; null: these were the last. */
  readonly next: number | null
}

export interface CatalogueChange {
  /** Null: nobody need know the name any more. */
  readonly file: CatalogueFile | null
  /** The record of a machine may lack what that of another has. */
  readonly isUneven: boolean
}

type ChangeListener = (name: string, change: CatalogueChange) => void

/** Sees both sides of each change. The file is good until the call returns. */
export interface CatalogueWatcher {
  /** It is about to change, or to go. */
  leaves(file: CatalogueFile): void
  /** It has changed, or is new. */
  comes(file: CatalogueFile): void
}

/** Files looked at lately, decoded: one that is asked for is looked at several times in a row. */
const lookedAtMax = 512
/** Files that changed lately are kept as objects, so many at most: what is stored or read changes several times. All others are bytes. */
const latelyMax = 1_024

export class Catalogue {
  readonly #rows = new PackedRows()
  readonly #format = new FileRows()
  /** Newer than their rows, which some of them have not yet. */
  readonly #lately = new Map<string, File>()
  /** Names among them without a row. */
  #fresh = 0
  /** As their rows have them. */
  readonly #lookedAt = new Map<string, File>()
  readonly #revisions = new Map<Identifier, number>()
  readonly #listeners = new Set<ChangeListener>()
  readonly #watchers = new Set<CatalogueWatcher>()

  get size(): number {
    return this.#rows.size + this.#fresh
  }

  /** As it is now: what changes later may be seen in the result or not. */
  get(name: string): CatalogueFile | null {
    const given = name.normalize('NFC')
    const file = this.#find(given)
    if (file) this.#remember(given, file)
    return file
  }

  /** Each once; what comes, goes or changes while they are walked may be met or not. */
  *names(): IterableIterator<string> {
    // first, and beside: while they are walked they get rows
    const fresh = new Set([...this.#lately.keys()].filter((name) => this.#rows.numberOf(name) < 0))
    yield* fresh
    for (const name of this.#rows.keys()) if (!fresh.has(name)) yield name
  }

  /** As `names`, each as `get` gives it. */
  *files(): IterableIterator<CatalogueFile> {
    for (const name of this.names()) {
      const file = this.#find(name)
      if (file) yield file
    }
  }

  /**
   * As `files`, `count` at a time, those that became known last first. `next`: that of the page before, null for the first one. What becomes
   * known after the first page is in none of them.
   */
  page(next: number | null, count: number): CataloguePage {
    if (next === null) this.#pack()
    const files: CatalogueFile[] = []
    for (const row of this.#rows.numbersBelow(next ?? Infinity)) {
      if (files.length === count) return { files, next: row + 1 }
      const file = this.#find(this.#rows.keyAt(row))
      if (file) files.push(file)
    }
    return { files, next: null }
  }

  /** As `files`, those that were removed: of the others, hardly more than a look. */
  *removedFiles(): IterableIterator<CatalogueFile> {
    for (const name of this.names()) {
      const row = this.#lately.has(name) ? null : this.#rows.get(name)
      if (row && !this.#format.isRemoved(row)) continue
      const file = this.#find(name)
      if (file && isRemoved(file.record)) yield file
    }
  }

  /** Whether this machine's records were read at least once to their end. */
  heardFrom(machine: Identifier): boolean {
    return this.#revisions.has(machine)
  }

  revisionOf(machine: Identifier): number {
    return this.#revisions.get(machine) ?? 0
  }

  setRevision(machine: Identifier, revision: number): void {
    this.#revisions.set(machine, revision)
  }

  /** What `machine` changed in these revisions is known. Result: false where changes before them are not, so that all is to be read. */
  readOn(machine: Identifier, { first, last }: Revisions): boolean {
    if (this.#revisions.get(machine) !== first - 1) return false
    this.#revisions.set(machine, last)
    return true
  }

  /**
   * `machine` answered a question about some names. It may have been overtaken: what is older than what was read of that machine tells nothing
   * new. What is newer is read once more, with all that changed since.
   */
  hear(machine: Identifier, { revision, entries, absent = [] }: CatalogueNews): void {
    if (revision < this.revisionOf(machine)) return
    for (const entry of entries) this.put(machine, entry)
    for (const name of absent) this.drop(machine, name)
  }

  /** What `machine` has of one name now. */
  put(machine: Identifier, entry: CatalogueEntry): void {
    const { name } = entry.record
    const known = this.#find(name)
    if (known) {
      const before = known.machines.get(machine)
      const isSame = sameRecord(known.record, entry.record)
      // most news is of what is known: then nobody need look at the name again
      if (before && isSame && sameHoldings(before, entry.held)) return
      this.#tellLeaves(known)
      if (!isSame) known.record = mergeRecords(known.record, entry.record)
      known.machines.set(machine, entry.held)
      this.#change(name, known, !isSame)
    } else this.#change(name, { record: entry.record, machines: new Map([[machine, entry.held]]) }, false)
  }

  /** `machine` has just acknowledged a content of this record, at `verifiedAt` (Unix ms): shown at once, before its next news says so. */
  took(machine: Identifier, { record, sha256, verifiedAt }: Taken): void {
    const held = this.#find(record.name)?.machines.get(machine) ?? []
    this.put(machine, { record, held: withHolding(held, sha256, verifiedAt) })
  }

  /** `machine` knows nothing of this name any more. */
  drop(machine: Identifier, name: string): void {
    const file = this.#find(name)
    if (!file?.machines.has(machine)) return
    if (file.machines.size === 1) {
      this.forgetName(name)
      return
    }
    this.#tellLeaves(file)
    file.machines.delete(machine)
    this.#change(name, file, false)
  }

  /** What `machine`, which is no member any more, said of this name counts no more. Should it come back, all of its records are read anew. */
  release(machine: Identifier, name: string): void {
    this.#revisions.delete(machine)
    this.drop(machine, name)
  }

  /** Nobody need know the name any more. */
  forgetName(name: string): void {
    const file = this.#watchers.size > 0 ? this.#find(name) : null
    if (file) this.#tellLeaves(file)
    this.#lookedAt.delete(name)
    const wasLate = this.#lately.delete(name)
    if (!this.#rows.delete(name)) {
      if (!wasLate) return
      this.#fresh--
    }
    this.#tell(name, { file: null, isUneven: false })
  }

  /** Forgets what `machine` said: it starts its numbers anew. */
  forget(machine: Identifier): void {
    this.#revisions.delete(machine)
    for (const name of [...this.names()]) this.drop(machine, name)
  }

  /** A name changed; at most one call a change, at once. */
  onChanged(listener: ChangeListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** As long as the catalogue is there. */
  watch(watcher: CatalogueWatcher): void {
    this.#watchers.add(watcher)
  }

  #find(name: string): File | null {
    const known = this.#lately.get(name) ?? this.#lookedAt.get(name)
    if (known) return known
    const row = this.#rows.get(name)
    return row && this.#format.decode(name, row)
  }

  #remember(name: string, file: File): void {
    if (this.#lately.has(name) || this.#lookedAt.has(name)) return
    if (this.#lookedAt.size >= lookedAtMax) this.#lookedAt.clear()
    this.#lookedAt.set(name, file)
  }

  #change(name: string, file: File, isUneven: boolean): void {
    this.#lookedAt.delete(name)
    if (!this.#lately.has(name)) {
      if (this.#lately.size >= latelyMax) this.#pack()
      if (this.#rows.numberOf(name) < 0) this.#fresh++
      this.#lately.set(name, file)
    }
    for (const watcher of this.#watchers) watcher.comes(file)
    this.#tell(name, { file, isUneven })
  }

  #pack(): void {
    for (const [name, file] of this.#lately) this.#rows.set(name, this.#format.encode(file))
    this.#lately.clear()
    this.#fresh = 0
  }

  #tellLeaves(file: CatalogueFile): void {
    for (const watcher of this.#watchers) watcher.leaves(file)
  }

  #tell(name: string, change: CatalogueChange): void {
    for (const listener of this.#listeners) listener(name, change)
  }
}

/** Machines that hold the content of `version`, or a content of that hash, with the time of their last check. */
export function holdersOf(file: CatalogueFile, version: Pick<Version, 'sha256'>): Map<Identifier, number> {
  const holders = new Map<Identifier, number>()
  for (const [machine, held] of file.machines) {
    const verifiedAt = verifiedAtOf(held, version.sha256)
    if (verifiedAt > 0) holders.set(machine, verifiedAt)
  }
  return holders
}

/** Machines whose record of a name lacks something that another's has need the merged one. */
export function isBehind(own: FileRecord, merged: FileRecord): boolean {
  return !sameRecord(own, merged) && !sameRecord(mergeRecords(own, merged), own)
}
