/**
 * Contents that are so small that a file each would cost more than their bytes: rows of the machine's database, so that the bytes of many
 * files, their records and the note that they are held become durable in one synced batch.
 *
 * Keys: `k!<sha256>` the bytes · `z!<sha256>` their number and the block size of the manifest, read at a start without reading the bytes.
 */

import { createHash } from 'node:crypto'
import type { Manifest } from '../protocol/manifest.ts'
import type { KeyValueStore, WriteOperation } from './key-value.ts'
import { NumberByHash } from './number-by-hash.ts'
import type { Reservation } from './space.ts'
import type { WriteEnd, WriteQueue } from './write-queue.ts'

/**
 * Contents up to this size are rows. A file costs about eight system calls and two syncs whatever its size; above some tens of KB the
 * database's own copying (log, then levels) costs more than that.
 */
export const smallContentBytes = 32_768

/** Rows on their way into the database, together with others. */
export interface Placement {
  readonly operations: readonly WriteOperation[]
  readonly end: WriteEnd
}

interface Size {
  readonly sizeBytes: number
  readonly blockBytes: number
}

export class SmallContents {
  /** Contents above this are none of these, in bytes. */
  readonly #limitBytes: number
  readonly #store: KeyValueStore
  readonly #queue: WriteQueue
  readonly #sizes = new NumberByHash()
  /** Block sizes of manifests where they are not those of most. */
  readonly #blocks = new Map<string, number>()
  /** Block size of most manifests, in bytes: of the first that was met. */
  #usualBlockBytes: number | null = null

  private constructor(store: KeyValueStore, queue: WriteQueue, limitBytes: number) {
    this.#store = store
    this.#queue = queue
    this.#limitBytes = limitBytes
  }

  /** Reads what is here; after a repair of the database, what lost its bytes is not. */
  static async open(
    store: KeyValueStore,
    queue: WriteQueue,
    options: { limitBytes?: number; repaired?: boolean } = {},
  ): Promise<SmallContents> {
    const contents = new SmallContents(store, queue, options.limitBytes ?? smallContentBytes)
    const present = new Set<string>()
    if (options.repaired) for await (const key of store.keys({ gt: 'k!', lt: 'k"' })) present.add(key.slice(2))
    for await (const [key, value] of store.entries({ gt: 'z!', lt: 'z"' })) {
      const sha256 = key.slice(2)
      const size = decodeSize(value)
      if (size && (!options.repaired || present.has(sha256))) contents.#note(sha256, size)
    }
    return contents
  }

  /** Whether a content is small enough. */
  fits(manifest: Manifest): boolean {
    return manifest.sizeBytes <= this.#limitBytes
  }

  /** Contents here and their sizes in bytes. */
  get sizes(): Pick<NumberByHash, 'keys' | 'has' | 'get' | typeof Symbol.iterator> {
    return this.#sizes
  }

  /** Block size of a content's manifest, in bytes; null when it is not here. */
  blockBytes(sha256: string): number | null {
    return this.#sizes.has(sha256) ? (this.#blocks.get(sha256) ?? this.#usualBlockBytes) : null
  }

  /** The bytes as they are now, checked by nobody; null when there are none. */
  bytes(sha256: string): Uint8Array | null {
    return (this.#sizes.has(sha256) ? this.#store.getBytesSync(`k!${sha256}`) : undefined) ?? null
  }

  /** Whether the bytes here have the hash that is their name. */
  verify(sha256: string): boolean {
    const bytes = this.bytes(sha256)
    return bytes !== null && sha256Of(bytes).toString('hex') === sha256
  }

  /** The rows of a content whose bytes were verified, to be written with others: it is here once `end.done` was called. */
  placement(manifest: Manifest, bytes: Uint8Array, room: Reservation): Placement {
    const { sha256 } = manifest
    return {
      operations: [
        { type: 'put', key: `k!${sha256}`, value: bytes },
        { type: 'put', key: `z!${sha256}`, value: `${manifest.sizeBytes} ${manifest.blockBytes}` },
      ],
      end: {
        done: () => {
          // two that bring the same content replace one another: the bytes are the same
          if (this.#sizes.has(sha256)) room.release()
          else room.keep()
          this.#note(sha256, manifest)
        },
        announce: () => undefined,
        failed: () => room.release(),
      },
    }
  }

  /** Durable once it resolves. AppError('disk-full') among others. */
  put(manifest: Manifest, bytes: Uint8Array, room: Reservation): Promise<void> {
    const { operations, end } = this.placement(manifest, bytes, room)
    return this.#queue.write(operations, end)
  }

  /** Durable once it resolves. */
  async remove(sha256: string): Promise<void> {
    this.#sizes.delete(sha256)
    this.#blocks.delete(sha256)
    const operations = ['k!', 'z!'].map((prefix): WriteOperation => ({ type: 'del', key: prefix + sha256 }))
    await this.#queue.write(operations, { done: () => undefined, announce: () => undefined, failed: () => undefined })
  }

  #note(sha256: string, { sizeBytes, blockBytes }: Size): void {
    this.#usualBlockBytes ??= blockBytes
    this.#sizes.set(sha256, sizeBytes)
    if (blockBytes === this.#usualBlockBytes) this.#blocks.delete(sha256)
    else this.#blocks.set(sha256, blockBytes)
  }
}

/** A row that cannot be read is as none: the content is missed, and brought again. */
function decodeSize(text: string): Size | null {
  const [sizeBytes = NaN, blockBytes = NaN] = text.split(' ').map(Number)
  const isSize = Number.isSafeInteger(sizeBytes) && sizeBytes >= 0 && Number.isSafeInteger(blockBytes) && blockBytes > 0
  return isSize ? { sizeBytes, blockBytes } : null
}

/** The manifest of these bytes. */
export function manifestOfBytes(bytes: Uint8Array, blockBytes: number): Manifest {
  const hashes: Buffer[] = []
  for (let at = 0; at < bytes.length; at += blockBytes) hashes.push(sha256Of(bytes.subarray(at, at + blockBytes)))
  const sha256 = sha256Of(bytes).toString('hex')
  return { sizeBytes: bytes.length, blockBytes, sha256, blockHashes: new Uint8Array(Buffer.concat(hashes)) }
}

function sha256Of(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
