/**
 * The two ends of a connection that may break or fall silent after so many bytes, and deliver in pieces of any size. Whoever makes it
 * decides what happens; nothing here waits for time.
 */

import { Duplex } from 'node:stream'

export interface LinkFaults {
  /** After so many bytes, both directions together, the connection is gone: what is under way is lost. */
  readonly breakAfterBytes?: number
  /** After so many bytes nothing is delivered any more, and nobody is told. */
  readonly stallAfterBytes?: number
  /** Length of the next piece that is delivered, in bytes, at least 1. Default: as it was written. */
  readonly pieceBytes?: () => number
  /** Told of each piece that was delivered. `to`: the end that got it. */
  readonly onDelivered?: (to: 'opener' | 'other', bytes: number) => void
}

interface Link {
  readonly faults: LinkFaults
  bytes: number
}

class LinkEnd extends Duplex {
  other!: LinkEnd
  readonly #link: Link
  readonly #is: 'opener' | 'other'
  #roomListener: (() => void) | null = null

  constructor(link: Link, is: 'opener' | 'other') {
    super()
    this.#link = link
    this.#is = is
  }

  override _read(): void {
    const listener = this.#roomListener
    this.#roomListener = null
    listener?.()
  }

  override _write(chunk: Buffer, _: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#deliver(chunk, callback)
  }

  override _final(callback: (error?: Error | null) => void): void {
    if (!this.other.destroyed && !this.#isStalled) this.other.push(null)
    callback()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const { other } = this
    process.nextTick(() => {
      if (!other.destroyed && !other.readableEnded) other.destroy(new Error('read ECONNRESET'))
    })
    callback(error)
  }

  get #isStalled(): boolean {
    return this.#link.bytes >= (this.#link.faults.stallAfterBytes ?? Infinity)
  }

  #deliver(chunk: Buffer, callback: () => void): void {
    const { faults } = this.#link
    const { breakAfterBytes = Infinity, pieceBytes, onDelivered } = faults
    if (this.#isStalled || this.other.destroyed) return // never drained: the writer notices the silence, or the close
    const left = Math.min(breakAfterBytes, faults.stallAfterBytes ?? Infinity) - this.#link.bytes
    const piece = chunk.subarray(0, Math.min(left, pieceBytes?.() ?? chunk.length))
    const rest = chunk.subarray(piece.length)
    this.#link.bytes += piece.length
    // a copy, as a kernel makes: what was taken may be written over by whoever wrote it
    const hasRoom = piece.length === 0 || this.other.push(Buffer.from(piece))
    onDelivered?.(this.#is === 'opener' ? 'other' : 'opener', piece.length)
    if (this.#link.bytes >= breakAfterBytes) {
      this.destroy(new Error('read ECONNRESET'))
      return
    }
    const goOn = rest.length > 0 ? () => this.#deliver(rest, callback) : callback
    if (hasRoom) process.nextTick(goOn)
    else this.other.#roomListener = goOn
  }
}

/** The opener's end and the other's. */
export function faultyLink(faults: LinkFaults = {}): [Duplex, Duplex] {
  const link = { faults, bytes: 0 }
  const opener = new LinkEnd(link, 'opener')
  const other = new LinkEnd(link, 'other')
  opener.other = other
  other.other = opener
  return [opener, other]
}
