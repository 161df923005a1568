/**
 * The bytes of many small contents, one after the other in a few files that only grow (as in Haystack; Beaver et al., 2010): many
 * become durable with one write and one sync, and none is ever moved but to let go of a file that is mostly dead. Which bytes are whose is
 * written elsewhere (small-contents.ts): whatever no row names is dead.
 */

import { join } from 'node:path'
import { AppError, passOver } from '../../../shared/errors.ts'
import type { Disk } from './disk.ts'

export interface Place {
  readonly volume: number
  readonly offsetBytes: number
  readonly sizeBytes: number
}

/** Bytes with a place, on their way there. */
export interface Appended {
  readonly place: Place
  /** Resolves once they are durable. Rejects with AppError, disk-full among them: then they are not there. */
  readonly written: Promise<void>
  /** They are somebody's: from now on they count as live. This or `cancel` ends the matter. */
  readonly keep: () => void
  /** They are not wanted after all. */
  readonly cancel: () => void
}

/** A volume that has so many bytes gets no more: what is moved at once to let go of a dead half, and of what an offset has to count. */
export const volumeBytes = 8 * 1_048_576
/** Numbers of volumes are below this. */
export const volumesMax = 16_384
/** Bytes that are read in one go, with what lies between the wanted ones. */
const runBytes = 1_048_576

interface Volume {
  /** Where the next bytes go: what is before is written, or will be. */
  endBytes: number
  liveBytes: number
  /** Pieces of which nobody has said yet whether they are kept. */
  pending: number
  /** Its name is durable. */
  isMade: boolean
}

interface Piece {
  readonly place: Place
  readonly bytes: Uint8Array
}

interface Batch {
  readonly pieces: Set<Piece>
  readonly written: Promise<void>
}

export class Volumes {
  readonly #disk: Disk
  readonly #folder: string
  readonly #fullBytes: number
  readonly #volumes = new Map<number, Volume>()
  /** The one that grows. */
  #current: number | null = null
  /** The next one's number, if it is free. */
  #next = 0
  /** What goes together once the one before it is written. */
  #open: Batch | null = null
  #last: Promise<void> = Promise.resolve()

  private constructor(disk: Disk, folder: string, fullBytes: number) {
    this.#disk = disk
    this.#folder = folder
    this.#fullBytes = fullBytes
  }

  /** The volumes in `folder`, which grow up to `fullBytes`, at most `volumeBytes`. To be told of what is live in them by `keep`, then to `dropDead`. */
  static async open(disk: Disk, folder: string, fullBytes = volumeBytes): Promise<Volumes> {
    await disk.makeFolder(folder)
    const volumes = new Volumes(disk, folder, fullBytes)
    for (const { name, kind } of await disk.list(folder)) {
      const number = /^\d{1,5}$/.test(name) ? Number(name) : NaN
      if (kind !== 'file' || !(number < volumesMax)) continue
      const endBytes = (await disk.stat(volumes.#pathOf(number)))?.sizeBytes ?? 0
      volumes.#volumes.set(number, { endBytes, liveBytes: 0, pending: 0, isMade: true })
      volumes.#next = Math.max(volumes.#next, number + 1) % volumesMax
      if (endBytes < fullBytes && number >= (volumes.#current ?? 0)) volumes.#current = number
    }
    return volumes
  }

  /** No more bytes can be taken: there are too many volumes. */
  get isFull(): boolean {
    return this.#volumes.size >= volumesMax
  }

  /** Whether there are bytes at `place`: not whether they are the right ones. */
  has({ volume, offsetBytes, sizeBytes }: Place): boolean {
    return sizeBytes === 0 || offsetBytes + sizeBytes <= (this.#volumes.get(volume)?.endBytes ?? 0)
  }

  /** The bytes get a place at once, and are on their way there. They must not change until they are written. AppError('disk-full') when `isFull`. */
  append(bytes: Uint8Array): Appended {
    const number = this.#growing()
    const volume = this.#volumeOf(number)
    const place = { volume: number, offsetBytes: volume.endBytes, sizeBytes: bytes.length }
    volume.endBytes += bytes.length
    volume.pending++
    const batch = (this.#open ??= this.#newBatch())
    const piece = { place, bytes }
    if (bytes.length > 0) batch.pieces.add(piece)
    const settle = (isKept: boolean): void => {
      volume.pending--
      if (isKept) volume.liveBytes += bytes.length
      else batch.pieces.delete(piece)
    }
    const [keep, cancel] = [(): void => settle(true), (): void => settle(false)]
    return { place, written: batch.written, keep, cancel }
  }

  /** What is at `place` is somebody's, as was found at the start. */
  keep({ volume, sizeBytes }: Place): void {
    if (sizeBytes === 0) return
    this.#volumeOf(volume).liveBytes += sizeBytes
  }

  /** What is at `place` is nobody's any more. */
  release({ volume, sizeBytes }: Place): void {
    if (sizeBytes === 0) return
    this.#volumeOf(volume).liveBytes -= sizeBytes
  }

  /** Volumes that do not grow any more and whose bytes are mostly dead: what is live in them is better moved. */
  mostlyDead(): number[] {
    return [...this.#volumes].flatMap(([number, volume]) => {
      const isDead = this.#isAtRest(number, volume) && volume.liveBytes > 0 && volume.liveBytes < volume.endBytes / 2
      return isDead ? [number] : []
    })
  }

  /** Removes the volumes that have nothing live. */
  async dropDead(): Promise<void> {
    for (const [number, volume] of this.#volumes) {
      if (!this.#isAtRest(number, volume) || volume.liveBytes > 0) continue
      // nothing comes to what is at rest: it stays dead while it is removed
      await this.#disk.remove(this.#pathOf(number))
      this.#volumes.delete(number)
    }
  }

  #isAtRest(number: number, { pending }: Volume): boolean {
    return number !== this.#current && pending === 0
  }

  /** The bytes at each place; null where they cannot be read. Of neighbours so many as one read takes. */
  async read(places: readonly Place[]): Promise<(Uint8Array | null)[]> {
    const bytes: (Uint8Array | null)[] = places.map(({ sizeBytes }) => (sizeBytes === 0 ? new Uint8Array(0) : null))
    const wanted = [...places.keys()].filter((index) => bytes[index] === null)
    for (const [volume, indexes] of groupBy(wanted, (index) => places[index]?.volume ?? 0)) {
      // what cannot be read is missing, and brought again
      await this.#readFrom(volume, places, indexes, bytes).catch(passOver)
    }
    return bytes
  }

  // eslint-disable-next-line max-params -- fills in, for the indexes given, what the caller made
  async #readFrom(volume: number, places: readonly Place[], indexes: number[], into: (Uint8Array | null)[]): Promise<void> {
    const file = await this.#disk.open(this.#pathOf(volume), 'read')
    try {
      for (const run of runsOf(places, indexes)) {
        const buffer = Buffer.allocUnsafe(run.toBytes - run.fromBytes)
        const count = await file.read(buffer, run.fromBytes)
        for (const index of run.indexes) {
          const { offsetBytes, sizeBytes } = places[index] as Place
          const at = offsetBytes - run.fromBytes
          if (at + sizeBytes <= count) into[index] = buffer.subarray(at, at + sizeBytes)
        }
      }
    } finally {
      await file.close()
    }
  }

  #growing(): number {
    const current = this.#current
    if (current !== null && this.#volumeOf(current).endBytes < this.#fullBytes) return current
    if (this.isFull) throw new AppError('disk-full', `Too many volumes in ${this.#folder}`, { path: this.#folder })
    // not one that was in use lately: rows that are just being removed may still name it
    let number = this.#next
    while (this.#volumes.has(number)) number = (number + 1) % volumesMax
    this.#next = (number + 1) % volumesMax
    this.#volumes.set(number, { endBytes: 0, liveBytes: 0, pending: 0, isMade: false })
    this.#current = number
    return number
  }

  #volumeOf(number: number): Volume {
    const volume = this.#volumes.get(number)
    if (!volume) throw new AppError('internal', `No volume ${number}`)
    return volume
  }

  #newBatch(): Batch {
    const pieces = new Set<Piece>()
    const written = this.#last
      .catch(() => undefined)
      .then(() => {
        // what comes from here on goes into the next one
        this.#open = null
        return this.#run([...pieces])
      })
    // each of those who wait hears of it
    written.catch(() => undefined)
    this.#last = written
    return { pieces, written }
  }

  async #run(pieces: readonly Piece[]): Promise<void> {
    try {
      for (const [number, its] of groupBy(pieces, (piece) => piece.place.volume)) await this.#writeTo(number, its)
    } catch (thrown) {
      // nobody knows what is there now: what comes next goes elsewhere
      this.#current = null
      throw thrown
    }
  }

  async #writeTo(number: number, pieces: readonly Piece[]): Promise<void> {
    const volume = this.#volumeOf(number)
    const file = await this.#disk.open(this.#pathOf(number), 'write')
    try {
      for (const run of togetherOf(pieces)) await file.write(run.bytes, run.offsetBytes)
      await file.sync()
    } finally {
      await file.close()
    }
    if (volume.isMade) return
    await this.#disk.syncFolder(this.#folder)
    volume.isMade = true
  }

  #pathOf(volume: number): string {
    return join(this.#folder, String(volume))
  }
}

interface Run {
  fromBytes: number
  toBytes: number
  readonly indexes: number[]
}

/** Places of one volume that are read together, in the order in which they lie. */
function runsOf(places: readonly Place[], indexes: readonly number[]): Run[] {
  const runs: Run[] = []
  const offsetOf = (index: number): number => places[index]?.offsetBytes ?? 0
  for (const index of [...indexes].sort((a, b) => offsetOf(a) - offsetOf(b))) {
    const { offsetBytes, sizeBytes } = places[index] as Place
    const last = runs.at(-1)
    if (last && offsetBytes + sizeBytes - last.fromBytes <= runBytes) {
      last.toBytes = Math.max(last.toBytes, offsetBytes + sizeBytes)
      last.indexes.push(index)
    } else runs.push({ fromBytes: offsetBytes, toBytes: offsetBytes + sizeBytes, indexes: [index] })
  }
  return runs
}

/** Pieces that follow one another, as one; they were appended in the order in which they lie. */
function togetherOf(pieces: readonly Piece[]): { readonly offsetBytes: number; readonly bytes: Uint8Array }[] {
  const runs: { offsetBytes: number; endBytes: number; parts: Uint8Array[] }[] = []
  for (const { place, bytes } of pieces) {
    const last = runs.at(-1)
    if (last?.endBytes === place.offsetBytes) {
      last.parts.push(bytes)
      last.endBytes += bytes.length
    } else runs.push({ offsetBytes: place.offsetBytes, endBytes: place.offsetBytes + bytes.length, parts: [bytes] })
  }
  return runs.map(({ offsetBytes, parts }) => ({
    offsetBytes,
    bytes: parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts),
  }))
}

function groupBy<T>(items: Iterable<T>, numberOf: (item: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>()
  for (const item of items) {
    const group = groups.get(numberOf(item))
    if (group) group.push(item)
    else groups.set(numberOf(item), [item])
  }
  return groups
}
