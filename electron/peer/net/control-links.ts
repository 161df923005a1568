/**
 * The ring's own lines over streams: one connection a peer, whichever side dialled it. Lines wait in a bounded queue while it
 * is dialled; when it fails they are lost, and the ring hears of it as a hint to probe, never as a verdict.
 */

import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import type { RingMessage } from '../protocol/messages.ts'
import type { Connection } from './connection.ts'

/** Peers with a connection for lines: neighbours, and those just asked. The one used longest ago makes room. */
const linksMax = 256
/** Lines that wait for a dialled connection. */
const queueMax = 256

export interface ControlOptions {
  readonly dial: (to: Contact) => Promise<Connection>
  /** Reads the lines that come back on a connection that we dialled. */
  readonly serve: (connection: Connection) => void
  readonly onFailed: (peer: Identifier) => void
}

interface Link {
  connection: Connection | null
  /** Lines for a connection that is being dialled. */
  queue: RingMessage[]
}

export class ControlLinks {
  readonly #options: ControlOptions
  /** Used longest ago first. */
  readonly #links = new Map<Identifier, Link>()
  readonly #dialling = new Set<Promise<void>>()
  #generation = 0

  constructor(options: ControlOptions) {
    this.#options = options
  }

  send(to: Contact, message: RingMessage): void {
    const link = this.#links.get(to.id)
    if (!link) {
      this.#dial(to, message)
      return
    }
    this.#links.delete(to.id)
    this.#links.set(to.id, link)
    if (link.connection) this.#write(link.connection, message)
    else if (link.queue.length < queueMax) link.queue.push(message)
  }

  /**
   * A peer sent a ring's line on `connection`: ours go back on it. It is known to be alive, while one made earlier may lead to
   * where the peer was before it lost its network; that one is left to close for want of use.
   */
  adopt(peer: Identifier, connection: Connection): void {
    const link = this.#links.get(peer)
    if (link?.connection !== connection) this.#attach(peer, link ?? { connection: null, queue: [] }, connection)
  }

  /** The connection to a peer that is open now. */
  linkTo(peer: Identifier): Connection | null {
    return this.#links.get(peer)?.connection ?? null
  }

  /** Closes the link to a peer that is known to be gone. */
  forget(peer: Identifier): void {
    const link = this.#links.get(peer)
    this.#links.delete(peer)
    link?.connection?.destroy()
  }

  /**
   * Ends every link once the lines sent so far have gone, those for connections still being dialled included: what was written and not
   * yet taken by the system would be lost with a link that is closed. Resolves when all are closed, a moment after the last was dialled.
   */
  async end(): Promise<void> {
    while (this.#dialling.size > 0) await Promise.all(this.#dialling)
    const links = [...this.#links.values()]
    this.#links.clear()
    await Promise.all(links.map(async ({ connection }) => connection?.end()))
  }

  /** Closes every link without a word. What is being dialled is closed when it arrives. */
  clear(): void {
    this.#generation++
    const links = [...this.#links.values()]
    this.#links.clear()
    for (const { connection } of links) connection?.destroy()
  }

  #dial(to: Contact, first: RingMessage): void {
    const link: Link = { connection: null, queue: [first] }
    this.#links.set(to.id, link)
    this.#makeRoom()
    const generation = this.#generation
    const dialling = this.#options.dial(to).then(
      (connection) => {
        // dropped meanwhile, or the other side's own connection came first
        if (generation !== this.#generation || this.#links.get(to.id) !== link || link.connection) {
          connection.destroy()
          return
        }
        this.#attach(to.id, link, connection)
        this.#options.serve(connection)
      },
      () => {
        if (this.#links.get(to.id) !== link || link.connection) return
        this.#links.delete(to.id)
        this.#options.onFailed(to.id)
      },
    )
    this.#dialling.add(dialling)
    void dialling.finally(() => this.#dialling.delete(dialling))
  }

  #attach(peer: Identifier, link: Link, connection: Connection): void {
    link.connection = connection
    this.#links.set(peer, link)
    this.#makeRoom()
    connection.onClose(() => {
      if (this.#links.get(peer) !== link || link.connection !== connection) return
      this.#links.delete(peer)
      this.#options.onFailed(peer)
    })
    const waiting = link.queue
    link.queue = []
    for (const message of waiting) this.#write(connection, message)
  }

  #write(connection: Connection, message: RingMessage): void {
    if (connection.clogged) connection.destroy()
    // a broken connection is told by its close
    else connection.send(message).catch(() => undefined)
  }

  #makeRoom(): void {
    for (const [peer, { connection }] of this.#links) {
      if (this.#links.size <= linksMax) return
      this.#links.delete(peer)
      connection?.destroy()
    }
  }
}
