/**
 * Lines and bodies pulled from a stream, framed by `protocol/framing.ts`. Past the high-water mark the stream is paused, so
 * that a slow reader slows the sender down and does not fill this machine's memory. While a reader waits for a block, bytes go straight
 * into it.
 */

import type { Duplex } from 'node:stream'
import { assert } from '../../../shared/assert.ts'
import { AppError } from '../../../shared/errors.ts'
import { FrameReader } from '../protocol/framing.ts'
import type { Timers } from '../ring/ports.ts'
import { readDirectly } from './direct-read.ts'

/** Bytes held for a reader before the stream is paused: a few round trips' worth on a fast local network. Few are left when it goes on. */
const waterMarks = { highBytes: 512 * 1024, lowBytes: 128 * 1024 }
/** The same where bytes go straight into blocks: what is held is copied once more, and the kernel holds round trips' worth too. */
const directWaterMarks = { highBytes: 64 * 1024, lowBytes: 16 * 1024 }
/** Where bytes go that nobody waits for: all streams share it, since they are copied on at once. As long as a TLS record. */
const scratch = Buffer.allocUnsafeSlow(16 * 1024)

export class StreamReader {
  readonly #stream: Duplex
  readonly #timers: Timers
  readonly #frames = new FrameReader()
  readonly #onBytes: (count: number) => number
  readonly #marks: typeof waterMarks
  /** Arrived and not taken, a line's beginning included. */
  #bufferedBytes = 0
  #receivedBytes = 0
  /** What is left to fill of the block that a reader waits for; nothing is buffered then. */
  #target: Uint8Array | null = null
  /** Where the next bytes will be put. */
  #memory: Uint8Array = scratch
  #paused = false
  /** Paused for a while, because bytes came faster than they may. */
  #held = false
  #ended = false
  #failure: Error | null = null
  #wake: (() => void) | null = null

  /** @param onBytes told of each piece that arrived; answers how many ms to wait for the next, 0 = none */
  constructor(stream: Duplex, timers: Timers, onBytes: (count: number) => number) {
    this.#stream = stream
    this.#timers = timers
    this.#onBytes = onBytes
    const isDirect = readDirectly(stream, {
      nextMemory: () => (this.#memory = this.#target ?? scratch),
      onBytes: (count) => {
        this.#arrived(this.#memory.subarray(0, count), this.#memory === this.#target)
      },
    })
    this.#marks = isDirect ? directWaterMarks : waterMarks
    // flowing mode: reading in paused mode would join chunks, which is a copy of everything
    if (!isDirect) {
      stream.on('data', (chunk: Buffer) => {
        this.#arrived(chunk, false)
      })
    }
    stream.on('end', () => {
      this.#ended = true
      this.#wakeUp()
    })
    stream.on('error', (error: Error) => {
      this.#failure = error
      this.#wakeUp()
    })
    stream.on('close', () => {
      if (!this.#ended) this.#failure ??= new Error('it is closed')
      this.#wakeUp()
    })
    if (stream.destroyed) this.#failure = new Error('it is closed')
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  /** The other side sends no more, or the stream broke. */
  get over(): boolean {
    return this.#ended || this.#failure !== null
  }

  /**
   * The next line without its newline, or null at the end of the stream. A line that is too long or not ASCII is
   * AppError('protocol'); silence for `timeoutMs`, a break, or an end in mid-line is AppError('peer-unreachable').
   */
  async readLine(timeoutMs: number): Promise<string | null> {
    for (;;) {
      const frame = this.#frames.next()
      if (frame?.kind === 'error') throw new AppError('protocol', `The other machine sent what cannot be read: ${frame.reason}`)
      if (frame) {
        assert(frame.kind === 'line', 'a body is read to its end before the next line')
        this.#taken(frame.line.length + 1)
        return frame.line
      }
      if (this.#ended && this.#bufferedBytes === 0) return null
      await this.#moreData(timeoutMs)
    }
  }

  /** The next `lengthBytes` bytes are a body, to be read with `readPiece`. */
  expectBody(lengthBytes: number): void {
    this.#frames.expectBody(lengthBytes)
  }

  /** A piece of the expected body as soon as there is one. AppError('peer-unreachable') on silence, a break or the end. */
  async readPiece(timeoutMs: number): Promise<Buffer> {
    for (;;) {
      const frame = this.#frames.next()
      if (frame) {
        assert(frame.kind === 'body', 'a body was expected')
        this.#taken(frame.bytes.length)
        return frame.bytes as Buffer // views of what was pushed, and buffers were pushed
      }
      await this.#moreData(timeoutMs)
    }
  }

  /**
   * Fills `target` from the expected body, which must have as many bytes left. Throws as `readPiece` does; the memory is then not to be used
   * again, since bytes that are on their way may still be put there.
   */
  async readInto(target: Uint8Array, timeoutMs: number): Promise<void> {
    let filled = 0
    for (let frame = this.#frames.next(target.length); frame; frame = this.#frames.next(target.length - filled)) {
      assert(frame.kind === 'body', 'a body was expected')
      target.set(frame.bytes, filled)
      filled += frame.bytes.length
      this.#taken(frame.bytes.length)
      if (filled === target.length) return
    }
    this.#aimAt(target.subarray(filled))
    try {
      while (this.#target) await this.#moreData(timeoutMs)
    } finally {
      this.#target = null
    }
  }

  #aimAt(target: Uint8Array): void {
    this.#target = target
  }

  /** @param isPlaced whether `bytes` are where they belong, in the target */
  #arrived(bytes: Uint8Array, isPlaced: boolean): void {
    const holdMs = this.#onBytes(bytes.length)
    if (holdMs > 0) this.#hold(holdMs)
    this.#receivedBytes += bytes.length
    const rest = this.#target ? bytes.subarray(this.#fill(this.#target, bytes, isPlaced)) : bytes
    if (rest.length > 0) {
      // the scratch is another's in a moment
      this.#frames.push(rest.buffer === scratch.buffer ? Buffer.from(rest) : rest)
      this.#bufferedBytes += rest.length
      if (this.#bufferedBytes >= this.#marks.highBytes && !this.#paused) {
        this.#paused = true
        this.#stream.pause()
      }
    }
    // waking up for every piece of 16 KiB would cost more than reading it
    if (!this.#target) this.#wakeUp()
  }

  /** Result: how many of `bytes` belong into the target. */
  #fill(target: Uint8Array, bytes: Uint8Array, isPlaced: boolean): number {
    const count = Math.min(target.length, bytes.length)
    if (!isPlaced) target.set(count < bytes.length ? bytes.subarray(0, count) : bytes)
    this.#frames.skipBody(count)
    this.#target = count < target.length ? target.subarray(count) : null
    return count
  }

  #taken(count: number): void {
    this.#bufferedBytes -= count
    if (!this.#paused || this.#bufferedBytes > this.#marks.lowBytes) return
    this.#paused = false
    if (!this.#held) this.#stream.resume()
  }

  #hold(ms: number): void {
    if (this.#held) return
    this.#held = true
    this.#stream.pause()
    this.#timers.after(ms, () => {
      this.#held = false
      if (!this.#paused) this.#stream.resume()
    })
  }

  /** Until something is here, a whole block if one is waited for, or the stream is over. Every `timeoutMs` at least something must have come. */
  async #moreData(timeoutMs: number): Promise<void> {
    if (this.#failure) throw broken(this.#failure.message)
    if (this.#ended) throw broken('it hung up in the middle')
    assert(this.#wake === null, 'a stream has one reader at a time')
    const outcome = await new Promise<'more' | 'silent'>((resolve) => {
      let seen = this.#receivedBytes
      const look = (): void => {
        if (this.#receivedBytes === seen) {
          this.#wake = null
          resolve('silent')
          return
        }
        seen = this.#receivedBytes
        cancelWait = this.#timers.after(timeoutMs, look)
      }
      let cancelWait = this.#timers.after(timeoutMs, look)
      this.#wake = () => {
        cancelWait()
        resolve('more')
      }
    })
    if (outcome === 'silent') throw new AppError('peer-unreachable', `The other machine was silent for ${Math.round(timeoutMs / 1000)} s`)
  }

  #wakeUp(): void {
    const wake = this.#wake
    this.#wake = null
    wake?.()
  }
}

function broken(why: string): AppError {
  return new AppError('peer-unreachable', `The connection to the other machine broke: ${why}`)
}
