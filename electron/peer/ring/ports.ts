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

/** Calls back later: for who waits for a disk or another machine. The ring itself needs none, its deadlines are data. */
export interface Timers {
  /** Runs `run` once, `delayMs` from now; the result takes it back. */
  after(delayMs: number, run: () => void): () => void
}

export type Channel = 'datagram' | 'stream'

export interface Transport {
  /** Sends one message, or loses it: no answer, no error. Deadlines are the ring's own. */
  send(to: Contact, channel: Channel, message: RingMessage): void
}
