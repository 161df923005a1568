/**
 * A number for each of many contents, by SHA-256 in hexadecimal, as a Map has it but in about 50 bytes each instead of 140, and outside of the
 * heap that a collector walks. What is deleted or added while it is walked may be met or not.
 */

import { HashIndex, hashOfText } from './hash-index.ts'

const hashBytes = 32
/** Contents whose memory comes in one piece. */
const pieceRows = 256

export class NumberByHash {
  readonly #index = new HashIndex()
  readonly #pieces: { readonly hashes: Buffer; readonly numbers: Float64Array }[] = []
  readonly #free: number[] = []
  #rows = 0
  /** Keys that are no SHA-256. */
  readonly #others = new Map<string, number>()

  get size(): number {
    return this.#rows - this.#free.length + this.#others.size
  }

  has(sha256: string): boolean {
    return this.get(sha256) !== undefined
  }

  get(sha256: string): number | undefined {
    if (!isHash(sha256)) return this.#others.get(sha256)
    const row = this.#find(sha256)
    return row < 0 ? undefined : this.#numbers(row)[row % pieceRows]
  }

  set(sha256: string, value: number): void {
    if (!isHash(sha256)) {
      this.#others.set(sha256, value)
      return
    }
    let row = this.#find(sha256)
    if (row < 0) {
      row = this.#free.pop() ?? this.#rows++
      if (row >= this.#pieces.length * pieceRows)
        this.#pieces.push({ hashes: Buffer.alloc(pieceRows * hashBytes), numbers: new Float64Array(pieceRows).fill(NaN) })
      this.#hashes(row).write(sha256, (row % pieceRows) * hashBytes, 'hex')
      this.#index.add(hashOfText(sha256), row)
    }
    this.#numbers(row)[row % pieceRows] = value
  }

  delete(sha256: string): boolean {
    if (!isHash(sha256)) return this.#others.delete(sha256)
    const row = this.#find(sha256)
    if (row < 0) return false
    this.#index.delete(hashOfText(sha256), row)
    this.#numbers(row)[row % pieceRows] = NaN
    this.#free.push(row)
    return true
  }

  *keys(): IterableIterator<string> {
    for (const [sha256] of this) yield sha256
  }

  *[Symbol.iterator](): IterableIterator<[string, number]> {
    for (let row = 0; row < this.#rows; row++) {
      const value = this.#numbers(row)[row % pieceRows] ?? NaN
      if (Number.isNaN(value)) continue
      const at = (row % pieceRows) * hashBytes
      yield [this.#hashes(row).toString('hex', at, at + hashBytes), value]
    }
    yield* this.#others
  }

  #find(sha256: string): number {
    return this.#index.find(hashOfText(sha256), (row) => {
      const at = (row % pieceRows) * hashBytes
      return this.#hashes(row).toString('hex', at, at + hashBytes) === sha256
    })
  }

  #hashes(row: number): Buffer {
    return this.#pieces[Math.floor(row / pieceRows)]?.hashes ?? Buffer.alloc(0)
  }

  #numbers(row: number): Float64Array {
    return this.#pieces[Math.floor(row / pieceRows)]?.numbers ?? new Float64Array(0)
  }
}

function isHash(sha256: string): boolean {
  return sha256.length === 2 * hashBytes && /^[0-9a-f]+$/.test(sha256)
}
