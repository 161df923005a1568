/**
 * Which rows of a table a key may lead to, in a few bytes a row: 32-bit hashes and row numbers in two flat arrays, open addressing. Rows may
 * share a hash; whoever asks compares the keys.
 */

/** A hash of text, 32 bits: FNV-1a over its UTF-16 units, mixed so that all bits count. */
export function hashOfText(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}

const firstSlots = 64
/** Share of slots in use above which there are twice as many. */
const fullest = 0.75

export class HashIndex {
  #hashes = new Uint32Array(firstSlots)
  /** Row number + 1; 0 in a free slot. */
  #rows = new Uint32Array(firstSlots)
  #used = 0

  add(hash: number, row: number): void {
    if (this.#used + 1 > this.#rows.length * fullest) this.#grow()
    this.#put(hash, row + 1)
    this.#used++
  }

  /** The first row under this hash for which `isIt` says so, or -1. */
  find(hash: number, isIt: (row: number) => boolean): number {
    const mask = this.#rows.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = this.#rows[slot] ?? 0
      if (row === 0) return -1
      if (this.#hashes[slot] === hash && isIt(row - 1)) return row - 1
    }
  }

  /** All rows under this hash. */
  all(hash: number): number[] {
    const rows: number[] = []
    this.find(hash, (row) => {
      rows.push(row)
      return false
    })
    return rows
  }

  delete(hash: number, row: number): void {
    const mask = this.#rows.length - 1
    let gap = hash & mask
    while (this.#rows[gap] !== row + 1 || this.#hashes[gap] !== hash) {
      if (this.#rows[gap] === 0) return
      gap = (gap + 1) & mask
    }
    // whatever the gap would hide from its search moves into it
    for (let slot = (gap + 1) & mask; this.#rows[slot] !== 0; slot = (slot + 1) & mask) {
      const home = (this.#hashes[slot] ?? 0) & mask
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue
      this.#hashes[gap] = this.#hashes[slot] ?? 0
      this.#rows[gap] = this.#rows[slot] ?? 0
      gap = slot
    }
    this.#rows[gap] = 0
    this.#used--
  }

  #put(hash: number, stored: number): void {
    const mask = this.#rows.length - 1
    let slot = hash & mask
    while (this.#rows[slot] !== 0) slot = (slot + 1) & mask
    this.#hashes[slot] = hash
    this.#rows[slot] = stored
  }

  #grow(): void {
    const [hashes, rows] = [this.#hashes, this.#rows]
    this.#hashes = new Uint32Array(rows.length * 2)
    this.#rows = new Uint32Array(rows.length * 2)
    for (let slot = 0; slot < rows.length; slot++) {
      const row = rows[slot] ?? 0
      if (row !== 0) this.#put(hashes[slot] ?? 0, row)
    }
  }
}
