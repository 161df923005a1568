/** Bytes on the wire, as a network would count them: what the ring says, with seals, records, headers and acknowledgements. */

import { encodeMessage } from '../../electron/peer/protocol/codec.ts'
import type { Way } from '../../electron/peer/protocol/contact.ts'
import type { Packet } from './network.ts'
import type { Simulator } from './simulator.ts'

const ipAndUdp = 28
/** Kind, session, counter and tag: docs/protocol.md, "Streams, ways and seals". */
const seal = 1 + 16 + 8 + 16
const ipAndTcp = 40
/** Header, content type and tag of a TLS 1.3 record. */
const tlsRecord = 22

export interface Traffic {
  /** Bits a second of the peer that sends, or receives, most. */
  readonly sent: number
  readonly received: number
}

export class TrafficMeter {
  readonly #simulator: Simulator
  readonly #since: number
  readonly #sent = new Map<Way, number>()
  readonly #received = new Map<Way, number>()

  /** Counts from now on. */
  constructor(simulator: Simulator) {
    this.#simulator = simulator
    this.#since = simulator.queue.now
    simulator.network.onSent = (packet) => this.#count(packet)
  }

  /** Bits a second since the start, of the peer with most. */
  busiest(): Traffic {
    const seconds = (this.#simulator.queue.now - this.#since) / 1000
    const most = (bytes: ReadonlyMap<Way, number>): number => (8 * Math.max(0, ...bytes.values())) / seconds
    return { sent: most(this.#sent), received: most(this.#received) }
  }

  #count({ from, to, channel, message }: Packet): void {
    const { length } = encodeMessage(this.#simulator.space, message)
    if (channel === 'datagram') {
      this.#add(from, to, length + seal + ipAndUdp)
    } else {
      this.#add(from, to, length + 1 + tlsRecord + ipAndTcp)
      this.#add(to, from, ipAndTcp)
    }
  }

  #add(from: Way, to: Way, bytes: number): void {
    this.#sent.set(from, (this.#sent.get(from) ?? 0) + bytes)
    this.#received.set(to, (this.#received.get(to) ?? 0) + bytes)
  }
}
