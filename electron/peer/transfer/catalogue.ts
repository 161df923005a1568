/**
 * The catalogue: what every machine of the ring says it has, in one table by file name. It is news, not truth: a store or a
 * request asks the holders themselves; the window's list, repair and the safety sentence are computed from it.
 *
 * Each machine numbers the changes of its records; the others ask for what came after the last number they saw.
 */

import type { CatalogueEntry } from '../disk/record-store.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { mergeRecords, sameRecord, type FileRecord, type Version } from '../protocol/record.ts'

export interface CatalogueFile {
  readonly record: FileRecord
  /** Machines that have the record -> contents they hold: sha256 -> Unix ms of the last check. */
  readonly machines: ReadonlyMap<Identifier, Readonly<Record<string, number>>>
}

export class Catalogue {
  readonly #files = new Map<string, { record: FileRecord; machines: Map<Identifier, Readonly<Record<string, number>>> }>()
  readonly #revisions = new Map<Identifier, number>()
  readonly #listeners = new Set<(name: string) => void>()

  get size(): number {
    return this.#files.size
  }

  get(name: string): CatalogueFile | null {
    return this.#files.get(name.normalize('NFC')) ?? null
  }

  names(): IterableIterator<string> {
    return this.#files.keys()
  }

  files(): IterableIterator<CatalogueFile> {
    return this.#files.values()
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

  /** What `machine` has of one name now. */
  put(machine: Identifier, entry: CatalogueEntry): void {
    const known = this.#files.get(entry.record.name)
    if (!known) {
      this.#files.set(entry.record.name, { record: entry.record, machines: new Map([[machine, entry.held]]) })
    } else {
      if (!sameRecord(known.record, entry.record)) known.record = mergeRecords(known.record, entry.record)
      known.machines.set(machine, entry.held)
    }
    for (const listener of this.#listeners) listener(entry.record.name)
  }

  /** `machine` knows nothing of this name any more. */
  drop(machine: Identifier, name: string): void {
    const file = this.#files.get(name)
    if (!file?.machines.delete(machine)) return
    if (file.machines.size === 0) this.#files.delete(name)
    for (const listener of this.#listeners) listener(name)
  }

  /** What `machine`, which is no member any more, said of this name counts no more. Should it come back, all of its records are read anew. */
  release(machine: Identifier, name: string): void {
    this.#revisions.delete(machine)
    this.drop(machine, name)
  }

  /** Nobody need know the name any more. */
  forgetName(name: string): void {
    if (!this.#files.delete(name)) return
    for (const listener of this.#listeners) listener(name)
  }

  /** Forgets what `machine` said: it starts its numbers anew. */
  forget(machine: Identifier): void {
    this.#revisions.delete(machine)
    for (const name of this.#files.keys()) this.drop(machine, name)
  }

  /** A name changed; at most one call a change, at once. */
  onChanged(listener: (name: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

/** Machines that hold the content of `version`, or a content of that hash, with the time of their last check. */
export function holdersOf(file: CatalogueFile, version: Pick<Version, 'sha256'>): Map<Identifier, number> {
  const holders = new Map<Identifier, number>()
  for (const [machine, held] of file.machines) {
    const verifiedAt = held[version.sha256]
    if (verifiedAt !== undefined && verifiedAt > 0) holders.set(machine, verifiedAt)
  }
  return holders
}

/** Machines whose record of a name lacks something that another's has need the merged one. */
export function isBehind(own: FileRecord, merged: FileRecord): boolean {
  return !sameRecord(own, merged) && !sameRecord(mergeRecords(own, merged), own)
}
