/**
 * A network that loses, repeats, delays and reorders datagrams, delays and breaks streams, and splits into parts. A stream
 * keeps its order and arrives whole or not at all, as TCP does. All chance comes from the seed.
 */

import type { Way } from '../../electron/peer/protocol/contact.ts'
import type { RingMessage } from '../../electron/peer/protocol/messages.ts'
import type { Channel, Random } from '../../electron/peer/ring/ports.ts'
import type { EventQueue } from './event-queue.ts'

export interface NetworkFaults {
  /** Share of datagrams lost, 0 to 1. */
  readonly loss: number
  /** Share of datagrams delivered twice. */
  readonly duplicates: number
  /** Share of messages that take up to `longDelayMs` instead of the usual time. */
  readonly longDelays: number
  readonly longDelayMs: number
  /** Share of messages over streams lost with their connection. */
  readonly resets: number
  /** What a stream loses (`loss`) is sent again after 200 ms, 400 ms more and so on, as TCP does, and holds up what follows; else streams lose nothing. */
  readonly retransmits?: boolean
}

/** TCP's shortest wait for an acknowledgement on Linux. */
const retransmitMs = 200

export const noFaults: NetworkFaults = { loss: 0, duplicates: 0, longDelays: 0, longDelayMs: 0, resets: 0 }

export interface Packet {
  readonly from: Way
  readonly to: Way
  readonly channel: Channel
  readonly message: RingMessage
}

export class Network {
  readonly #queue: EventQueue
  readonly #random: Random
  readonly #deliver: (packet: Packet) => void
  /** When the last message of a stream arrives, by its two ends: the next one comes after it. */
  readonly #streamEnds = new Map<Way, Map<Way, number>>()
  /** Part of the network that a way is in; ways of different parts do not reach each other. Null = one network. */
  #partOf: ((way: Way) => number) | null = null
  #blocked: ((from: Way, to: Way, channel: Channel) => boolean) | null = null
  faults: NetworkFaults = noFaults
  #lateUntil = 0
  /** Told of every packet as it is sent, whatever becomes of it. */
  onSent: ((packet: Packet) => void) | null = null
  /** How many messages met which fault. */
  readonly injected = { lost: 0, repeated: 0, late: 0, cut: 0, parted: 0 }

  constructor(queue: EventQueue, random: Random, deliver: (packet: Packet) => void) {
    this.#queue = queue
    this.#random = random
    this.#deliver = deliver
  }

  /** Splits the network: `partOf` gives each way its part, the same whenever it is asked. */
  split(partOf: (way: Way) => number): void {
    this.#partOf = partOf
  }

  /** Part of the network that `way` is in, or null while it is whole. */
  partOf(way: Way): number | null {
    return this.#partOf?.(way) ?? null
  }

  heal(): void {
    this.#partOf = null
    this.#blocked = null
  }

  /** Cuts single ways: `blocked` says which, the same whenever it is asked; beside what parts of the network do. */
  block(blocked: (from: Way, to: Way, channel: Channel) => boolean): void {
    this.#blocked = blocked
  }

  /** Whether nothing gets from one to the other now. */
  isCut(from: Way, to: Way, channel: Channel): boolean {
    const partOf = this.#partOf
    return (partOf !== null && partOf(from) !== partOf(to)) || this.#blocked?.(from, to, channel) === true
  }

  send(packet: Packet): void {
    this.onSent?.(packet)
    if (packet.channel === 'datagram') {
      if (this.#random.next() < this.faults.loss) {
        this.injected.lost++
        return
      }
      if (this.#random.next() < this.faults.duplicates) {
        this.injected.repeated++
        this.#carry(packet, this.delayMs())
      }
      this.#carry(packet, this.delayMs())
      return
    }
    if (this.#random.next() < this.faults.resets) {
      this.injected.cut++
      return
    }
    const ends = this.#streamEndsFrom(packet.from)
    const arrives = Math.max(this.#queue.now + this.delayMs() + this.#retransmitMs(), ends.get(packet.to) ?? 0)
    ends.set(packet.to, arrives)
    this.#carry(packet, arrives - this.#queue.now)
  }

  #streamEndsFrom(from: Way): Map<Way, number> {
    const known = this.#streamEnds.get(from)
    if (known) return known
    const ends = new Map<Way, number>()
    this.#streamEnds.set(from, ends)
    return ends
  }

  #carry(packet: Packet, delayMs: number): void {
    this.#queue.after(delayMs, () => {
      if (this.isCut(packet.from, packet.to, packet.channel)) this.injected.parted++
      else this.#deliver(packet)
    })
  }

  #retransmitMs(): number {
    let waitMs = 0
    if (this.faults.retransmits) while (this.#random.next() < this.faults.loss) waitMs = 2 * waitMs + retransmitMs
    return waitMs
  }

  /** When the last of the messages held back so far arrives. */
  get lateUntil(): number {
    return this.#lateUntil
  }

  delayMs(): number {
    if (this.#random.next() < this.faults.longDelays) {
      this.injected.late++
      const delayMs = this.#random.next() * this.faults.longDelayMs
      this.#lateUntil = Math.max(this.#lateUntil, this.#queue.now + delayMs)
      return delayMs
    }
    return 1 + this.#random.next() * 20
  }
}
