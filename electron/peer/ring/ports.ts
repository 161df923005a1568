/** The world as the ring sees it: time, chance and transport come in here and nowhere else (house.md 4.2). */

import type { Contact } from '../protocol/contact.ts'
import type { RingMessage } from '../protocol/messages.ts'

export interface Clock {
  /** Milliseconds, monotonic, from any start. */
  now(): number
}

export interface Random {
  /** 0 <= x < 1. */
  next(): number
}

export type Channel = 'datagram' | 'stream'

export interface Transport {
  /** Sends one message, or loses it: no answer, no error. Deadlines are the ring's own. */
  send(to: Contact, channel: Channel, message: RingMessage): void
}
