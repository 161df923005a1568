/**
 * Verified writing of one content into an open file: each block is checked against its hash before it touches the disk. Blocks come
 * in any order, several at once. Blocks of zeros are not wanted from anybody: they stay holes in the file. The whole hash is not made again: block by block the bytes are those of whoever made the manifest,
 * and a version's record names that manifest by its hash.
 */

import { AppError } from '../../../shared/errors.ts'
import { blockCount, blockHash, blockLength } from '../protocol/manifest.ts'
import type { Manifest } from '../protocol/manifest.ts'
import { releaseBlock, takeBlock } from './blocks.ts'
import type { DiskFile } from './disk.ts'
import { blockDigest } from './hash-threads.ts'
import { sha256Of } from './sha256.ts'

/** Sizes of blocks whose hash of zeros is remembered: whoever makes manifests chooses the size. */
const zeroHashesMax = 16

export class BlockWriter {
  readonly manifest: Manifest
  readonly #file: DiskFile
  readonly #count: number
  /** Of each block: 0 = missing, 1 = on its way to the disk or there. */
  readonly #have: Uint8Array
  /** The last write, and with it all before: a system takes one write to a file at a time, and others would only spin for their turn. */
  #writing: Promise<void> = Promise.resolve()
  readonly #onWritten: (bytes: number) => void
  readonly #zeroHash: Uint8Array
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
    this.#zeroHash = zeroHash(manifest.blockBytes)
    for (let index = 0; index < this.#count; index++) if (this.#isHole(index)) this.#mark(index)
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
    await this.#write(block, index * this.manifest.blockBytes)
    this.#onWritten(block.length)
  }

  /** All blocks are in the file already, and were checked on their way there. */
  assumeWritten(): void {
    this.#have.fill(1)
    this.#missing = 0
  }

  /** Takes over blocks that are in the file already, from an interrupted earlier try. */
  async adopt(): Promise<void> {
    const buffer = takeBlock(Math.min(this.manifest.blockBytes, this.manifest.sizeBytes))
    for (let index = 0; index < this.#count; index++) {
      const position = index * this.manifest.blockBytes
      const block = buffer.subarray(0, blockLength(this.manifest, index))
      if ((await this.#file.read(block, position)) < block.length) break
      const isGood = await matches(this.manifest, index, block)
      if (this.#isHole(index)) {
        if (!isGood) await this.#file.write(block.fill(0), position)
      } else if (isGood && this.#mark(index)) this.#onWritten(block.length)
    }
    releaseBlock(buffer)
  }

  /** The bytes of a block that is here. */
  async readBlock(index: number): Promise<Buffer> {
    const block = takeBlock(blockLength(this.manifest, index))
    // the end of the file may be a hole still
    const filled = await this.#file.read(block, index * this.manifest.blockBytes)
    return filled < block.length ? block.fill(0, filled) : block
  }

  /** Every block is here and on the disk: else AppError('corrupt'). Synced when it resolves. */
  async finish(): Promise<void> {
    this.#assertUsable()
    await this.drain()
    if (this.#missing > 0) throw new AppError('corrupt', `${this.#missing} of ${this.#count} blocks are missing`)
    this.#ended = true
    // a hole at the end needs its last byte, or the file would be too short
    if (this.#isHole(this.#count - 1)) await this.#file.write(new Uint8Array(1), this.manifest.sizeBytes - 1)
    await this.#file.sync()
  }

  /** Waits for the disk; throws what it threw. */
  async drain(): Promise<void> {
    await this.#writing
    if (this.#failure) throw this.#failure
  }

  /** No more is taken; waits for what is under way and throws nothing. The file is the caller's to close. */
  async stop(): Promise<void> {
    this.#ended = true
    await this.drain().catch(() => undefined)
  }

  /** One write after the other; the failure of one is that of the whole content. */
  async #write(block: Uint8Array, position: number): Promise<void> {
    const write = this.#writing.then(async () => {
      if (!this.#failure) await this.#file.write(block, position)
    })
    this.#writing = write.catch((thrown: unknown) => {
      this.#failure ??= thrown instanceof AppError ? thrown : new AppError('internal', String(thrown))
    })
    await this.#writing
    if (this.#failure) throw this.#failure
  }

  /** False when another has it. */
  #mark(index: number): boolean {
    if (this.#have[index] === 1) return false
    this.#have[index] = 1
    this.#missing--
    return true
  }

  #isHole(index: number): boolean {
    const isWhole = index >= 0 && blockLength(this.manifest, index) === this.manifest.blockBytes
    return isWhole && Buffer.compare(blockHash(this.manifest, index), this.#zeroHash) === 0
  }

  #assertUsable(): void {
    if (this.#failure) throw this.#failure
    if (this.#ended) throw new AppError('cancelled', 'This file is finished or given up')
  }

  #corrupt(index: number): AppError {
    return new AppError('corrupt', `Block ${index} does not match its hash`, { sha256: this.manifest.sha256, block: String(index) })
  }
}

const zeroHashes = new Map<number, Uint8Array>()

/** SHA-256 of so many zeros. Manifests have few sizes of blocks. */
function zeroHash(lengthBytes: number): Uint8Array {
  const known = zeroHashes.get(lengthBytes)
  if (known) return known
  if (zeroHashes.size >= zeroHashesMax) zeroHashes.clear()
  const hash = sha256Of(new Uint8Array(lengthBytes))
  zeroHashes.set(lengthBytes, hash)
  return hash
}

/** Does `block` have the hash that the manifest says? */
export async function matches(manifest: Manifest, index: number, block: Uint8Array): Promise<boolean> {
  return Buffer.compare(await blockDigest(block), blockHash(manifest, index)) === 0
}
