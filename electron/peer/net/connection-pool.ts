/** Connections at rest between two exchanges, so that a small file does not cost a handshake. */

import type { Identifier } from '../protocol/identifier.ts'
import type { Connection } from './connection.ts'

export interface PoolOptions {
  /** Milliseconds a connection rests before it is closed. Default 60 000; less than what a server waits for the next exchange. */
  readonly idleMs?: number
  /** Resting connections a peer. Default 8: as many as transfers run at once. */
  readonly perPeer?: number
  /** Resting connections in all. Default 128: each is a file descriptor on both sides. */
  readonly total?: number
}

interface Resting {
  readonly peer: Identifier
  readonly connection: Connection
  readonly timer: NodeJS.Timeout
  readonly stopWatching: () => void
}

export class ConnectionPool {
  readonly #idleMs: number
  readonly #perPeer: number
  readonly #total: number
  /** Oldest first. */
  #resting: Resting[] = []
  #closed = false

  constructor(options: PoolOptions = {}) {
    this.#idleMs = options.idleMs ?? 60_000
    this.#perPeer = options.perPeer ?? 8
    this.#total = options.total ?? 128
  }

  get size(): number {
    return this.#resting.length
  }

  has(peer: Identifier): boolean {
    return this.#resting.some((resting) => resting.peer === peer)
  }

  /** The connection to `peer` that rested last, since it is the one most likely alive; or null. */
  take(peer: Identifier): Connection | null {
    for (;;) {
      const found = this.#resting.findLast((resting) => resting.peer === peer)
      if (!found) return null
      this.#remove(found.connection)
      if (found.connection.idle) return found.connection
      found.connection.destroy()
    }
  }

  /** Keeps a connection whose exchange ended cleanly, closing the oldest where there are too many. */
  put(peer: Identifier, connection: Connection): void {
    if (this.#closed || !connection.idle) {
      connection.destroy()
      return
    }
    const timer = setTimeout(() => {
      this.#close(connection)
    }, this.#idleMs)
    timer.unref()
    const stopWatching = connection.onClose(() => {
      // the other side hung up while it rested
      if (this.#remove(connection)) connection.destroy()
    })
    this.#resting.push({ peer, connection, timer, stopWatching })
    const ofPeer = this.#resting.filter((resting) => resting.peer === peer)
    const surplus = ofPeer.length > this.#perPeer ? ofPeer[0] : this.#resting.length > this.#total ? this.#resting[0] : undefined
    if (surplus) this.#close(surplus.connection)
  }

  /** Closes what rests of one peer: it is known to be gone. */
  forget(peer: Identifier): void {
    for (const { connection } of this.#resting.filter((resting) => resting.peer === peer)) this.#close(connection)
  }

  /** Closes every resting connection, and those that are put later. */
  close(): void {
    this.#closed = true
    for (const { connection } of this.#resting) this.#close(connection)
  }

  #close(connection: Connection): void {
    this.#remove(connection)
    connection.destroy()
  }

  #remove(connection: Connection): boolean {
    const found = this.#resting.find((resting) => resting.connection === connection)
    if (!found) return false
    clearTimeout(found.timer)
    found.stopWatching()
    this.#resting = this.#resting.filter((resting) => resting !== found)
    return true
  }
}
