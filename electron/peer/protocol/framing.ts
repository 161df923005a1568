/**
 * A stream of bytes as lines and bodies. Pull form: chunks are pushed as they arrive, frames are taken one at a time, and
 * whoever takes a line may say that so many bytes of body follow it before taking the next frame. Bodies are handed on as
 * views of the chunks, never copied and never gathered, so that a stream's memory is one line and what was pushed.
 */

import { assert } from '../../../shared/assert.ts'
import { limits } from './limits.ts'

export type Frame =
  | { readonly kind: 'line'; readonly line: string }
  /** A piece of the body; `last` = the body is complete with it. */
  | { readonly kind: 'body'; readonly bytes: Uint8Array; readonly last: boolean }
  /** The stream is not ours or broken; nothing after it can be read. */
  | { readonly kind: 'error'; readonly reason: string }

const newline = 10

export class FrameReader {
  /** Pushed and not yet taken, in order; `#offset` is the first byte not taken of the first chunk. */
  readonly #chunks: Uint8Array[] = []
  #offset = 0
  #line = ''
  #bodyBytesLeft = 0
  #error: string | null = null

  /** Takes over `chunk`: its bytes must not change until they were handed on. */
  push(chunk: Uint8Array): void {
    if (chunk.length > 0) this.#chunks.push(chunk)
  }

  /** The next `bytes` bytes are a body, not lines. To be called between two frames. 0 = no body. */
  expectBody(bytes: number): void {
    assert(this.#bodyBytesLeft === 0 && this.#line === '' && bytes >= 0, 'a body is expected between two frames')
    this.#bodyBytesLeft = bytes
  }

  /** So many bytes of the expected body went another way. To be called when all that was pushed is taken. */
  skipBody(bytes: number): void {
    assert(this.#chunks.length === 0 && bytes <= this.#bodyBytesLeft, 'only what comes next of a body can be skipped')
    this.#bodyBytesLeft -= bytes
  }

  /** Bytes of the body expected that were not handed on yet. */
  get bodyBytesLeft(): number {
    return this.#bodyBytesLeft
  }

  /** The next frame, of at most `bodyBytesMax` if it is of a body, or null until more is pushed. An error stays. */
  next(bodyBytesMax = Infinity): Frame | null {
    if (this.#error !== null) return { kind: 'error', reason: this.#error }
    return this.#bodyBytesLeft > 0 ? this.#nextBody(Math.min(bodyBytesMax, this.#bodyBytesLeft)) : this.#nextLine()
  }

  #nextBody(most: number): Frame | null {
    const chunk = this.#chunks[0]
    if (!chunk) return null
    const bytes = chunk.subarray(this.#offset, this.#offset + most)
    this.#consume(chunk, this.#offset + bytes.length)
    this.#bodyBytesLeft -= bytes.length
    return { kind: 'body', bytes, last: this.#bodyBytesLeft === 0 }
  }

  #nextLine(): Frame | null {
    for (let chunk = this.#chunks[0]; chunk; chunk = this.#chunks[0]) {
      const end = chunk.indexOf(newline, this.#offset)
      const piece = chunk.subarray(this.#offset, end < 0 ? chunk.length : end)
      if (this.#line.length + piece.length > limits.lineBytes) return this.#fail('line too long')
      const ascii = readAscii(piece)
      if (ascii === null) return this.#fail('a line has bytes that are not printable ASCII')
      this.#line += ascii
      this.#consume(chunk, this.#offset + piece.length + (end < 0 ? 0 : 1))
      if (end < 0) continue
      const line = this.#line
      this.#line = ''
      return { kind: 'line', line }
    }
    return null
  }

  #consume(chunk: Uint8Array, offset: number): void {
    this.#offset = offset
    if (offset < chunk.length) return
    this.#chunks.shift()
    this.#offset = 0
  }

  #fail(reason: string): Frame {
    this.#error = reason
    this.#chunks.length = 0
    return { kind: 'error', reason }
  }
}

/** Lines are ASCII since names are percent-encoded; anything else is no line of ours. */
export function readAscii(bytes: Uint8Array): string | null {
  let text = ''
  for (const byte of bytes) {
    if (byte < 0x20 || byte > 0x7e) return null
    text += String.fromCharCode(byte)
  }
  return text
}
