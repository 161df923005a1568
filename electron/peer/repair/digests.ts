/**
 * Digests of arcs: how two machines find out in one line that they know and hold the same, and in a few more what differs (ring.md
 * 10). Every entry of an arc has a hash; a sum of them does not depend on their order, so that a change costs one entry and an arc that
 * did not change costs nothing. Pure: told of entries, asked about arcs.
 */

import { createHash } from 'node:crypto'
import type { Identifier, IdentifierSpace } from '../protocol/identifier.ts'
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
/** Arcs whose hashes are remembered: a machine's own and those of the machines before it, with room for churn. */
const rememberedArcs = 64
const word = 2 ** 32
/** Hexadecimal digits of a key that name its cell: 4 096 cells in large rings, each with few entries. */
const cellDigits = 3

interface Item extends ArcEntry {
  readonly high: number
  readonly low: number
}

/** A sum modulo 2^64, in two halves. */
class Sum {
  high = 0
  low = 0
  count = 0

  add(other: { readonly high: number; readonly low: number; readonly count?: number }): void {
    this.low += other.low
    const carry = this.low >= word ? 1 : 0
    if (carry) this.low -= word
    this.high = (this.high + other.high + carry) >>> 0
    this.count += other.count ?? 1
  }

  subtract(item: Item): void {
    this.low -= item.low
    const borrow = this.low < 0 ? 1 : 0
    if (borrow) this.low += word
    this.high = (this.high - item.high - borrow) >>> 0
    this.count--
  }
}

/** The entries whose keys begin alike, and their sum: a change costs one of them. */
class Cell {
  readonly sum = new Sum()
  readonly #byName = new Map<string, Item>()
  #sorted: readonly Item[] | null = null

  set(item: Item): void {
    this.delete(item.name)
    this.#byName.set(item.name, item)
    this.sum.add(item)
    this.#sorted = null
  }

  delete(name: string): void {
    const item = this.#byName.get(name)
    if (!item) return
    this.#byName.delete(name)
    this.sum.subtract(item)
    this.#sorted = null
  }

  /** By key, then by name. */
  items(): readonly Item[] {
    this.#sorted ??= [...this.#byName.values()].sort((a, b) => (a.key === b.key ? order(a.name, b.name) : order(a.key, b.key)))
    return this.#sorted
  }
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** A stretch of an arc: a whole cell, or the items of one that lie in the arc. */
type Stretch = { readonly cell: Cell } | { readonly items: readonly Item[] }

/** All entries of this machine, in the order of their keys. */
export class ArcIndex {
  readonly #space: IdentifierSpace
  readonly #digests = new Map<string, ArcEntry>()
  readonly #cells = new Map<string, Cell>()
  /** The names of the cells, sorted; null when there is a new one. */
  #cellNames: readonly string[] | null = null
  readonly #hashes = new Map<string, string>()

  constructor(space: IdentifierSpace) {
    this.#space = space
  }

  digestOf(name: string): string | null {
    return this.#digests.get(name)?.digest ?? null
  }

  set(entry: ArcEntry): void {
    const { key, name, digest } = entry
    if (this.digestOf(name) === digest) return
    this.#digests.set(name, entry)
    const high = Number.parseInt(digest.slice(0, 8), 16)
    this.#cellOf(key).set({ key, name, digest, high, low: Number.parseInt(digest.slice(8), 16) })
    this.#hashes.clear()
  }

  delete(name: string): void {
    const entry = this.#digests.get(name)
    if (!entry) return
    this.#digests.delete(name)
    this.#cellOf(entry.key).delete(name)
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
      else for (const item of stretch.items) sum.add(item)
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
    for (const item of this.#items(arc)) {
      if (end === null || !inArc(arc.from, item.key, end)) {
        write()
        sum = new Sum()
        bucket = parts.indexOf(item.key)
        end = parts.endOf(bucket)
      }
      sum.add(item)
    }
    write()
    return bytes
  }

  /** The entries of the arc, clockwise. Nothing may be changed while they are walked. */
  entriesIn(arc: Arc): IterableIterator<ArcEntry> {
    return this.#items(arc)
  }

  *#items(arc: Arc): Generator<Item> {
    for (const stretch of this.#stretches(arc)) yield* 'cell' in stretch ? stretch.cell.items() : stretch.items
  }

  /** The arc from its beginning to its end: parts of two cells, and whole ones between them. */
  *#stretches({ from, to }: Arc): Generator<Stretch> {
    const first = from.slice(0, cellDigits)
    const last = to.slice(0, cellDigits)
    const partOf = (name: string, isIn: (key: Identifier) => boolean): Stretch => ({
      items:
        this.#cells
          .get(name)
          ?.items()
          .filter((item) => isIn(item.key)) ?? [],
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
export function entryDigest(entry: { readonly name: string; readonly record: object; readonly held: readonly string[] }): string {
  return shortHash(canonical([entry.name, entry.record, [...entry.held].sort()]))
}

/** JSON with sorted keys: the same value is the same text, whoever wrote it first. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join()}}`
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
