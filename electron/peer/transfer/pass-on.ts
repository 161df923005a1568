/** The connection to the machine behind this one: it takes the same blocks; when it breaks, this machine goes on alone. */

import { AppError } from '../../../shared/errors.ts'
import type { Connection } from '../net/connection.ts'
import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import type { Timers } from '../ring/ports.ts'
import type { Offer, Offered } from './distribute.ts'
import { answer } from './exchange.ts'
import type { TransferContext } from './transfer-context.ts'

/** A machine behind this one that takes no byte for so long is given up, so that the writer is not held. */
const stallMs = 10_000
const durableTimeoutMs = 240_000

export interface PassOnOptions {
  /** Copies wanted behind this machine; 0: nothing is passed on. */
  readonly copies: number
  /** Who may take them, best first. */
  readonly next: readonly Contact[]
  /** Asks one of them, which may ask those after it. */
  readonly offer: (to: Offer) => Promise<Offered>
  /** What it says when it has all blocks. */
  readonly end: 'stored' | 'noted'
}

export class PassOn {
  readonly failed: Identifier[] = []
  readonly #holders: Identifier[] = []
  readonly #timers: Timers
  readonly #end: PassOnOptions['end']
  #connection: Connection | null = null
  #head: Contact | null = null
  /** Blocks that the machine behind this one lacks; null: all. */
  #wanted: ReadonlySet<number> | null = null

  private constructor(timers: Timers, end: PassOnOptions['end']) {
    this.#timers = timers
    this.#end = end
  }

  /** Finds the first that takes the blocks; who has them already counts as a holder. Never rejects. */
  static async start(context: TransferContext, options: PassOnOptions): Promise<PassOn> {
    const passOn = new PassOn(context.timers, options.end)
    const waiting = options.next.filter((contact) => contact.id !== context.self.id)
    let { copies } = options
    while (copies > 0 && waiting.length > 0 && !passOn.#connection) {
      const head = waiting.shift()
      if (!head) break
      let connection: Connection | null = null
      try {
        connection = await context.open(head)
        const reply = await options.offer({ connection, head, next: waiting, copies })
        if (reply.command === 'continue') {
          passOn.#connection = connection
          passOn.#head = head
          passOn.#wanted = reply.wanted && new Set(reply.wanted)
          continue
        }
        passOn.#holders.push(...reply.holders)
        copies -= reply.holders.length
        connection.release()
        for (const id of [...reply.holders, ...reply.failed]) remove(waiting, id)
      } catch {
        connection?.destroy()
        passOn.failed.push(head.id)
      }
    }
    return passOn
  }

  /** The machine that takes the blocks, or null when there is none (any more). */
  get head(): Contact | null {
    return this.#connection && this.#head
  }

  wants(index: number): boolean {
    return this.#connection !== null && (this.#wanted?.has(index) ?? true)
  }

  /** Resolves when the block has left, if it is wanted; never rejects. To be called in the blocks' order. */
  async write(index: number, block: Uint8Array): Promise<void> {
    const connection = this.#connection
    if (!connection || !this.wants(index)) return
    let seen = connection.activity
    const look = (): void => {
      if (connection.activity === seen) connection.destroy()
      seen = connection.activity
      cancelLook = this.#timers.after(stallMs, look)
    }
    let cancelLook = this.#timers.after(stallMs, look)
    try {
      await connection.write(block)
    } catch {
      this.#giveUp()
    } finally {
      cancelLook()
    }
  }

  /** The machines behind this one that hold the file now. */
  async finish(): Promise<readonly Identifier[]> {
    if (!this.#connection) return this.#holders
    try {
      const end = await answer(this.#connection, [this.#end], durableTimeoutMs)
      this.#connection.release()
      if (end.command === 'noted') return this.#holders
      this.failed.push(...end.failed)
      return [...this.#holders, ...end.holders]
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      this.#giveUp()
      return this.#holders
    }
  }

  destroy(): void {
    this.#connection?.destroy()
  }

  #giveUp(): void {
    this.#connection?.destroy()
    this.#connection = null
    if (this.#head) this.failed.push(this.#head.id)
  }
}

function remove(contacts: Contact[], id: Identifier): void {
  const at = contacts.findIndex((contact) => contact.id === id)
  if (at >= 0) contacts.splice(at, 1)
}
