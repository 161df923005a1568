/**
 * What this machine knows and holds, in memory, as repair asks for it: by arc (digests), by name (which contents it wants) and by content
 * (which names want it). Told of every change; asking costs nothing.
 */

import { HashIndex, hashOfText } from '../disk/hash-index.ts'
import type { CatalogueEntry } from '../disk/record-store.ts'
import { verifiedAtOf } from '../protocol/holdings.ts'
import type { Identifier, IdentifierSpace } from '../protocol/identifier.ts'
import { isRemoved, wantedContents, type FileRecord, type WantedContent } from '../protocol/record.ts'
import { ArcIndex, entryDigest } from './digests.ts'
import type { RepairTimes } from './repair-times.ts'

export interface OwnRecordsOptions {
  readonly space: IdentifierSpace
  readonly keyOf: (name: string) => Identifier
  readonly times: Pick<RepairTimes, 'keepTrashMs' | 'forgetMarginMs'>
  readonly wallClock: () => number
  /** Unix ms since when this machine knows the name without a live version, or null. */
  readonly removedSince: (name: string) => number | null
}

export class OwnRecords {
  readonly arcs: ArcIndex
  readonly #options: OwnRecordsOptions
  /** Content -> rows of the arcs whose names want it kept. */
  readonly #wanting = new HashIndex()
  /** Names that are compared with nobody any more, and want nothing. */
  readonly #gone = new Set<string>()
  /** Names without a live version: what they want changes with time. */
  readonly #removed = new Map<string, CatalogueEntry>()

  constructor(options: OwnRecordsOptions) {
    this.#options = options
    this.arcs = new ArcIndex(options.space)
  }

  has(name: string): boolean {
    return this.arcs.rowOf(name) >= 0 || this.#gone.has(name)
  }

  names(): string[] {
    return [...this.arcs.names(), ...this.#gone]
  }

  removedNames(): string[] {
    return [...this.#removed.keys()]
  }

  /** Names here that want this content kept. */
  namesWanting(sha256: string): string[] {
    return this.#rowsWanting(sha256).map((row) => this.arcs.nameAt(row))
  }

  isWanted(sha256: string): boolean {
    return this.#wanting.find(hashOfText(sha256), (row) => this.#wants(row, sha256)) >= 0
  }

  /** How long ago this machine learnt that the name has no live version, in ms; 0 for others. */
  removedForMs(name: string): number {
    // the database is asked about removed names only: this is asked about all, again and again
    const since = this.#removed.has(name) ? this.#options.removedSince(name) : null
    return since === null ? 0 : Math.max(0, this.#options.wallClock() - since)
  }

  /** What a record wants kept, less what lay in this machine's trash for long enough. */
  wantedIn(record: FileRecord): WantedContent[] {
    const wanted = wantedContents(record)
    return isRemoved(record) && this.removedForMs(record.name) >= this.#options.times.keepTrashMs ? [] : wanted
  }

  /** Bytes in the trash are not copied any more when they go soon: machines do not let go of them in the same moment. */
  isExpiring(name: string): boolean {
    const { keepTrashMs, forgetMarginMs } = this.#options.times
    return this.removedForMs(name) >= keepTrashMs - Math.min(forgetMarginMs, keepTrashMs / 2)
  }

  /** The entry is this now. Result: contents that no name wants any more. */
  put(entry: CatalogueEntry): string[] {
    const { record } = entry
    if (isRemoved(record)) this.#removed.set(record.name, entry)
    else this.#removed.delete(record.name)
    const { name } = record
    const before = this.#release(name)
    const isGone = isRemoved(record) && this.removedForMs(name) >= this.#options.times.keepTrashMs
    // each forgets by its own clock: what is about to be forgotten is compared with nobody, or it would be brought back for ever
    if (isGone) {
      this.arcs.delete(name)
      this.#gone.add(name)
    } else {
      this.#gone.delete(name)
      const wanted = this.wantedIn(record).map((content) => content.sha256)
      const held = wanted.filter((sha256) => verifiedAtOf(entry.held, sha256) > 0)
      const digest = entryDigest(record, held)
      this.arcs.set({ key: this.#options.keyOf(name), name, digest }, encodeContents(wanted))
      const row = this.arcs.rowOf(name)
      for (const sha256 of wanted) this.#wanting.add(hashOfText(sha256), row)
    }
    return before.filter((sha256) => !this.isWanted(sha256))
  }

  /** The name is not known here any more. Result: contents that no name wants any more. */
  delete(name: string): string[] {
    this.#removed.delete(name)
    this.#gone.delete(name)
    const before = this.#release(name)
    this.arcs.delete(name)
    return before.filter((sha256) => !this.isWanted(sha256))
  }

  /** Looks again at a removed name: time has passed. Result: contents that no name wants any more. */
  refresh(name: string): string[] {
    const entry = this.#removed.get(name)
    return entry ? this.put(entry) : []
  }

  /** The name wants nothing for the moment. Result: what it wanted. */
  #release(name: string): string[] {
    const row = this.arcs.rowOf(name)
    const contents = row < 0 ? [] : decodeContents(this.arcs.cargoAt(row))
    for (const sha256 of contents) this.#wanting.delete(hashOfText(sha256), row)
    return contents
  }

  #rowsWanting(sha256: string): number[] {
    return this.#wanting.all(hashOfText(sha256)).filter((row) => this.#wants(row, sha256))
  }

  #wants(row: number, sha256: string): boolean {
    return decodeContents(this.arcs.cargoAt(row)).includes(sha256)
  }
}

const hashBytes = 32

/** Hashes as bytes, one after the other. */
function encodeContents(contents: readonly string[]): Buffer {
  return Buffer.from(contents.join(''), 'hex')
}

function decodeContents(bytes: Buffer): string[] {
  return Array.from({ length: bytes.length / hashBytes }, (_, index) => bytes.toString('hex', index * hashBytes, (index + 1) * hashBytes))
}
