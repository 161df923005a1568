/** Which sizes the contents of the ring have, or once had: asked before each large store, when a look at every file would take a second. */

import { wantedContents } from '../protocol/record.ts'
import type { Catalogue, CatalogueFile, CatalogueWatcher } from './catalogue.ts'

const known = new WeakMap<Catalogue, KnownSizes>()

/** Whether a content of this size may be in the ring, as far as this machine knows: "no" is certain. */
export function mayHaveSize(catalogue: Catalogue, sizeBytes: number): boolean {
  const sizes = known.get(catalogue) ?? new KnownSizes(catalogue)
  known.set(catalogue, sizes)
  return sizes.has(sizeBytes)
}

class KnownSizes implements CatalogueWatcher {
  readonly #sizes = new Set<number>()

  constructor(catalogue: Catalogue) {
    for (const file of catalogue.files()) this.comes(file)
    catalogue.watch(this)
  }

  has(sizeBytes: number): boolean {
    return this.#sizes.has(sizeBytes)
  }

  comes({ record }: CatalogueFile): void {
    for (const { sizeBytes } of wantedContents(record)) this.#sizes.add(sizeBytes)
  }

  /** Another file may have the same size. */
  leaves(): void {}
}
