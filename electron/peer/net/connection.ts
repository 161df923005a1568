/**
 * One connection to another machine, used as HTTP/1.1 uses one: a question and its answer, then the next. Lines and bodies
 * are pulled and writing awaits the drain, so that bytes wait where they are and not in memory.
 */

import type { Duplex } from 'node:stream'
import { assert } from '../../../shared/assert.ts'
import { AppError } from '../../../shared/errors.ts'
import { decodeMessage, encodeMessage } from '../protocol/codec.ts'
import type { Identifier, IdentifierSpace } from '../protocol/identifier.ts'
import type { Message } from '../protocol/messages.ts'
import type { Timers } from '../ring/ports.ts'
import type { RateLimits } from './rate-limit.ts'
import { StreamReader } from './stream-reader.ts'
import { systemTimers } from './system-timers.ts'

/** Silence after which the other side is taken for gone: a disk may sleep, a person's network may blink. */
const silenceMs = 30_000
/**
 * A write is cut so, to see that a slow reader still takes something while it takes long. Each piece goes when the one before it has left:
 * what waits in a TLS stream is copied into one, and more at once than the processor's cache holds is encrypted more slowly.
 */
const pieceBytes = 128 * 1024
/** Lines that wait for a reader, on a connection of lines only: a peer that does not read its lines is as good as gone. */
const backlogBytesMax = 1024 * 1024
/** Milliseconds for what was written to leave after the last word. */
const goodbyeMs = 1_000

/** Payload bytes over all connections and datagrams, since start. */
export interface TrafficCounters {
  bytesIn: number
  bytesOut: number
}

export type LineDirection = 'sent' | 'received'

export interface ConnectionOptions {
  /** Any duplex stream; TLS in practice. */
  readonly stream: Duplex
  readonly space: IdentifierSpace
  /** As the certificate has it; null for a stranger. */
  readonly peerId: Identifier | null
  /** The other side's way, for people and logs. */
  readonly remoteAddress: string
  readonly counters?: TrafficCounters
  /** Bounds on the bytes of bodies; absent = none. */
  readonly limits?: RateLimits
  /** Called with every line, in order. */
  readonly onLine?: (direction: LineDirection, peerId: Identifier | null, line: string) => void
  /** Takes the connection back when an exchange ended cleanly; without it a released connection is closed. */
  readonly onRelease?: (connection: Connection) => void
  /** Milliseconds without a byte in or out before reading or writing gives up. Default 30 000. */
  readonly silenceMs?: number
  /** Default: the system's. */
  readonly timers?: Timers
}

export class Connection {
  readonly peerId: Identifier | null
  readonly remoteAddress: string
  readonly #options: ConnectionOptions
  readonly #stream: Duplex
  readonly #reader: StreamReader
  readonly #silenceMs: number
  readonly #timers: Timers
  #drained: Promise<void> | null = null
  /** Until what was given to `write` has been taken: bodies go one after the other, each in pieces. */
  #turn: Promise<void> = Promise.resolve()
  /** Told when the stream is empty again or closed, while somebody waits for it: a listener for each piece would cost more than the piece. */
  #endWait: ((how: 'drained' | 'closed') => void) | null = null
  #onRelease: ((connection: Connection) => void) | undefined
  #bodyOpen = false
  #activity = 0
  readonly #closeListeners = new Set<() => void>()

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#onRelease = options.onRelease
    this.#stream = options.stream
    this.peerId = options.peerId
    this.remoteAddress = options.remoteAddress
    this.#silenceMs = options.silenceMs ?? silenceMs
    this.#timers = options.timers ?? systemTimers
    this.#reader = new StreamReader(options.stream, this.#timers, (count) => {
      this.#activity++
      if (options.counters) options.counters.bytesIn += count
      return this.#bodyOpen && options.limits ? options.limits.down.take(count) : 0
    })
    const closed = (): void => {
      const listeners = [...this.#closeListeners]
      this.#closeListeners.clear()
      for (const listener of listeners) listener()
    }
    options.stream.on('end', closed)
    options.stream.on('close', closed)
    options.stream.on('close', () => this.#endWait?.('closed'))
    options.stream.on('drain', () => this.#endWait?.('drained'))
  }

  get destroyed(): boolean {
    return this.#stream.destroyed
  }

  /** Whether a new exchange can begin: both directions open, nothing left over. */
  get idle(): boolean {
    return this.writable && !this.#reader.over && this.#reader.bufferedBytes === 0 && !this.#bodyOpen
  }

  get writable(): boolean {
    return !this.#stream.destroyed && this.#stream.writable
  }

  /** Counts up with every piece that is read or written: unchanged between two looks = idle between them. */
  get activity(): number {
    return this.#activity
  }

  /** Whether the other side stopped taking what is sent without waiting. */
  get clogged(): boolean {
    return this.#stream.writableLength > backlogBytesMax
  }

  /** `listener` runs once, when the other side has ended or the connection is closed. The result takes the listener back. */
  onClose(listener: () => void): () => void {
    if (this.#stream.destroyed || this.#reader.over) queueMicrotask(listener)
    else this.#closeListeners.add(listener)
    return () => this.#closeListeners.delete(listener)
  }

  /** Resolves when flushed below the high-water mark. AppError('peer-unreachable') when the connection is gone. */
  async send(message: Message): Promise<void> {
    const line = encodeMessage(this.#options.space, message)
    this.#options.onLine?.('sent', this.peerId, line)
    await this.#put(Buffer.from(`${line}\n`, 'utf8'))
  }

  /**
   * The next message; null at the end of the stream.
   * @throws AppError('protocol') on rubbish (the connection is closed then), AppError('peer-unreachable') after `timeoutMs`
   *   without a byte (default 30 000; the connection stays open) or when it broke.
   */
  async receive(options: { readonly timeoutMs?: number } = {}): Promise<Message | null> {
    assert(!this.#bodyOpen, 'a body is read to its end before the next line')
    try {
      const line = await this.#reader.readLine(options.timeoutMs ?? this.#silenceMs)
      if (line === null) return null
      this.#options.onLine?.('received', this.peerId, line)
      const message = decodeMessage(this.#options.space, line)
      if ('command' in message) return message
      throw new AppError('protocol', `The other machine sent a line that cannot be read: ${message.reason}`)
    } catch (error) {
      if (error instanceof AppError && error.code === 'protocol') this.destroy()
      throw error
    }
  }

  /**
   * Exactly `lengthBytes` bytes, as they arrive. AppError('peer-unreachable') when the connection breaks or is silent for 30 s.
   * The chunks are the reader's to keep. A body that is not read to its end closes the connection.
   */
  readBody(lengthBytes: number): AsyncGenerator<Buffer, void, undefined> {
    return this.#body(lengthBytes, () => this.#reader.readPiece(this.#silenceMs))
  }

  /** As `readBody`, cut as the reader wants it: `nextBuffer` gives memory for the next bytes, which is filled to its end. */
  readBlocks(lengthBytes: number, nextBuffer: () => Buffer): AsyncGenerator<Buffer, void, undefined> {
    return this.#body(lengthBytes, async () => {
      const buffer = nextBuffer()
      await this.#reader.readInto(buffer, this.#silenceMs)
      return buffer
    })
  }

  async *#body(lengthBytes: number, next: () => Promise<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    assert(!this.#bodyOpen, 'one body is read at a time')
    let missing = lengthBytes
    if (missing === 0) return
    this.#bodyOpen = true
    this.#reader.expectBody(missing)
    try {
      while (missing > 0) {
        const chunk = await next()
        missing -= chunk.length
        if (missing === 0) this.#bodyOpen = false
        yield chunk
      }
    } finally {
      if (missing > 0) this.destroy()
    }
  }

  /** A body of so many bytes in one piece, in memory that may be given: for small ones, whose limit the caller has checked. */
  async readBodyBuffer(lengthBytes: number, into: Buffer = Buffer.allocUnsafe(lengthBytes)): Promise<Buffer> {
    assert(into.length === lengthBytes, 'memory for exactly the body')
    const blocks = this.readBlocks(lengthBytes, () => into)
    while (!(await blocks.next()).done);
    return into
  }

  /**
   * Writes bytes that the caller does not touch again. Awaits the drain when needed; one that is longer than a piece has left this
   * process when it resolves, so that its memory may be used again. May be called before an earlier one has resolved: they go in the order
   * of the calls. AppError('peer-unreachable') when gone or stuck.
   */
  write(chunk: Uint8Array): Promise<void> {
    const written = this.#turn.then(() => this.#putPieces(chunk))
    this.#turn = written.catch(() => undefined)
    return written
  }

  async #putPieces(chunk: Uint8Array): Promise<void> {
    const limit = this.#options.limits?.up
    const limitedBytes = limit?.pieceBytes ?? null
    // even pieces: the last one too fills the stream's buffer, which is empty again once it is drained
    const length = limitedBytes ?? Math.ceil(chunk.length / Math.ceil(chunk.length / pieceBytes))
    for (let offset = 0; offset < chunk.length; offset += length) {
      const piece = chunk.subarray(offset, offset + length)
      if (!limit || limitedBytes === null) {
        await this.#put(piece)
        continue
      }
      const waitMs = limit.take(piece.length)
      if (waitMs > 0) await new Promise<void>((resolve) => this.#timers.after(waitMs, resolve))
      // a copy: a piece this short may still lie in the stream's buffer when its memory is used again
      await this.#put(Buffer.from(piece))
    }
  }

  async #put(chunk: Uint8Array): Promise<void> {
    if (!this.writable) throw gone()
    const isFlowing = this.#stream.write(chunk)
    this.#activity++
    if (this.#options.counters) this.#options.counters.bytesOut += chunk.length
    if (isFlowing) return
    this.#drained ??= this.#untilDrained()
    await this.#drained
  }

  /** As the option of this name, for a connection that the other side made: from now on this side asks on it. */
  set onRelease(onRelease: (connection: Connection) => void) {
    this.#onRelease = onRelease
  }

  /** The exchange is over: back to the pool, or closed when that was not its clean end. */
  release(): void {
    if (this.idle && this.#onRelease) this.#onRelease(this)
    else this.destroy()
  }

  /** Says good-bye after what was written. Resolves when both sides have ended, or after a moment; it is closed then. */
  async end(): Promise<void> {
    if (this.#stream.destroyed) return
    const closed = new Promise<void>((resolve) => this.#stream.once('close', resolve))
    this.#stream.end()
    const cancel = this.#timers.after(goodbyeMs, () => {
      this.destroy()
    })
    await closed
    cancel()
  }

  destroy(): void {
    this.#stream.destroy()
  }

  /** Until the stream is empty again; every `silenceMs` at least a piece must have gone. */
  async #untilDrained(): Promise<void> {
    const stream = this.#stream
    const outcome = await new Promise<'drained' | 'closed' | 'stuck'>((resolve) => {
      let left = stream.writableLength
      const look = (): void => {
        if (stream.writableLength >= left) resolve('stuck')
        else cancelLook = this.#timers.after(this.#silenceMs, look)
        left = stream.writableLength
      }
      let cancelLook = this.#timers.after(this.#silenceMs, look)
      this.#endWait = (how) => {
        cancelLook()
        resolve(how)
      }
      if (stream.destroyed) this.#endWait('closed')
    })
    this.#endWait = null
    this.#drained = null
    if (outcome === 'drained') return
    this.destroy()
    throw outcome === 'closed' ? gone() : new AppError('peer-unreachable', 'The other machine takes no more bytes')
  }
}

function gone(): AppError {
  return new AppError('peer-unreachable', 'The connection to the other machine is closed')
}
