/**
 * Blocks of a content that comes in which this machine has already, in other versions of the same name: they need not travel. What is
 * read here is checked against its hash like what travelled.
 */

import type { ContentStore } from '../disk/content-store.ts'
import { blockCount, blockHash, type Manifest } from '../protocol/manifest.ts'

export interface LookIn {
  /** Indexes, ascending. */
  readonly missing: Iterable<number>
  readonly others: Iterable<string>
}

interface Source {
  readonly manifest: Manifest
  /** Index in the new content -> index in this one. */
  readonly blocks: Map<number, number>
}

export class LocalBlocks {
  readonly #contents: ContentStore
  readonly #sources: readonly Source[]
  /** Readers of each source, one block ahead. */
  readonly #reading = new Map<Source, AsyncIterator<Buffer>>()

  private constructor(contents: ContentStore, sources: readonly Source[]) {
    this.#contents = contents
    this.#sources = sources
  }

  /** Looks through the contents `others`, by their SHA-256, for the `missing` blocks of `manifest`. */
  static async find(contents: ContentStore, manifest: Manifest, from: LookIn): Promise<LocalBlocks> {
    const { missing, others } = from
    const sources: Source[] = []
    const found = new Set<number>()
    for (const sha256 of others) {
      // a damaged older version is no help, and no reason to refuse the new one
      const other = sha256 === manifest.sha256 ? null : await contents.manifest(sha256).catch(() => null)
      if (other?.blockBytes !== manifest.blockBytes) continue
      const blocks = blocksIn(
        other,
        manifest,
        [...missing].filter((index) => !found.has(index)),
      )
      for (const index of blocks.keys()) found.add(index)
      if (blocks.size > 0) sources.push({ manifest: other, blocks })
    }
    return new LocalBlocks(contents, sources)
  }

  has(index: number): boolean {
    return this.#sources.some(({ blocks }) => blocks.has(index))
  }

  /** The SHA-256 of the content that a block comes from, or null when it has not got the block. */
  sourceOf(index: number): string | null {
    return this.#sources.find(({ blocks }) => blocks.has(index))?.manifest.sha256 ?? null
  }

  /** The bytes of a block that it has; each is to be asked for once, in ascending order. Throws as reading a content does. */
  async read(index: number): Promise<Buffer> {
    const source = this.#sources.find(({ blocks }) => blocks.has(index))
    if (!source) throw new RangeError(`no block ${index} here`)
    let reading = this.#reading.get(source)
    if (!reading) {
      reading = this.#contents.readBlocks(source.manifest, source.blocks.values())[Symbol.asyncIterator]()
      this.#reading.set(source, reading)
    }
    const next = await reading.next()
    return next.value as Buffer
  }

  /** Closes what it reads from. */
  async close(): Promise<void> {
    for (const reading of this.#reading.values()) await reading.return?.()
  }
}

/** Where those blocks of `manifest` lie in `other`. */
function blocksIn(other: Manifest, manifest: Manifest, missing: readonly number[]): Map<number, number> {
  const places = new Map<string, number>()
  const count = blockCount(other.sizeBytes, other.blockBytes)
  for (let index = 0; index < count; index++) places.set(nameOf(blockHash(other, index)), index)
  const blocks = new Map<number, number>()
  for (const index of missing) {
    const place = places.get(nameOf(blockHash(manifest, index)))
    if (place !== undefined) blocks.set(index, place)
  }
  return blocks
}

function nameOf(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('latin1')
}
