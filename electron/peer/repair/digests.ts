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

interface Item extends ArcEntry {
  readonly high: number
  readonly low: number
  /** False once replaced or taken away; it is swept out when the list is next put in order. */
  live: boolean
}

/** A sum modulo 2^64, in two halves. */
class Sum {
  high = 0
  low = 0
  count = 0

  add(item: Item): void {
    this.low += item.low
    const carry = this.low >= word ? 1 : 0
    if (carry) this.low -= word
    this.high = (this.high + item.high + carry) >>> 0
    this.count++
  }
}

/** All entries of this machine, in the order of their keys. */
export class ArcIndex {
  readonly #space: IdentifierSpace
  readonly #byName = new Map<string, Item>()
  #sorted: Item[] = []
  /** Not in `#sorted` yet. */
  #added: Item[] = []
  #stale = 0
  readonly #hashes = new Map<string, string>()

  constructor(space: IdentifierSpace) {
    this.#space = space
  }

  get size(): number {
    return this.#byName.size
  }

  digestOf(name: string): string | null {
    return this.#byName.get(name)?.digest ?? null
  }

  set(entry: ArcEntry): void {
    if (this.#byName.get(entry.name)?.digest === entry.digest) return
    this.delete(entry.name)
    const high = Number.parseInt(entry.digest.slice(0, 8), 16)
    const item: Item = { ...entry, high, low: Number.parseInt(entry.digest.slice(8), 16), live: true }
    this.#byName.set(entry.name, item)
    this.#added.push(item)
    this.#hashes.clear()
  }

  delete(name: string): void {
    const item = this.#byName.get(name)
    if (!item) return
    item.live = false
    this.#stale++
    this.#byName.delete(name)
    this.#hashes.clear()
  }

  /** One hash of the whole arc: its beginning, the number of its entries and their sum. 16 hexadecimal digits. */
  hashOf(arc: Arc): string {
    const id = `${arc.from} ${arc.to}`
    const known = this.#hashes.get(id)
    if (known !== undefined) return known
    const sum = new Sum()
    for (const item of this.#items(arc)) sum.add(item)
    const hash = shortHash(`${id} ${sum.count} ${sum.high} ${sum.low}`)
    if (this.#hashes.size >= rememberedArcs) this.#hashes.clear()
    this.#hashes.set(id, hash)
    return hash
  }

  /** The sums of the arc's 256 equal parts, 8 bytes each, big-endian. */
  bucketsOf(arc: Arc): Buffer {
    const sums = Array.from({ length: bucketCount }, () => new Sum())
    const ends = bucketEnds(this.#space, arc)
    let bucket = 0
    for (const item of this.#items(arc)) {
      while (!inArc(arc.from, item.key, ends[bucket] as Identifier)) bucket++
      sums[bucket]?.add(item)
    }
    const bytes = Buffer.alloc(bucketCount * bucketBytes)
    for (const [index, sum] of sums.entries()) {
      bytes.writeUInt32BE(sum.high, index * bucketBytes)
      bytes.writeUInt32BE(sum.low, index * bucketBytes + 4)
    }
    return bytes
  }

  /** The entries of the arc, clockwise. Nothing may be changed while they are walked. */
  entriesIn(arc: Arc): IterableIterator<ArcEntry> {
    return this.#items(arc)
  }

  *#items(arc: Arc): Generator<Item> {
    const items = this.#inOrder()
    const start = firstAfter(items, arc.from)
    for (let walked = 0; walked < items.length; walked++) {
      const item = items[(start + walked) % items.length]
      if (!item || !inArc(arc.from, item.key, arc.to)) return
      yield item
    }
  }

  #inOrder(): readonly Item[] {
    if (this.#added.length === 0 && this.#stale === 0) return this.#sorted
    const added = this.#added.filter((item) => item.live).sort(order)
    const kept = this.#stale === 0 ? this.#sorted : this.#sorted.filter((item) => item.live)
    this.#sorted = added.length === 0 ? kept : merge(kept, added)
    this.#added = []
    this.#stale = 0
    return this.#sorted
  }
}

function order(a: Item, b: Item): number {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1
  return a.name < b.name ? -1 : 1
}

function merge(left: readonly Item[], right: readonly Item[]): Item[] {
  const merged: Item[] = []
  let next = 0
  for (const item of left) {
    for (let other = right[next]; other && order(other, item) < 0; other = right[++next]) merged.push(other)
    merged.push(item)
  }
  for (let other = right[next]; other; other = right[++next]) merged.push(other)
  return merged
}

function firstAfter(items: readonly Item[], key: Identifier): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((items[middle] as Item).key <= key) low = middle + 1
    else high = middle
  }
  return low
}

/** The last key of each bucket, clockwise. In an arc of fewer than 256 keys some buckets are empty. */
function bucketEnds(space: IdentifierSpace, arc: Arc): Identifier[] {
  const width = arc.from === arc.to ? space.size : space.distance(arc.from, arc.to)
  const start = space.toBigInt(arc.from)
  const count = BigInt(bucketCount)
  return Array.from({ length: bucketCount }, (_, index) => {
    const share = (BigInt(index) + 1n) * width
    return space.fromBigInt(start + (share + count - 1n) / count)
  })
}

/** The parts of `arc` whose buckets differ between two bodies of `bucketsOf`; neighbouring ones are one part. */
export function unequalParts(space: IdentifierSpace, arc: Arc, bodies: readonly [Uint8Array, Uint8Array]): Arc[] {
  const ends = bucketEnds(space, arc)
  const parts: Arc[] = []
  let begun: Identifier | null = null
  for (const index of ends.keys()) {
    const from = index === 0 ? arc.from : (ends[index - 1] as Identifier)
    const [left, right] = bodies.map((body) => Buffer.from(body).subarray(index * bucketBytes, (index + 1) * bucketBytes))
    const isEqual = left && right && left.equals(right)
    if (isEqual) {
      if (begun !== null) parts.push({ from: begun, to: from })
      begun = null
    } else begun ??= from
  }
  if (begun !== null) parts.push({ from: begun, to: arc.to })
  return parts
}

/** What two machines must have alike: the name, the whole record, and which of the wanted contents are here. 16 hexadecimal digits. */
export function entryDigest(entry: { readonly name: string; readonly record: object; readonly held: readonly string[] }): string {
  return shortHash(canonical([entry.name, entry.record, [...entry.held].sort()]))
}

/** JSON with sorted keys: the same value is the same text, whoever wrote it first. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
