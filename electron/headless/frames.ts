/**
 * The control socket's stream, both ways: JSON lines, and after a line {"kind":"bytes","length":n} so many raw bytes. The
 * reader is fed by hand, so whoever feeds it decides when more is read: a slow consumer holds the other side up.
 */

import { AppError } from '../../shared/errors.ts'

export const frameLimits = {
  /** A request or an answer, in bytes: a file with 256 versions and their holders, or 10 000 paths of 100 bytes. */
  lineBytes: 4 * 1_048_576,
  /** One piece of a streamed file, in bytes. */
  bytesLength: 16 * 1_048_576,
} as const

export type Frame = { readonly kind: 'line'; readonly text: string } | { readonly kind: 'bytes'; readonly bytes: Buffer }

const newline = 0x0a
const bytesLine = /^\{"kind":"bytes","length":([0-9]{1,9})\}$/

/** The line that announces raw bytes. */
export function bytesHeader(length: number): string {
  return `{"kind":"bytes","length":${length}}\n`
}

export class FrameReader {
  #parts: Buffer[] = []
  #partsBytes = 0
  #rawLeft = 0

  /** Frames that are complete with this chunk. Raw bytes come as they arrive, in pieces. Throws AppError `protocol`. */
  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = []
    let at = 0
    while (at < chunk.length) {
      if (this.#rawLeft > 0) {
        const bytes = chunk.subarray(at, at + this.#rawLeft)
        this.#rawLeft -= bytes.length
        at += bytes.length
        frames.push({ kind: 'bytes', bytes })
        continue
      }
      const end = chunk.indexOf(newline, at)
      this.#keep(chunk.subarray(at, end < 0 ? chunk.length : end))
      if (end < 0) break
      at = end + 1
      const line = this.#takeLine()
      const header = bytesLine.exec(line)
      if (header) this.#rawLeft = this.#checkedLength(Number(header[1]))
      else frames.push({ kind: 'line', text: line })
    }
    return frames
  }

  #keep(part: Buffer): void {
    this.#partsBytes += part.length
    if (this.#partsBytes > frameLimits.lineBytes) throw new AppError('protocol', 'A line on the control socket is too long')
    this.#parts.push(part)
  }

  #takeLine(): string {
    const line = Buffer.concat(this.#parts).toString('utf8')
    this.#parts = []
    this.#partsBytes = 0
    return line
  }

  #checkedLength(length: number): number {
    if (length > frameLimits.bytesLength) throw new AppError('protocol', 'A piece of a file on the control socket is too long')
    return length
  }
}
