/**
 * The way to a machine that cannot be dialled, from a machine that it can dial: over a connection that it made for the ring's lines it is
 * asked to make another one, on which it is then asked as if it had been dialled.
 */

import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import type { Callback, Called, LinkMessage } from '../protocol/messages.ts'
import type { Connection } from './connection.ts'

/** Calls that one machine may have made at its wish at the same time: more than its transfers need. */
const dialsPerPeer = 16

export interface CallbackOptions {
  /** This machine, with the ways that others reach it by now. */
  readonly self: () => Contact
  /** A connection for lines to `peer` that is open, whoever made it. */
  readonly linkTo: (peer: Identifier) => Connection | null
  readonly dial: (to: Contact) => Promise<Connection>
  /** Serves a connection that was made because the other side asked for it. */
  readonly serve: (connection: Connection) => void
}

interface Waiting {
  readonly peer: Identifier
  readonly take: (connection: Connection) => void
}

export class Callbacks {
  readonly #options: CallbackOptions
  readonly #waiting = new Map<number, Waiting>()
  readonly #dialling = new Map<Identifier, number>()
  #lastCall = 0

  constructor(options: CallbackOptions) {
    this.#options = options
  }

  /** A connection that `to` made to this machine because it was asked to. Rejects when it cannot be asked, or when `signal` aborts. */
  async request(to: Contact, signal: AbortSignal): Promise<Connection> {
    const link = this.#options.linkTo(to.id)
    if (!link || signal.aborted) throw new Error('it has no connection to this machine')
    const call = ++this.#lastCall
    try {
      return await new Promise<Connection>((resolve, reject) => {
        this.#waiting.set(call, { peer: to.id, take: resolve })
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
        const caller = this.#options.self()
        link.send({ command: 'callback', call, caller, destination: to.id, source: caller.id }).catch(reject)
      })
    } finally {
      this.#waiting.delete(call)
    }
  }

  /** Takes in a line; why not, or null. A connection that was waited for belongs to who waited: nobody else may read it any more. */
  receive(message: LinkMessage, connection: Connection): string | null {
    return message.command === 'called' ? this.#receiveCalled(message, connection) : this.#receiveCallback(message)
  }

  #receiveCalled({ call, source }: Called, connection: Connection): string | null {
    const waiting = this.#waiting.get(call)
    if (waiting?.peer !== source) return 'A call that nobody waits for'
    this.#waiting.delete(call)
    waiting.take(connection)
    return null
  }

  #receiveCallback({ call, caller, source, destination }: Callback): string | null {
    if (caller.id !== source) return "A wish to be called in another machine's name"
    const dialling = this.#dialling.get(source) ?? 0
    if (dialling >= dialsPerPeer) return 'Too many wishes to be called'
    this.#dialling.set(source, dialling + 1)
    void this.#options
      .dial(caller)
      .then(async (connection) => {
        await connection.send({ command: 'called', call, destination: source, source: destination })
        this.#options.serve(connection)
      })
      // who asked has other ways, or gives up by itself
      .catch(() => undefined)
      .finally(() => {
        const left = (this.#dialling.get(source) ?? 1) - 1
        if (left === 0) this.#dialling.delete(source)
        else this.#dialling.set(source, left)
      })
    return null
  }
}
