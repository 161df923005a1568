/**
 * Connections to other machines, in use or at rest. A machine whose power went says nothing, and one that started again elsewhere knows
 * nothing of them: whoever waits for its answer is told by what the ring found out.
 */

import type { Connection } from './net/connection.ts'
import { sharesWay, type Contact } from './protocol/contact.ts'
import type { Identifier } from './protocol/identifier.ts'
import type { Timers } from './ring/ports.ts'

/** A connection to where a machine is not any more may still move bytes; one that moves none for so long is given up. */
const silentMs = 10_000

type Opened = Pick<Connection, 'activity' | 'destroy' | 'destroyed' | 'onClose'>

export class OpenConnections {
  readonly #timers: Timers
  /** By peer; each with the contact that it was opened to. */
  readonly #open = new Map<Identifier, Map<Opened, Contact>>()
  #online: readonly Contact[] = []

  constructor(timers: Timers) {
    this.#timers = timers
  }

  add(connection: Opened, to: Contact): void {
    const known = this.#open.get(to.id) ?? new Map<Opened, Contact>()
    this.#open.set(to.id, known)
    if (known.has(connection)) return
    known.set(connection, to)
    connection.onClose(() => {
      known.delete(connection)
      if (known.size === 0 && this.#open.get(to.id) === known) this.#open.delete(to.id)
    })
  }

  /** The peer is dead: whoever waits for it learns so now. */
  hangUp(peer: Identifier): void {
    const connections = this.#open.get(peer)?.keys() ?? []
    this.#open.delete(peer)
    for (const connection of connections) connection.destroy()
  }

  /** `online`: contacts of those who are there, the same array until something changes. */
  look(online: readonly Contact[]): void {
    if (online === this.#online) return
    this.#online = online
    for (const contact of online) {
      for (const [connection, to] of this.#open.get(contact.id) ?? []) {
        if (sharesWay(contact, to)) continue
        this.#open.get(contact.id)?.set(connection, contact)
        this.#untilSilent(connection)
      }
    }
  }

  /** What somebody still asks on it counts for once: an answer that never comes is silence, too. */
  #untilSilent(connection: Opened): void {
    const { activity } = connection
    this.#timers.after(silentMs, () => {
      if (connection.destroyed) return
      if (connection.activity === activity) connection.destroy()
      else this.#untilSilent(connection)
    })
  }
}
