/**
 * One TCP connection through the proxy: two pumps, one for each direction, each held, delayed and throttled by its own link.
 * A held direction keeps its bytes and its end, as a network that is down does, until the link is open again.
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { LinkFaults } from './link-faults.ts'

/** Bytes under way in one direction, as a network's buffers would hold; then the sender waits. */
const underWayBytesMax = 1_048_576

export interface StreamEnds {
  /** Machine numbers. */
  readonly dialler: number
  readonly dialled: number
  /** Where the dialled machine listens. */
  readonly target: { readonly host: string; readonly port: number }
}

export class StreamRelay {
  readonly ends: StreamEnds
  readonly #faults: LinkFaults
  readonly #near: Socket
  readonly #far: Socket
  readonly #closed = new AbortController()
  #damageNext = false

  constructor(near: Socket, ends: StreamEnds, faults: LinkFaults) {
    this.ends = ends
    this.#faults = faults
    this.#near = near
    this.#far = connect({ ...ends.target, allowHalfOpen: true, noDelay: true })
    for (const socket of [this.#near, this.#far]) {
      // a machine that is gone, or a reset: the other side gets the same
      socket.on('error', () => {
        this.reset()
      })
      socket.once('close', () => {
        if (this.#near.destroyed && this.#far.destroyed) this.#closed.abort()
      })
    }
    void this.#pump(this.#near, this.#far, [ends.dialler, ends.dialled])
    void this.#pump(this.#far, this.#near, [ends.dialled, ends.dialler])
  }

  /** Runs `then` once both sides are closed. */
  onClosed(then: () => void): void {
    this.#closed.signal.addEventListener('abort', then, { once: true })
  }

  /** Breaks the connection off in both directions. */
  reset(): void {
    breakOff(this.#near)
    breakOff(this.#far)
    this.#closed.abort()
  }

  /** Turns a bit of what passes next. */
  damageNext(): void {
    this.#damageNext = true
  }

  /** Reads into a bounded queue and writes out of it, so that a delay costs time but no throughput. */
  async #pump(from: Socket, to: Socket, [source, destination]: readonly [number, number]): Promise<void> {
    const queue: { readonly bytes: Buffer | null; readonly dueAt: number }[] = []
    let queuedBytes = 0
    let lastDueAt = 0
    let wake = (): void => undefined
    const put = (bytes: Buffer | null): void => {
      lastDueAt = Math.max(lastDueAt, performance.now() + this.#faults.streamDelay(source, destination))
      queue.push({ bytes, dueAt: lastDueAt })
      queuedBytes += bytes?.length ?? 0
      if (queuedBytes > underWayBytesMax) from.pause()
      wake()
    }
    from.on('data', put)
    from.once('end', () => {
      put(null)
    })
    const { signal } = this.#closed
    signal.addEventListener('abort', () => {
      wake()
    })
    while (!signal.aborted) {
      const next = queue.shift()
      if (!next) {
        await new Promise<void>((resolve) => (wake = resolve))
        continue
      }
      await wait(Math.max(0, next.dueAt - performance.now()), null, { signal }).catch(() => undefined)
      await this.#faults.untilOpen(source, destination, signal)
      if (signal.aborted) return
      if (next.bytes === null) {
        to.end()
        return
      }
      await this.#write(to, next.bytes, this.#faults.link(source, destination).bytesPerSecond)
      queuedBytes -= next.bytes.length
      if (queuedBytes <= underWayBytesMax) from.resume()
    }
  }

  async #write(to: Socket, bytes: Buffer, bytesPerSecond: number): Promise<void> {
    const { signal } = this.#closed
    const sent = this.#damageNext ? this.#faults.damaged(bytes) : bytes
    this.#damageNext = false
    if (!to.write(sent) && !to.destroyed) await once(to, 'drain', { signal }).catch(() => undefined)
    if (bytesPerSecond < Infinity) await wait((1000 * bytes.length) / bytesPerSecond, null, { signal }).catch(() => undefined)
  }
}

/** A socket that is being connected or has said its end cannot be reset: Node would keep it for ever. It is closed. */
function breakOff(socket: Socket): void {
  if (socket.connecting || socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}
