/**
 * What this machine knows and holds, in memory, as repair asks for it: by arc (digests), by name (which contents it wants) and by content
 * (which names want it). Told of every change; asking costs nothing.
 */

import type { CatalogueEntry } from '../disk/record-store.ts'
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

const none: ReadonlySet<string> = new Set()

export class OwnRecords {
  readonly arcs: ArcIndex
  readonly #options: OwnRecordsOptions
  /** Name -> contents it wants kept. */
  readonly #wanted = new Map<string, readonly string[]>()
  readonly #namesOf = new Map<string, Set<string>>()
  /** Names without a live version: what they want changes with time. */
  readonly #removed = new Map<string, CatalogueEntry>()

  constructor(options: OwnRecordsOptions) {
    this.#options = options
    this.arcs = new ArcIndex(options.space)
  }

  has(name: string): boolean {
    return this.#wanted.has(name)
  }

  names(): IterableIterator<string> {
    return this.#wanted.keys()
  }

  removedNames(): string[] {
    return [...this.#removed.keys()]
  }

  /** Names here that want this content kept. */
  namesWanting(sha256: string): ReadonlySet<string> {
    return this.#namesOf.get(sha256) ?? none
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
    const wanted = this.wantedIn(record)
    const freed = this.#want(
      record.name,
      wanted.map((content) => content.sha256),
    )
    const held = wanted.map((content) => content.sha256).filter((sha256) => (entry.held[sha256] ?? 0) > 0)
    const isGone = isRemoved(record) && this.removedForMs(record.name) >= this.#options.times.keepTrashMs
    // each forgets by its own clock: what is about to be forgotten is compared with nobody, or it would be brought back for ever
    if (isGone) this.arcs.delete(record.name)
    else {
      const { name } = record
      this.arcs.set({ key: this.#options.keyOf(name), name, digest: entryDigest({ name, record, held: [...new Set(held)] }) })
    }
    return freed
  }

  /** The name is not known here any more. Result: contents that no name wants any more. */
  delete(name: string): string[] {
    this.#removed.delete(name)
    this.arcs.delete(name)
    const freed = this.#want(name, [])
    this.#wanted.delete(name)
    return freed
  }

  /** Looks again at a removed name: time has passed. Result: contents that no name wants any more. */
  refresh(name: string): string[] {
    const entry = this.#removed.get(name)
    return entry ? this.put(entry) : []
  }

  #want(name: string, contents: readonly string[]): string[] {
    const before = this.#wanted.get(name) ?? []
    const after = [...new Set(contents)]
    this.#wanted.set(name, after)
    for (const sha256 of after) {
      const names = this.#namesOf.get(sha256)
      if (names) names.add(name)
      else this.#namesOf.set(sha256, new Set([name]))
    }
    const freed: string[] = []
    for (const sha256 of before) {
      const names = after.includes(sha256) ? undefined : this.#namesOf.get(sha256)
      names?.delete(name)
      if (names?.size !== 0) continue
      this.#namesOf.delete(sha256)
      freed.push(sha256)
    }
    return freed
  }
}
