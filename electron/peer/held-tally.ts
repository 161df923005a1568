/**
 * How many files, of how many bytes, lie on the same machines. Kept up to date change by change: the sentence about safety is said anew four
 * times a second while files come, and a look at each of a hundred thousand would take a second. It grows with the sets of machines, not
 * with the files.
 */

import { heldFile } from './file-views.ts'
import type { HeldFile } from './ring/safety.ts'
import type { Catalogue, CatalogueFile } from './transfer/catalogue.ts'

/** The name is that of one of them. */
export interface HeldGroup extends HeldFile {
  files: number
  /** Of the current versions. */
  sizeBytes: number
}

export class HeldTally {
  readonly #groups = new Map<string, HeldGroup>()

  /** Follows the catalogue as long as that is there. */
  constructor(catalogue: Catalogue) {
    for (const file of catalogue.files()) this.#add(file, 1)
    catalogue.watch({ leaves: (file) => this.#add(file, -1), comes: (file) => this.#add(file, 1) })
  }

  groups(): Iterable<HeldGroup> {
    return this.#groups.values()
  }

  #add(file: CatalogueFile, files: 1 | -1): void {
    const held = heldFile(file)
    if (!held) return
    const contents = held.contents.map((holders) => [...holders].sort())
    const key = contents.map((holders) => holders.join()).join(' ')
    const group = this.#groups.get(key) ?? { name: held.name, contents, files: 0, sizeBytes: 0 }
    group.files += files
    group.sizeBytes += files * held.current.sizeBytes
    if (group.files > 0) this.#groups.set(key, group)
    else this.#groups.delete(key)
  }
}
