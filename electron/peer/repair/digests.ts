/**
 * Digests of arcs: how two machines find out in one line that they know and hold the same, and in a few more what differs (ring.md
 * 10). Every entry of an arc has a hash; a sum of them does not depend on their order, so that a change costs one entry and an arc that
 * did not change costs nothing. Pure: told of entries, asked about arcs.
 */

import { PackedRows } from '../disk/packed-rows.ts'
import { sha256Hex } from '../disk/sha256.ts'
import type { Identifier, IdentifierSpace } from '../protocol/identifier.ts'
import type { Dots } from '../protocol/dots.ts'
import type { FileRecord, Version } from '../protocol/record.ts'
import { inArc } from '../ring/interval.ts'

/** The keys in (from, to], clockwise. From a place to itself is the whole circle. */
export interface Arc {
  readonly from: Identifier
  readonly to: Identifier
}

export interface ArcEntry {
  readonly key: Identifier
  readonly name: string
  /** 16 hexadecimal digits over the name, its record and what is held of it: see `entryDigest`. */
  readonly digest: string
}

export const bucketCount = 256
const bucketBytes = 8
const digestBytes = 8
const noCargo = new Uint8Array(0)
/** Arcs whose hashes are remembered: a machine's own and those of the machines before it, with room for churn. */
const rememberedArcs = 64
const word = 2 ** 32
/** Hexadecimal digits of a key that name its cell: 4 096 cells in large rings, each with few entries. */
const cellDigits = 3

interface Halves {
  readonly high: number
  readonly low: number
  /** Default: 1. */
  readonly count?: number
}

/** A sum modulo 2^64, in two halves. */
class Sum {
  high = 0
  low = 0
  count = 0

  add(other: Halves): void {
    this.low += other.low
    const carry = this.low >= word ? 1 : 0
    if (carry) this.low -= word
    this.high = (this.high + other.high + carry) >>> 0
    this.count += other.count ?? 1
  }

  subtract(item: Halves): void {
    this.low -= item.low
    const borrow = this.low < 0 ? 1 : 0
    if (borrow) this.low += word
    this.high = (this.high - item.high - borrow) >>> 0
    this.count--
  }
}

/** The entries whose keys begin alike, by their row numbers, and their sum: a change costs one of them. */
class Cell {
  readonly sum = new Sum()
  readonly rows: number[] = []
  /** The rows have the order of their entries. */
  isSorted = true
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** A stretch of an arc: a whole cell, or the rows of one that lie in the arc. */
type Stretch = { readonly cell: Cell } | { readonly rows: readonly number[] }

/** All entries of this machine, in the order of their keys. A row of bytes each: the digest, then the key, then what it carries. */
export class ArcIndex {
  readonly #space: IdentifierSpace
  readonly #rows = new PackedRows()
  readonly #cells = new Map<string, Cell>()
  /** The names of the cells, sorted; null when there is a new one. */
  #cellNames: readonly string[] | null = null
  readonly #hashes = new Map<string, string>()

  readonly #keyDigits: number
  readonly #keyBytes: number

  constructor(space: IdentifierSpace) {
    this.#space = space
    this.#keyDigits = space.fromBigInt(0n).length
    this.#keyBytes = Math.ceil(this.#keyDigits / 2)
  }

  get size(): number {
    return this.#rows.size
  }

  names(): IterableIterator<string> {
    return this.#rows.keys()
  }

  digestOf(name: string): string | null {
    const row = this.#rows.get(name)
    return row && digestIn(row)
  }

  /** What the entry of a name carries; null when there is none. Good until the next change. */
  cargoOf(name: string): Buffer | null {
    return this.#rows.get(name)?.subarray(digestBytes + this.#keyBytes) ?? null
  }

  /** Rows have numbers as long as they are there: `rowOf` after `set`, and back again. -1: no such entry. */
  rowOf(name: string): number {
    return this.#rows.numberOf(name)
  }

  nameAt(row: number): string {
    return this.#rows.keyAt(row)
  }

  cargoAt(row: number): Buffer {
    return this.#rows.valueAt(row).subarray(digestBytes + this.#keyBytes)
  }

  /** `cargo` goes with the entry, and no digest is made of it. */
  set({ key, name, digest }: ArcEntry, cargo: Uint8Array = noCargo): void {
    const before = this.#rows.get(name)
    const isSame = before !== null && digestIn(before) === digest
    if (isSame && before.subarray(digestBytes + this.#keyBytes).equals(cargo)) return
    const cell = this.#cellOf(key)
    if (before) cell.sum.subtract(halvesIn(before))
    const bytes = Buffer.from(digest + key.padStart(2 * this.#keyBytes, '0'), 'hex')
    const row = this.#rows.set(name, cargo.length > 0 ? Buffer.concat([bytes, cargo]) : bytes)
    cell.sum.add(halvesIn(bytes))
    if (!before) {
      cell.rows.push(row)
      cell.isSorted = false
    }
    if (!isSame) this.#hashes.clear()
  }

  delete(name: string): void {
    const row = this.#rows.numberOf(name)
    if (row < 0) return
    const cell = this.#cellOf(this.#keyAt(row))
    cell.sum.subtract(halvesIn(this.#rows.valueAt(row)))
    cell.rows.splice(cell.rows.indexOf(row), 1)
    this.#rows.delete(name)
    this.#hashes.clear()
  }

  /** One hash of the whole arc: its beginning, the number of its entries and their sum. 16 hexadecimal digits. */
  hashOf(arc: Arc): string {
    const id = `${arc.from} ${arc.to}`
    const known = this.#hashes.get(id)
    if (known !== undefined) return known
    const sum = new Sum()
    for (const stretch of this.#stretches(arc)) {
      if ('cell' in stretch) sum.add(stretch.cell.sum)
      else for (const row of stretch.rows) sum.add(halvesIn(this.#rows.valueAt(row)))
    }
    const hash = shortHash(`${id} ${sum.count} ${sum.high} ${sum.low}`)
    if (this.#hashes.size >= rememberedArcs) this.#hashes.clear()
    this.#hashes.set(id, hash)
    return hash
  }

  /** The sums of the arc's 256 equal parts, 8 bytes each, big-endian. */
  bucketsOf(arc: Arc): Buffer {
    const parts = new Parts(this.#space, arc)
    const bytes = Buffer.alloc(bucketCount * bucketBytes)
    let sum = new Sum()
    let bucket = 0
    let end: Identifier | null = null
    const write = (): void => {
      bytes.writeUInt32BE(sum.high, bucket * bucketBytes)
      bytes.writeUInt32BE(sum.low, bucket * bucketBytes + 4)
    }
    for (const row of this.#rowsIn(arc)) {
      const key = this.#keyAt(row)
      if (end === null || !inArc(arc.from, key, end)) {
        write()
        sum = new Sum()
        bucket = parts.indexOf(key)
        end = parts.endOf(bucket)
      }
      sum.add(halvesIn(this.#rows.valueAt(row)))
    }
    write()
    return bytes
  }

  /** The entries of the arc, clockwise. Nothing may be changed while they are walked. */
  *entriesIn(arc: Arc): IterableIterator<ArcEntry> {
    for (const row of this.#rowsIn(arc)) {
      yield { key: this.#keyAt(row), name: this.#rows.keyAt(row), digest: digestIn(this.#rows.valueAt(row)) }
    }
  }

  *#rowsIn(arc: Arc): Generator<number> {
    for (const stretch of this.#stretches(arc)) yield* 'cell' in stretch ? this.#sorted(stretch.cell) : stretch.rows
  }

  /** By key, then by name. */
  #sorted(cell: Cell | undefined): readonly number[] {
    if (!cell) return []
    if (!cell.isSorted) {
      const entries = cell.rows.map((row) => ({ row, key: this.#keyAt(row), name: this.#rows.keyAt(row) }))
      entries.sort((a, b) => (a.key === b.key ? order(a.name, b.name) : order(a.key, b.key)))
      for (const [index, { row }] of entries.entries()) cell.rows[index] = row
      cell.isSorted = true
    }
    return cell.rows
  }

  #keyAt(row: number): Identifier {
    const hex = this.#rows.valueAt(row).toString('hex', digestBytes, digestBytes + this.#keyBytes)
    return hex.slice(hex.length - this.#keyDigits) as Identifier
  }

  /** The arc from its beginning to its end: parts of two cells, and whole ones between them. */
  *#stretches({ from, to }: Arc): Generator<Stretch> {
    const first = from.slice(0, cellDigits)
    const last = to.slice(0, cellDigits)
    const partOf = (name: string, isIn: (key: Identifier) => boolean): Stretch => ({
      rows: this.#sorted(this.#cells.get(name)).filter((row) => isIn(this.#keyAt(row))),
    })
    if (first === last && from < to) {
      yield partOf(first, (key) => from < key && key <= to)
      return
    }
    yield partOf(first, (key) => key > from)
    const names = this.#sortedNames()
    const between =
      first < last
        ? names.filter((name) => first < name && name < last)
        : [...names.filter((name) => name > first), ...names.filter((name) => name < last)]
    for (const name of between) {
      const cell = this.#cells.get(name)
      if (cell) yield { cell }
    }
    yield partOf(last, (key) => key <= to)
  }

  #sortedNames(): readonly string[] {
    this.#cellNames ??= [...this.#cells.keys()].sort()
    return this.#cellNames
  }

  #cellOf(key: Identifier): Cell {
    const name = key.slice(0, cellDigits)
    let cell = this.#cells.get(name)
    if (!cell) {
      cell = new Cell()
      this.#cells.set(name, cell)
      this.#cellNames = null
    }
    return cell
  }
}

function halvesIn(row: Buffer): Halves {
  return { high: row.readUInt32BE(0), low: row.readUInt32BE(4) }
}

function digestIn(row: Buffer): string {
  return row.toString('hex', 0, digestBytes)
}

/** An arc in 256 parts of equal width. In an arc of fewer keys some parts are empty. */
class Parts {
  readonly #space: IdentifierSpace
  readonly #from: Identifier
  readonly #width: bigint

  constructor(space: IdentifierSpace, { from, to }: Arc) {
    this.#space = space
    this.#from = from
    this.#width = from === to ? space.size : space.distance(from, to)
  }

  /** The part of a key in the arc. */
  indexOf(key: Identifier): number {
    const distance = key === this.#from ? this.#space.size : this.#space.distance(this.#from, key)
    return Number(((distance - 1n) * BigInt(bucketCount)) / this.#width)
  }

  /** The last key of a part. */
  endOf(index: number): Identifier {
    const count = BigInt(bucketCount)
    const share = (BigInt(index) + 1n) * this.#width
    return this.#space.fromBigInt(this.#space.toBigInt(this.#from) + (share + count - 1n) / count)
  }
}

/** The parts of `arc` whose buckets differ between two bodies of `bucketsOf`; neighbouring ones are one part. */
export function unequalParts(space: IdentifierSpace, arc: Arc, [left, right]: readonly [Buffer, Buffer]): Arc[] {
  if (left.equals(right)) return []
  const parts = new Parts(space, arc)
  const unequal: Arc[] = []
  let begun: Identifier | null = null
  for (let index = 0; index < bucketCount; index++) {
    const [start, end] = [index * bucketBytes, (index + 1) * bucketBytes]
    const isEqual = left.compare(right, start, end, start, end) === 0
    if (isEqual === (begun === null)) continue
    const from: Identifier = index === 0 ? arc.from : parts.endOf(index - 1)
    if (begun !== null) unequal.push({ from: begun, to: from })
    begun = isEqual ? null : from
  }
  if (begun !== null) unequal.push({ from: begun, to: arc.to })
  return unequal
}

/** What two machines must have alike: the name, the whole record, and which of the wanted contents are here. 16 hexadecimal digits. */
export function entryDigest(record: FileRecord, held: readonly string[]): string {
  const { earlier, name, spelling, superseded, versions } = record
  const recordText = `{"earlier":${versionsText(earlier)},"name":${JSON.stringify(name)},"spelling":${JSON.stringify(spelling)},"superseded":${dotsText(superseded)},"versions":${versionsText(versions)}}`
  return shortHash(`[${JSON.stringify(name)},${recordText},${JSON.stringify([...held].sort())}]`)
}

/** JSON with sorted keys: the same versions are the same text, whoever wrote them first. */
function versionsText(versions: readonly Version[]): string {
  return `[${versions.map(versionText).join()}]`
}

/** Hexadecimal needs no escapes. */
function versionText(v: Version): string {
  const {
    counter,
    deleted,
    lamport,
    manifestSha256,
    originalName,
    sha256,
    sizeBytes,
    storedAt,
    supersedes,
    version,
    writerId,
    writerName,
  } = v
  const head = `{"counter":${counter},"deleted":${deleted},"lamport":${lamport},"manifestSha256":"${manifestSha256}"`
  const content = `"originalName":${JSON.stringify(originalName)},"sha256":"${sha256}","sizeBytes":${sizeBytes},"storedAt":${storedAt}`
  const tail = `"supersedes":${dotsText(supersedes)},"version":"${version}","writerId":"${writerId}","writerName":${JSON.stringify(writerName)}}`
  return `${head},${content},${tail}`
}

function dotsText(dots: Dots): string {
  const writers = Object.keys(dots).sort()
  return `{${writers.map((writerId) => `"${writerId}":${JSON.stringify(dots[writerId])}`).join()}}`
}

function shortHash(text: string): string {
  return sha256Hex(text).slice(0, 16)
}
