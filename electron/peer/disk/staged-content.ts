/**
 * Bytes of a content that came before its manifest did: written as they come, and hashed block by block, so that the manifest can be told
 * from any other once it is known.
 */

import { AppError } from '../../../shared/errors.ts'
import { blockCount, hashBytes } from '../protocol/manifest.ts'
import type { DiskFile } from './disk.ts'
import { blockDigest } from './hash-threads.ts'
import { sha256Hex } from './sha256.ts'
import type { Reservation } from './space.ts'

/** Where the bytes lie, and the room they take. */
export interface StagedPlace {
  readonly path: string
  readonly reservation: Reservation
}

export interface StagedEnd {
  /** The file is closed, and found again by the hash of its block hashes. */
  readonly keep: (key: string) => void
  readonly discard: () => Promise<void>
}

export class StagedContent {
  readonly #file: DiskFile
  readonly #blockBytes: number
  readonly #sizeBytes: number
  readonly #end: StagedEnd
  readonly #reservation: Reservation
  readonly #hashes: Uint8Array
  #writtenBytes = 0
  #ended = false

  constructor(file: DiskFile, size: { readonly sizeBytes: number; readonly blockBytes: number }, end: StagedEnd & StagedPlace) {
    this.#file = file
    this.#sizeBytes = size.sizeBytes
    this.#blockBytes = size.blockBytes
    this.#hashes = new Uint8Array(blockCount(size.sizeBytes, size.blockBytes) * hashBytes)
    this.#end = end
    this.#reservation = end.reservation
  }

  /** One whole block at its place: resolves when it is hashed and written. Several at once. Throws as a disk does. */
  async writeBlock(index: number, block: Uint8Array): Promise<void> {
    const [hash] = await Promise.all([blockDigest(block), this.#file.write(block, index * this.#blockBytes)])
    this.#hashes.set(hash, index * hashBytes)
    this.#writtenBytes += block.length
    this.#reservation.wrote(block.length)
  }

  /** All blocks are here: from now on whoever brings their manifest finds them. Not synced: what takes them over does that. */
  async finish(): Promise<string> {
    if (this.#writtenBytes !== this.#sizeBytes) throw new AppError('corrupt', 'Blocks are missing')
    this.#ended = true
    await this.#file.close()
    const key = stagedKey(this.#hashes)
    this.#end.keep(key)
    return key
  }

  /** Gives up: nothing stays. Harmless after `finish`. */
  async abort(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    await this.#file.close().catch(() => undefined)
    await this.#end.discard()
  }
}

/** What a staged content is found by. */
export function stagedKey(blockHashes: Uint8Array): string {
  return sha256Hex(blockHashes)
}
