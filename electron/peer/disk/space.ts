/**
 * How many bytes the ring may use here. Offered: what the person set, or half of what would be free without our copies;
 * either way a floor stays free: 5 GB, on disks under 50 GB a tenth. Room is reserved before the first byte comes.
 */

import { AppError } from '../../../shared/errors.ts'
import type { Disk, DiskRoom } from './disk.ts'

/** Always left free on disks of 50 GB or more, in bytes. */
const floorBytes = 5_000_000_000
/** Disks under this size keep a tenth free instead, in bytes. */
const smallDiskBytes = 50_000_000_000

/** Room held for a content that is being written. */
export interface Reservation {
  /** So many of the reserved bytes are on the disk now: the disk's own free space shows them from here on. */
  wrote(bytes: number): void
  /** The content is kept: its bytes count as used. */
  keep(): void
  /** The content is given up, or was here already. */
  release(): void
}

/** What may be used in all, in bytes, given what the disk says and what our copies take already. Pure. */
export function allowedBytes(room: DiskRoom, usedBytes: number, offeredBytes: number | null): number {
  const reachable = room.freeBytes + usedBytes
  const floor = room.totalBytes < smallDiskBytes ? room.totalBytes / 10 : floorBytes
  return Math.max(0, Math.floor(Math.min(offeredBytes ?? reachable / 2, reachable - floor)))
}

export class Space {
  /** Bytes offered to the ring, or null for half of what is free. May change at any time. */
  offeredBytes: number | null
  readonly #disk: Disk
  readonly #folder: string
  /** Bytes of kept contents. */
  #keptBytes = 0
  /** Of contents being written: reserved but not on the disk yet. */
  #pendingBytes = 0
  /** Of contents being written: on the disk already. */
  #arrivedBytes = 0
  #turn: Promise<unknown> = Promise.resolve()

  /** @param offeredBytes what the person offers, in bytes; null = half of what is free */
  constructor(disk: Disk, folder: string, offeredBytes: number | null = null) {
    this.#disk = disk
    this.#folder = folder
    this.offeredBytes = offeredBytes
  }

  /** Bytes of the copies kept here. */
  get usedBytes(): number {
    return this.#keptBytes
  }

  /** The ring may use so many bytes here in all: what is used and what is left. */
  async allowedBytes(): Promise<number> {
    return allowedBytes(await this.#disk.room(this.#folder), this.#keptBytes + this.#arrivedBytes, this.offeredBytes)
  }

  /** Bytes that a new content may still take. */
  async leftBytes(): Promise<number> {
    const allowed = await this.allowedBytes()
    return Math.max(0, allowed - this.#takenBytes)
  }

  /** Holds room for `bytes`, or throws AppError('disk-full'). First come, first served. */
  reserve(bytes: number): Promise<Reservation> {
    // one after the other, so that two at once cannot both get, or both be refused, the last room
    const turn = this.#turn.then(
      () => this.#reserve(bytes),
      () => this.#reserve(bytes),
    )
    this.#turn = turn
    return turn
  }

  /** As `reserve` for each of many, at the price of one look at the disk: null where it does not fit. */
  reserveEach(sizes: readonly number[]): Promise<(Reservation | null)[]> {
    const work = async (): Promise<(Reservation | null)[]> => {
      const allowed = await this.allowedBytes()
      return sizes.map((bytes) => (bytes > 0 && this.#takenBytes + bytes > allowed ? null : this.#hold(bytes)))
    }
    const turn = this.#turn.then(work, work)
    this.#turn = turn
    return turn
  }

  /** Contents found at start, and copies made without a reservation. */
  add(bytes: number): void {
    this.#keptBytes += bytes
  }

  /** A kept content was removed. */
  subtract(bytes: number): void {
    this.#keptBytes -= bytes
  }

  async #reserve(bytes: number): Promise<Reservation> {
    const allowed = bytes > 0 ? await this.allowedBytes() : 0
    if (bytes > 0 && this.#takenBytes + bytes > allowed) {
      throw new AppError('disk-full', `No room for ${bytes} bytes`, { bytes: String(bytes), folder: this.#folder })
    }
    return this.#hold(bytes)
  }

  get #takenBytes(): number {
    return this.#keptBytes + this.#arrivedBytes + this.#pendingBytes
  }

  #hold(bytes: number): Reservation {
    this.#pendingBytes += bytes
    return this.#reservation(bytes)
  }

  #reservation(bytes: number): Reservation {
    let arrived = 0
    let open = true
    const end = (): boolean => {
      const wasOpen = open
      if (open) {
        this.#pendingBytes -= bytes - arrived
        this.#arrivedBytes -= arrived
      }
      open = false
      return wasOpen
    }
    return {
      wrote: (count) => {
        const moved = open ? Math.min(count, bytes - arrived) : 0
        arrived += moved
        this.#pendingBytes -= moved
        this.#arrivedBytes += moved
      },
      keep: () => {
        if (end()) this.#keptBytes += bytes
      },
      release: () => void end(),
    }
  }
}
