/**
 * Contents that are so small that a file each would cost more than their bytes. Those of many lie together in volumes (volumes.ts), and a row of
 * the machine's database says where: so the bytes of many files become durable with one write, their rows, records and the notes that they are
 * held with another.
 *
 * Keys: `z!<sha256>` its number of bytes, the block size of its manifest, its volume, its offset there.
 */

import { passOver } from '../../../shared/errors.ts'
import type { Manifest } from '../protocol/manifest.ts'
import type { Disk } from './disk.ts'
import type { KeyValueStore, WriteOperation } from './key-value.ts'
import { NumberByHash } from './number-by-hash.ts'
import { sha256Hex, sha256Of } from './sha256.ts'
import { Volumes, volumeBytes, volumesMax, type Place } from './volumes.ts'
import type { Reservation } from './space.ts'
import type { WriteEnd, WriteQueue } from './write-queue.ts'

/**
 * Contents up to this size lie in volumes. A file costs about eight system calls and two syncs whatever its size; above some tens of KB
 * that is little beside the bytes, and a file can be cloned and taken up in the middle.
 */
export const smallContentBytes = 32_768

/** Contents that are moved, or taken over from an earlier version of the program, together. */
const movedAtOnce = 256

/** Rows on their way into the database, together with others. */
export interface Placement {
  readonly operations: readonly WriteOperation[]
  readonly end: WriteEnd
}

export interface SmallContentsOptions {
  readonly disk: Disk
  /** Where the volumes are. */
  readonly folder: string
  /** Size from which on a volume does not grow, in bytes. Default, and most: `volumeBytes`. */
  readonly volumeBytes?: number
  /** Contents above this are none of these, in bytes. Default: `smallContentBytes`. */
  readonly limitBytes?: number
}

interface Row {
  readonly sizeBytes: number
  readonly blockBytes: number
  /** Null: the bytes are a row of the database, as an earlier version of the program kept them. */
  readonly place: Place | null
}

export class SmallContents {
  readonly #limitBytes: number
  readonly #store: KeyValueStore
  readonly #queue: WriteQueue
  readonly #volumes: Volumes
  /** Where each lies: see `numberOf`. */
  readonly #places = new NumberByHash()
  /** Block sizes of manifests where they are not those of most. */
  readonly #blocks = new Map<string, number>()
  /** Block size of most manifests, in bytes: of the first that was met. */
  #usualBlockBytes: number | null = null
  #tidying: Promise<void> | null = null
  /** Something was removed since it was last looked. */
  #isUntidy = false

  private constructor(store: KeyValueStore, queue: WriteQueue, opened: { readonly volumes: Volumes; readonly limitBytes: number }) {
    this.#store = store
    this.#queue = queue
    this.#volumes = opened.volumes
    this.#limitBytes = opened.limitBytes
  }

  /** Reads what is here. A row whose bytes are not there is as none: after a repair of the database, or when a volume was lost. */
  static async open(store: KeyValueStore, queue: WriteQueue, options: SmallContentsOptions): Promise<SmallContents> {
    const volumes = await Volumes.open(options.disk, options.folder, options.volumeBytes)
    const contents = new SmallContents(store, queue, { volumes, limitBytes: options.limitBytes ?? smallContentBytes })
    const inDatabase: string[] = []
    for await (const [key, value] of store.entries({ gt: 'z!', lt: 'z"' })) {
      const sha256 = key.slice(2)
      const row = decodeRow(value)
      if (row?.place && volumes.has(row.place)) {
        volumes.keep(row.place)
        contents.#note(sha256, row.place, row.blockBytes)
      } else if (row && !row.place) inDatabase.push(sha256)
    }
    await volumes.dropDead()
    await contents.#takeOver(inDatabase)
    return contents
  }

  /** Whether a content is small enough. */
  fits(manifest: Manifest): boolean {
    return manifest.sizeBytes <= this.#limitBytes && !this.#volumes.isFull
  }

  has(sha256: string): boolean {
    return this.#places.has(sha256)
  }

  /** In bytes; undefined when it is not here. */
  sizeOf(sha256: string): number | undefined {
    const number = this.#places.get(sha256)
    return number === undefined ? undefined : placeOf(number).sizeBytes
  }

  /** Hashes of what is here. What comes or goes meanwhile may be met or not. */
  hashes(): IterableIterator<string> {
    return this.#places.keys()
  }

  /** Block size of a content's manifest, in bytes; null when it is not here. */
  blockBytes(sha256: string): number | null {
    return this.has(sha256) ? (this.#blocks.get(sha256) ?? this.#usualBlockBytes) : null
  }

  /** The bytes as they are now, checked by nobody; null when there are none. */
  async bytes(sha256: string): Promise<Uint8Array | null> {
    return (await this.bytesOf([sha256]))[0] ?? null
  }

  /** As `bytes`, of many: those that lie together are read together. All of them are in memory then. */
  async bytesOf(contents: readonly string[]): Promise<(Uint8Array | null)[]> {
    const numbers = contents.map((sha256) => this.#places.get(sha256))
    const bytes = await this.#read(numbers)
    // what was moved meanwhile is read where it lies now
    const moved = numbers.map((number, index) => {
      const now = this.#places.get(contents[index] ?? '')
      return bytes[index] === null && now !== number ? now : undefined
    })
    if (moved.every((number) => number === undefined)) return bytes
    const again = await this.#read(moved)
    return bytes.map((found, index) => found ?? again[index] ?? null)
  }

  async #read(numbers: readonly (number | undefined)[]): Promise<(Uint8Array | null)[]> {
    const known = numbers.flatMap((number) => (number === undefined ? [] : [placeOf(number)]))
    const found = await this.#volumes.read(known)
    let next = 0
    return numbers.map((number) => (number === undefined ? null : (found[next++] ?? null)))
  }

  /** Whether the bytes here have the hash that is their name. */
  async verify(sha256: string): Promise<boolean> {
    const bytes = await this.bytes(sha256)
    return bytes !== null && sha256Hex(bytes) === sha256
  }

  /**
   * The row of a content whose bytes were verified, to be written with others: it is here once `end.done` was called. The bytes must not change
   * until then.
   */
  placement(manifest: Manifest, bytes: Uint8Array, room: Reservation): Placement {
    return this.#placement(manifest, bytes, {
      done: () => {
        // two that bring the same content replace one another: the bytes are the same
        if (this.has(manifest.sha256)) room.release()
        else room.keep()
        return true
      },
      failed: () => room.release(),
    })
  }

  /** `done` says whether the content is to be here. */
  #placement(
    { sha256, blockBytes }: Pick<Manifest, 'sha256' | 'blockBytes'>,
    bytes: Uint8Array,
    { done, failed }: { readonly done: () => boolean; readonly failed: () => void },
  ): Placement {
    const { place, written, keep, cancel } = this.#volumes.append(bytes)
    return {
      operations: [{ type: 'put', key: `z!${sha256}`, value: encodeRow(place, blockBytes) }],
      end: {
        ready: () => written,
        done: () => {
          if (!done()) {
            cancel()
            return
          }
          keep()
          this.#release(sha256)
          this.#note(sha256, place, blockBytes)
        },
        announce: () => undefined,
        failed: () => {
          cancel()
          failed()
        },
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
    this.#release(sha256)
    this.#places.delete(sha256)
    this.#blocks.delete(sha256)
    await this.#queue.write([{ type: 'del', key: `z!${sha256}` }])
    this.#tidySoon()
  }

  /** Resolves when nothing is being moved. */
  async settled(): Promise<void> {
    await this.#tidying
  }

  #note(sha256: string, place: Place, blockBytes: number): void {
    this.#usualBlockBytes ??= blockBytes
    this.#places.set(sha256, numberOf(place))
    if (blockBytes === this.#usualBlockBytes) this.#blocks.delete(sha256)
    else this.#blocks.set(sha256, blockBytes)
  }

  #release(sha256: string): void {
    const number = this.#places.get(sha256)
    if (number !== undefined) this.#volumes.release(placeOf(number))
  }

  /** Lets go of volumes that are mostly dead. Whatever fails, on a full disk above all, is tried again at the next removal. */
  #tidySoon(): void {
    this.#isUntidy = true
    this.#tidying ??= this.#tidy()
      .catch(passOver)
      .finally(() => (this.#tidying = null))
  }

  async #tidy(): Promise<void> {
    while (this.#isUntidy) {
      this.#isUntidy = false
      const dead = new Set(this.#volumes.mostlyDead())
      // one walk for all of them: there may be many contents
      const contents: string[] = []
      if (dead.size > 0) for (const [sha256, number] of this.#places) if (dead.has(placeOf(number).volume)) contents.push(sha256)
      for (let at = 0; at < contents.length; at += movedAtOnce) await this.#move(contents.slice(at, at + movedAtOnce))
      await this.#volumes.dropDead()
    }
  }

  /** The bytes go as they are, damaged or not: whoever reads them finds out. */
  async #move(contents: readonly string[]): Promise<void> {
    const before = contents.map((sha256) => this.#places.get(sha256))
    const bytes = await this.bytesOf(contents)
    const placements = contents.flatMap((sha256, index) => {
      const [blockBytes, found] = [this.blockBytes(sha256), bytes[index]]
      // gone, or brought again, meanwhile
      if (blockBytes === null || !found || this.#places.get(sha256) !== before[index]) return []
      // removed while it was written: the row is removed after this one, too
      return [this.#placement({ sha256, blockBytes }, found, { done: () => this.has(sha256), failed: () => undefined })]
    })
    await this.#writeAll(placements)
  }

  async #writeAll(placements: readonly Placement[]): Promise<void> {
    await Promise.all(placements.map(({ operations, end }) => this.#queue.write(operations, end)))
  }

  /** Bytes that are rows of the database get a place. Those that find no room stay what they are; AppError('disk-full') then. */
  async #takeOver(contents: readonly string[]): Promise<void> {
    for (let at = 0; at < contents.length; at += movedAtOnce) {
      const placements = contents.slice(at, at + movedAtOnce).flatMap((sha256): Placement[] => {
        const bytes = this.#store.getBytesSync(`k!${sha256}`)
        const row = decodeRow(this.#store.getSync(`z!${sha256}`) ?? '')
        if (!bytes || !row) return []
        const content = { sha256, blockBytes: row.blockBytes }
        const { operations, end } = this.#placement(content, bytes, { done: () => true, failed: () => undefined })
        // with its place, or not at all
        return [{ operations: [...operations, { type: 'del', key: `k!${sha256}` }], end }]
      })
      await this.#writeAll(placements)
    }
  }
}

const sizeBits = 2 ** 16
const offsetBits = 2 ** 23

/** A place as one number: 14 bits of the volume, 23 of the offset, 16 of the size. Offsets are below `volumeBytes`, 2^23. */
function numberOf({ volume, offsetBytes, sizeBytes }: Place): number {
  return (volume * offsetBits + offsetBytes) * sizeBits + sizeBytes
}

function placeOf(number: number): Place {
  const rest = Math.floor(number / sizeBits)
  return { volume: Math.floor(rest / offsetBits), offsetBytes: rest % offsetBits, sizeBytes: number % sizeBits }
}

function encodeRow({ volume, offsetBytes, sizeBytes }: Place, blockBytes: number): string {
  return `${sizeBytes} ${blockBytes} ${volume} ${offsetBytes}`
}

/** A row that cannot be read is as none: the content is missed, and brought again. */
function decodeRow(text: string): Row | null {
  const [sizeBytes = NaN, blockBytes = NaN, volume, offsetBytes] = text.split(' ').map(Number)
  if (!isBelow(sizeBytes, sizeBits) || !isBelow(blockBytes, Number.MAX_SAFE_INTEGER) || blockBytes === 0) return null
  if (volume === undefined) return { sizeBytes, blockBytes, place: null }
  if (!isBelow(volume, volumesMax) || offsetBytes === undefined || !isBelow(offsetBytes, volumeBytes)) return null
  return { sizeBytes, blockBytes, place: { volume, offsetBytes, sizeBytes } }
}

function isBelow(value: number, end: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value < end
}

/** The manifest of these bytes. */
export function manifestOfBytes(bytes: Uint8Array, blockBytes: number): Manifest {
  const hashes: Buffer[] = []
  for (let at = 0; at < bytes.length; at += blockBytes) hashes.push(sha256Of(bytes.subarray(at, at + blockBytes)))
  const sha256 = sha256Hex(bytes)
  return { sizeBytes: bytes.length, blockBytes, sha256, blockHashes: new Uint8Array(Buffer.concat(hashes)) }
}
