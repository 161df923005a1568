/**
 * Rows of bytes by text, in memory, for what a machine has to know of each of a hundred thousand files: pieces of memory outside of the heap
 * that the collector walks, 32 bytes a row besides the key and the value. A row keeps its number as long as it is there; numbers of deleted
 * rows are given again.
 *
 * A row: its number, the room behind this head, the length of the value (4 bytes each), the length of the key (2), the key, the value. Keys
 * are UTF-8, but for those that it cannot say.
 */

import { HashIndex, hashOfText } from './hash-index.ts'

const pieceBytes = 262_144
/** Pieces double from this size on: few rows take little. */
const firstPieceBytes = 4_096
const headBytes = 14
/** In the length of a key: it is UTF-16, as half of a surrogate pair is in it. */
const isUtf16 = 0x8000
/** In a place: no row has this number now. */
const nowhere = 0xffff_ffff
/** Rows' places for which there is room at first. */
const firstPlaces = 64

interface Piece {
  readonly bytes: Buffer
  /** Written up to here. */
  endBytes: number
  /** Of rows that are there. */
  liveBytes: number
}

export class PackedRows {
  readonly #index = new HashIndex()
  /** By piece number; null where one was given back. */
  readonly #pieces: (Piece | null)[] = []
  readonly #freePieces: number[] = []
  #current = -1
  /** Row number -> piece number × pieceBytes + offset. */
  #places = new Uint32Array(firstPlaces).fill(nowhere)
  #rows = 0
  readonly #freeRows: number[] = []

  get size(): number {
    return this.#rows - this.#freeRows.length
  }

  /** What the rows take, free room included. */
  get memoryBytes(): number {
    return this.#pieces.reduce((sum, piece) => sum + (piece?.bytes.length ?? 0), 0)
  }

  /** The number of the row with this key, or -1. */
  numberOf(key: string): number {
    return this.#index.find(hashOfText(key), (row) => this.keyAt(row) === key)
  }

  /** Numbers of all rows. One that is deleted, or set, meanwhile may be met or not. */
  *numbers(): IterableIterator<number> {
    for (let row = 0; row < this.#rows; row++) if (this.#places[row] !== nowhere) yield row
  }

  /** As `numbers`, those below `end`, the highest first. */
  *numbersBelow(end: number): IterableIterator<number> {
    for (let row = Math.min(end, this.#rows) - 1; row >= 0; row--) if (this.#places[row] !== nowhere) yield row
  }

  /** As `numbers`, their keys. */
  *keys(): IterableIterator<string> {
    for (const row of this.numbers()) yield this.keyAt(row)
  }

  /** `row` must be there. */
  keyAt(row: number): string {
    const { bytes, at } = this.#find(row)
    const length = bytes.readUInt16LE(at + 12)
    return bytes.toString(length & isUtf16 ? 'utf16le' : 'utf8', at + headBytes, at + headBytes + (length & ~isUtf16))
  }

  /** The bytes themselves, good until the next change. `row` must be there. */
  valueAt(row: number): Buffer {
    const { bytes, at } = this.#find(row)
    const start = at + headBytes + (bytes.readUInt16LE(at + 12) & ~isUtf16)
    return bytes.subarray(start, start + bytes.readUInt32LE(at + 8))
  }

  get(key: string): Buffer | null {
    const row = this.numberOf(key)
    return row < 0 ? null : this.valueAt(row)
  }

  /** Result: the number of the row. The bytes are copied. */
  set(key: string, value: Uint8Array): number {
    let row = this.numberOf(key)
    if (row >= 0) {
      const { bytes, at } = this.#find(row)
      const keyBytes = bytes.readUInt16LE(at + 12) & ~isUtf16
      if (keyBytes + value.length <= bytes.readUInt32LE(at + 4)) {
        bytes.writeUInt32LE(value.length, at + 8)
        bytes.set(value, at + headBytes + keyBytes)
        return row
      }
      this.#leave(row)
    } else {
      row = this.#freeRows.pop() ?? this.#newRow()
      this.#index.add(hashOfText(key), row)
    }
    const utf16 = /\p{Surrogate}/u.test(key) ? isUtf16 : 0
    this.#append(row, { key: Buffer.from(key, utf16 ? 'utf16le' : 'utf8'), utf16, value })
    return row
  }

  delete(key: string): boolean {
    const row = this.numberOf(key)
    if (row < 0) return false
    this.#index.delete(hashOfText(key), row)
    this.#leave(row)
    this.#freeRows.push(row)
    return true
  }

  #find(row: number): { readonly bytes: Buffer; readonly at: number } {
    const place = this.#places[row] ?? nowhere
    const piece = this.#pieces[Math.floor(place / pieceBytes)]
    if (!piece) throw new Error(`No row ${row}`)
    return { bytes: piece.bytes, at: place % pieceBytes }
  }

  #newRow(): number {
    if (this.#rows === this.#places.length) {
      const places = new Uint32Array(Math.ceil(this.#rows * 1.5)).fill(nowhere)
      places.set(this.#places)
      this.#places = places
    }
    return this.#rows++
  }

  #append(row: number, { key, utf16, value }: { readonly key: Uint8Array; readonly utf16: number; readonly value: Uint8Array }): void {
    const room = key.length + value.length
    const { number, piece } = this.#pieceFor(headBytes + room)
    const at = piece.endBytes
    piece.bytes.writeUInt32LE(row, at)
    piece.bytes.writeUInt32LE(room, at + 4)
    piece.bytes.writeUInt32LE(value.length, at + 8)
    piece.bytes.writeUInt16LE(key.length | utf16, at + 12)
    piece.bytes.set(key, at + headBytes)
    piece.bytes.set(value, at + headBytes + key.length)
    piece.endBytes += headBytes + room
    piece.liveBytes += headBytes + room
    this.#places[row] = number * pieceBytes + at
  }

  /** A piece with room at its end; a row larger than a piece has one of its own. */
  #pieceFor(rowBytes: number): { readonly number: number; readonly piece: Piece } {
    const current = this.#pieces[this.#current]
    if (current && current.endBytes + rowBytes <= current.bytes.length) return { number: this.#current, piece: current }
    const piece = {
      bytes: Buffer.allocUnsafeSlow(Math.max(rowBytes, Math.min(pieceBytes, firstPieceBytes * 2 ** this.#pieces.length))),
      endBytes: 0,
      liveBytes: 0,
    }
    const number = this.#freePieces.pop() ?? this.#pieces.length
    this.#pieces[number] = piece
    this.#current = number
    return { number, piece }
  }

  /** The bytes of a row are free now. A piece of which less than half is used is given back, and what it has moves. */
  #leave(row: number): void {
    const place = this.#places[row] ?? nowhere
    this.#places[row] = nowhere
    const number = Math.floor(place / pieceBytes)
    const piece = this.#pieces[number]
    if (!piece) return
    piece.liveBytes -= headBytes + piece.bytes.readUInt32LE((place % pieceBytes) + 4)
    if (number === this.#current || piece.liveBytes * 2 > piece.bytes.length) return
    for (let at = 0; at < piece.endBytes;) {
      const moved = piece.bytes.readUInt32LE(at)
      const room = piece.bytes.readUInt32LE(at + 4)
      if (this.#places[moved] === number * pieceBytes + at) {
        const length = piece.bytes.readUInt16LE(at + 12)
        const start = at + headBytes + (length & ~isUtf16)
        const value = piece.bytes.subarray(start, start + piece.bytes.readUInt32LE(at + 8))
        this.#append(moved, { key: piece.bytes.subarray(at + headBytes, start), utf16: length & isUtf16, value })
      }
      at += headBytes + room
    }
    this.#pieces[number] = null
    this.#freePieces.push(number)
  }
}
