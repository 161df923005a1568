/**
 * Verified writing of one content into an open file: each block is checked against its hash before it touches the disk. Blocks come
 * in any order, several at once. The whole hash is not made again: block by block the bytes are those of whoever made the manifest,
 * and a version's record names that manifest by its hash.
 */

import { AppError } from '../../../shared/errors.ts'
import { blockCount, blockHash, blockLength } from '../protocol/manifest.ts'
import type { Manifest } from '../protocol/manifest.ts'
import type { DiskFile } from './disk.ts'
import { blockDigest, releaseBlock, takeBlock } from './hash-threads.ts'

export class BlockWriter {
  readonly manifest: Manifest
  readonly #file: DiskFile
  readonly #count: number
  /** Of each block: 0 = missing, 1 = on its way to the disk or there. */
  readonly #have: Uint8Array
  readonly #writes = new Set<Promise<void>>()
  readonly #onWritten: (bytes: number) => void
  #missing: number
  #failure: AppError | null = null
  #ended = false

  constructor(file: DiskFile, manifest: Manifest, onWritten: (bytes: number) => void = () => undefined) {
    this.#file = file
    this.manifest = manifest
    this.#onWritten = onWritten
    this.#count = blockCount(manifest.sizeBytes, manifest.blockBytes)
    this.#have = new Uint8Array(this.#count)
    this.#missing = this.#count
  }

  /** Blocks that are not here yet, in order. */
  missingBlocks(): number[] {
    const missing: number[] = []
    for (let index = 0; index < this.#count; index++) if (this.#have[index] === 0) missing.push(index)
    return missing
  }

  /**
   * One whole block at its place: resolves when it is written, and `block` may be used again. A block that is here already is no error.
   * AppError('corrupt') when it is not what it should be, after which other blocks may still come; a disk's error is the end.
   */
  async writeBlock(index: number, block: Uint8Array): Promise<void> {
    this.#assertUsable()
    if (!Number.isInteger(index) || index < 0 || index >= this.#count) throw new AppError('corrupt', `No block ${index} in this content`)
    if (block.length !== blockLength(this.manifest, index)) throw new AppError('corrupt', `Block ${index} has a wrong length`)
    if (this.#have[index] === 1) return
    if (!(await matches(this.manifest, index, block))) throw this.#corrupt(index)
    this.#assertUsable()
    if (!this.#mark(index)) return
    await this.#track(this.#file.write(block, index * this.manifest.blockBytes))
    this.#onWritten(block.length)
  }

  /** Takes over blocks that are in the file already, from an interrupted earlier try. Result: blocks found good. */
  async adopt(): Promise<number> {
    const buffer = takeBlock(Math.min(this.manifest.blockBytes, this.manifest.sizeBytes))
    let good = 0
    for (let index = 0; index < this.#count; index++) {
      const block = buffer.subarray(0, blockLength(this.manifest, index))
      if ((await this.#file.read(block, index * this.manifest.blockBytes)) < block.length) break
      if (!(await matches(this.manifest, index, block)) || !this.#mark(index)) continue
      this.#onWritten(block.length)
      good++
    }
    releaseBlock(buffer)
    return good
  }

  /** Every block is here and on the disk: else AppError('corrupt'). Synced when it resolves. */
  async finish(): Promise<void> {
    this.#assertUsable()
    await this.drain()
    if (this.#missing > 0) throw new AppError('corrupt', `${this.#missing} of ${this.#count} blocks are missing`)
    this.#ended = true
    await this.#file.sync()
  }

  /** Waits for the disk; throws what it threw. */
  async drain(): Promise<void> {
    await Promise.allSettled(this.#writes)
    if (this.#failure) throw this.#failure
  }

  /** No more is taken; waits for what is under way and throws nothing. The file is the caller's to close. */
  async stop(): Promise<void> {
    this.#ended = true
    await this.drain().catch(() => undefined)
  }

  /** Waits for a write; its failure is that of the whole content. */
  async #track(write: Promise<void>): Promise<void> {
    this.#writes.add(write)
    try {
      await write
    } catch (thrown) {
      this.#failure ??= thrown instanceof AppError ? thrown : new AppError('internal', String(thrown))
      throw this.#failure
    } finally {
      this.#writes.delete(write)
    }
  }

  /** False when another has it. */
  #mark(index: number): boolean {
    if (this.#have[index] === 1) return false
    this.#have[index] = 1
    this.#missing--
    return true
  }

  #assertUsable(): void {
    if (this.#failure) throw this.#failure
    if (this.#ended) throw new AppError('cancelled', 'This file is finished or given up')
  }

  #corrupt(index: number): AppError {
    return new AppError('corrupt', `Block ${index} does not match its hash`, { sha256: this.manifest.sha256, block: String(index) })
  }
}

/** Does `block` have the hash that the manifest says? */
export async function matches(manifest: Manifest, index: number, block: Uint8Array): Promise<boolean> {
  return Buffer.compare(await blockDigest(block), blockHash(manifest, index)) === 0
}
