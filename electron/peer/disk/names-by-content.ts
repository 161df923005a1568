/** Which names want a content, as the record store's rows say: those in the database, those on their way there, those that come meanwhile. */

import { HashFilter } from './hash-filter.ts'
import type { KeyValueStore } from './key-value.ts'
import { contentsOf, type Row } from './record-rows.ts'

/** The least that the filter is made for. */
const filterLeast = 4_096
const hashDigits = 64
const wantedRange = { gt: 's!', lt: 's"' } as const

export class NamesByContent {
  readonly #store: KeyValueStore
  readonly #pending: ReadonlyMap<string, Row>
  /** Content -> what looks for its names just now. */
  readonly #searches = new Map<string, Set<Set<string>>>()
  /** Every content that a name here wants, and some that one wanted: most that come are new to this machine, and need no search. */
  #wanted: HashFilter | null = null
  /** True once all rows are in it; from its making on, what comes is. */
  #isFilled = false
  #filling: Promise<void> | null = null

  /** `pending`: rows whose write is under way or waiting, by name. */
  constructor(store: KeyValueStore, pending: ReadonlyMap<string, Row>) {
    this.#store = store
    this.#pending = pending
  }

  /** The names that may want each content; the caller looks at their records as they are then. */
  async of(contents: ReadonlySet<string>): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const found = new Map([...contents].map((sha256) => [sha256, new Set<string>()]))
    for (const [sha256, names] of found) this.#searches.set(sha256, (this.#searches.get(sha256) ?? new Set()).add(names))
    try {
      await this.#find(found)
    } finally {
      for (const [sha256, names] of found) {
        const searches = this.#searches.get(sha256)
        searches?.delete(names)
        if (searches?.size === 0) this.#searches.delete(sha256)
      }
    }
    return found
  }

  /** A name wants these contents from now on. */
  came(name: string, contents: Iterable<string>): void {
    for (const sha256 of contents) {
      this.#wanted?.add(sha256)
      for (const names of this.#searches.get(sha256) ?? []) names.add(name)
    }
  }

  async #find(found: ReadonlyMap<string, Set<string>>): Promise<void> {
    for (const [name, row] of this.#pending) {
      for (const sha256 of row.record ? contentsOf(row.record) : []) found.get(sha256)?.add(name)
    }
    if (!this.#isFilled || this.#wanted?.isFull) await (this.#filling ??= this.#fill().finally(() => (this.#filling = null)))
    const contents = [...found.keys()].filter((sha256) => this.#wanted?.mayHave(sha256)).sort()
    if (contents.length === 0) return
    // many of these have no name: only where there is one the others are looked for
    const firsts = await this.#store.firstKeys(contents.map((sha256) => `s!${sha256}!`))
    for (const [index, sha256] of contents.entries()) {
      const start = `s!${sha256}!`
      if (!firsts[index]?.startsWith(start)) continue
      for await (const key of this.#store.keys({ gt: start, lt: `s!${sha256}"` })) found.get(sha256)?.add(key.slice(start.length))
    }
  }

  /** At the first search, and when the filter has become too full: it is made for twice as many as there are. */
  async #fill(): Promise<void> {
    let count = 0
    for await (const _ of this.#store.keys(wantedRange)) count++
    const filter = new HashFilter(Math.max(filterLeast, 2 * count))
    this.#wanted = filter
    this.#isFilled = false
    // on their way into the database: the rows read from here on may not have them
    for (const { record } of this.#pending.values()) for (const sha256 of record ? contentsOf(record) : []) filter.add(sha256)
    for await (const key of this.#store.keys(wantedRange)) filter.add(key.slice(2, 2 + hashDigits))
    this.#isFilled = true
  }
}
