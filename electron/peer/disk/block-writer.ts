/**
 * Verified writing of one content into an open file: each block is checked against its hash before it touches the disk,
 * the whole hash follows along the finished beginning. Bytes come in sequence or as whole blocks in any order.
 * Disk writes run behind the hashing, a few blocks at most, so memory stays at `writesBehind + 1` blocks a file.
 */

import { createHash, webcrypto } from 'node:crypto'
import { assert } from '../../../shared/assert.ts'
import { AppError } from '../../../shared/errors.ts'
import { blockCount, blockHash, blockLength } from '../protocol/manifest.ts'
import type { Manifest } from '../protocol/manifest.ts'
import type { DiskFile } from './disk.ts'

/** Blocks being written to the disk while the next one is taken. More hides a slower disk and costs a block of memory each. */
const writesBehind = 3

export class BlockWriter {
  readonly manifest: Manifest
  readonly #file: DiskFile
  readonly #count: number
  readonly #have: Uint8Array
  readonly #whole = createHash('sha256')
  readonly #writes = new Set<Promise<void>>()
  readonly #onWritten: (bytes: number) => void
  #missing: number
  /** Blocks that the whole hash has taken in. */
  #hashed = 0
  #catchingUp: Promise<void> | null = null
  /** Position of sequential writing. */
  #position = 0
  #block: Buffer | null = null
  /** Whole blocks' buffers that are written: fresh memory for each block costs more than filling it. */
  readonly #spare: Buffer[] = []
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

  /** Sequential bytes in chunks of any size. The chunk may be used again once this resolves. */
  async write(chunk: Uint8Array): Promise<void> {
    this.#assertUsable()
    if (this.#position + chunk.length > this.manifest.sizeBytes) throw this.#fail('More bytes than the manifest says')
    let taken = 0
    while (taken < chunk.length) {
      const index = Math.floor(this.#position / this.manifest.blockBytes)
      const within = this.#position - index * this.manifest.blockBytes
      const length = blockLength(this.manifest, index)
      const block = (this.#block ??= this.#spare.pop()?.subarray(0, length) ?? Buffer.allocUnsafe(length))
      const count = Math.min(chunk.length - taken, length - within)
      block.set(chunk.subarray(taken, taken + count), within)
      taken += count
      this.#position += count
      if (within + count < length) continue
      this.#block = null
      await this.#takeNext(index, block)
    }
  }

  /** One whole block at its place; a block that is here already is no error. `block` must not be changed afterwards. */
  async writeBlock(index: number, block: Uint8Array): Promise<void> {
    this.#assertUsable()
    if (!Number.isInteger(index) || index < 0 || index >= this.#count) throw new AppError('corrupt', `No block ${index} in this content`)
    if (block.length !== blockLength(this.manifest, index)) throw new AppError('corrupt', `Block ${index} has a wrong length`)
    await this.#take(index, block)
  }

  /** Takes over blocks that are in the file already, from an interrupted earlier try. Result: blocks found good. */
  async adopt(): Promise<number> {
    const buffer = Buffer.allocUnsafe(Math.min(this.manifest.blockBytes, this.manifest.sizeBytes))
    let good = 0
    for (let index = 0; index < this.#count; index++) {
      const block = buffer.subarray(0, blockLength(this.manifest, index))
      if ((await this.#file.read(block, index * this.manifest.blockBytes)) < block.length) break
      if (!(await matches(this.manifest, index, block))) continue
      this.#mark(index, block)
      this.#onWritten(block.length)
      good++
    }
    return good
  }

  /** Every block is here, matches the whole hash and is on the disk: else AppError('corrupt'). Synced when it resolves. */
  async finish(): Promise<void> {
    this.#assertUsable()
    await this.drain()
    if (this.#missing > 0) throw new AppError('corrupt', `${this.#missing} of ${this.#count} blocks are missing`)
    await this.#catchUp()
    if (this.#failure) throw this.#failure
    assert(this.#hashed === this.#count, 'every block is in the whole hash')
    this.#ended = true
    if (this.#whole.digest('hex') !== this.manifest.sha256) throw this.#fail('The blocks do not make up the content')
    await this.#file.sync()
  }

  /** Waits for the disk; throws what it threw. */
  async drain(): Promise<void> {
    await Promise.allSettled(this.#writes)
    await this.#catchingUp
    if (this.#failure) throw this.#failure
  }

  /** No more is taken; waits for what is under way and throws nothing. The file is the caller's to close. */
  async stop(): Promise<void> {
    this.#ended = true
    await this.drain().catch(() => undefined)
  }

  async #take(index: number, block: Uint8Array): Promise<void> {
    if (!(await matches(this.manifest, index, block))) throw this.#corrupt(index)
    this.#assertUsable()
    if (this.#have[index] === 1) return
    await this.#keep(index, block, () => undefined)
  }

  /** The next block in sequence: a wrong one is the end, so the whole hash need not wait for the block's. */
  async #takeNext(index: number, block: Buffer): Promise<void> {
    const matching = matches(this.manifest, index, block)
    if (index === this.#hashed && !this.#catchingUp) {
      this.#whole.update(block)
      this.#hashed++
    }
    if (!(await matching)) {
      this.#failure ??= this.#corrupt(index)
      throw this.#failure
    }
    this.#assertUsable()
    if (this.#have[index] === 1) return
    await this.#keep(index, block, () => {
      if (block.length === this.manifest.blockBytes) this.#spare.push(block)
    })
  }

  async #keep(index: number, block: Uint8Array, written: () => void): Promise<void> {
    const work = this.#file.write(block, index * this.manifest.blockBytes).then(
      () => {
        this.#writes.delete(work)
        written()
        this.#onWritten(block.length)
        // a block that came ahead of others is hashed once it is its turn
        if (this.#have[this.#hashed] === 1) void this.#catchUp()
      },
      (thrown: unknown) => {
        this.#writes.delete(work)
        this.#failure ??= thrown instanceof AppError ? thrown : new AppError('internal', String(thrown))
      },
    )
    this.#writes.add(work)
    this.#mark(index, block)
    while (this.#writes.size > writesBehind) await Promise.race(this.#writes)
    if (this.#failure) throw this.#failure
  }

  #mark(index: number, block: Uint8Array): void {
    this.#have[index] = 1
    this.#missing--
    if (index !== this.#hashed || this.#catchingUp) return
    this.#whole.update(block)
    this.#hashed++
  }

  /** Hashes blocks that arrived out of turn, from the disk: keeping them in memory would have no bound. */
  #catchUp(): Promise<void> {
    this.#catchingUp ??= this.#hashFromDisk().finally(() => {
      this.#catchingUp = null
    })
    return this.#catchingUp
  }

  async #hashFromDisk(): Promise<void> {
    try {
      const buffer = Buffer.allocUnsafe(Math.min(this.manifest.blockBytes, this.manifest.sizeBytes))
      while (this.#hashed < this.#count && this.#have[this.#hashed] === 1) {
        // a block is marked before its write is through
        await Promise.all(this.#writes)
        const block = buffer.subarray(0, blockLength(this.manifest, this.#hashed))
        await this.#file.read(block, this.#hashed * this.manifest.blockBytes)
        this.#whole.update(block)
        this.#hashed++
      }
    } catch (thrown) {
      this.#failure ??= thrown instanceof AppError ? thrown : new AppError('internal', String(thrown))
    }
  }

  #assertUsable(): void {
    if (this.#failure) throw this.#failure
    if (this.#ended) throw new AppError('cancelled', 'This file is finished or given up')
  }

  #corrupt(index: number): AppError {
    return new AppError('corrupt', `Block ${index} does not match its hash`, { sha256: this.manifest.sha256, block: String(index) })
  }

  #fail(message: string): AppError {
    this.#failure = new AppError('corrupt', message, { sha256: this.manifest.sha256 })
    return this.#failure
  }
}

/** Blocks from this size on are hashed on another thread: below it the way there costs more, in bytes. */
const otherThreadBytes = 262_144

/** SHA-256 of a block; a large one's is made on another thread while the caller goes on. */
export async function blockDigest(block: Uint8Array): Promise<Uint8Array> {
  if (block.length < otherThreadBytes) return createHash('sha256').update(block).digest()
  return new Uint8Array(await webcrypto.subtle.digest('SHA-256', block))
}

/** Does `block` have the hash that the manifest says? */
export async function matches(manifest: Manifest, index: number, block: Uint8Array): Promise<boolean> {
  return Buffer.compare(await blockDigest(block), blockHash(manifest, index)) === 0
}
