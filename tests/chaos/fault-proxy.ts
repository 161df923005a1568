/**
 * A network with faults, on loopback: every machine listens at one address and announces another, which is the proxy's. What comes
 * to the announced address of B from A goes on to B, and B sees A's announced address as its source.
 *
 * Who speaks is told by the address it speaks from: every machine has a loopback address of its own. A datagram leaves from there
 * by itself; connections do when the machine runs with `dialFromHost`.
 */

import { createSocket, type Socket as DatagramSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout as later } from 'node:timers'
import type { LinkFaults } from './link-faults.ts'
import { StreamRelay } from './stream-relay.ts'

export interface Place {
  readonly host: string
  readonly port: number
}

/** Datagrams kept to be sent again, by chance, much later. */
const rememberedMax = 64
/** First address of the machines; the announced ones lie in the network after it. */
const firstHost = 10

/**
 * Arguments of node for a machine behind the proxy: its connections leave from its own address, as its datagrams do. The
 * system would take 127.0.0.1 for all machines alike.
 */
export function dialFromHost(host: string): string[] {
  const script = `import { Socket } from 'node:net'
    const dial = Socket.prototype.connect
    Socket.prototype.connect = function (...args) {
      const options = Array.isArray(args[0]) ? args[0][0] : args[0]
      if (options && typeof options === 'object' && options.path == null) options.localAddress ??= '${host}'
      return dial.apply(this, args)
    }`
  return ['--import', `data:text/javascript,${encodeURIComponent(script)}`]
}

interface Gate {
  readonly number: number
  /** Where the machine listens. */
  readonly inside: Place
  /** What it announces; the proxy's. */
  readonly outside: Place
  readonly udp: DatagramSocket
  readonly tcp: Server
}

export interface Traffic {
  datagrams: number
  datagramsLost: number
  connections: number
}

export class FaultProxy {
  readonly traffic: Traffic = { datagrams: 0, datagramsLost: 0, connections: 0 }
  readonly #faults: LinkFaults
  readonly #gates: Gate[] = []
  readonly #streams = new Set<StreamRelay>()
  readonly #remembered: { readonly bytes: Buffer; readonly from: number; readonly to: number }[] = []
  #closed = false

  private constructor(faults: LinkFaults) {
    this.#faults = faults
  }

  /** A proxy for `count` machines. `network` (0 to 255) keeps two proxies on one machine apart. Rejects where loopback has one address only. */
  static async open(count: number, network: number, faults: LinkFaults): Promise<FaultProxy> {
    const proxy = new FaultProxy(faults)
    let port = 0
    for (let number = 0; number < count; number++) {
      const gate = await proxy.#openGate(number, network, port)
      port = gate.outside.port
      proxy.#gates.push(gate)
    }
    return proxy
  }

  /** Where machine `number` is to listen, and what it is to announce. */
  places(number: number): { readonly inside: Place; readonly outside: Place } {
    const { inside, outside } = this.#gates[number]!
    return { inside, outside }
  }

  /** Breaks off the connections between these machines; without a second one, all of the first. Result: how many. */
  reset(a: number, b: number | null): number {
    const hit = [...this.#streams].filter(({ ends }) => {
      const pair = [ends.dialler, ends.dialled]
      return pair.includes(a) && (b === null || pair.includes(b))
    })
    for (const stream of hit) stream.reset()
    return hit.length
  }

  /** Turns a bit in what next passes over each connection of machine `number`. */
  damage(number: number): void {
    for (const stream of this.#streams) if (stream.ends.dialler === number || stream.ends.dialled === number) stream.damageNext()
  }

  /** Noise, damaged and old datagrams to machine `number`, in others' names. */
  sprayDatagrams(number: number, count: number): void {
    const { inside } = this.#gates[number]!
    for (let sent = 0; sent < count; sent++) {
      const old = this.#remembered[sent % Math.max(1, this.#remembered.length)]
      const from = this.#gates[old?.from ?? (number + 1) % this.#gates.length]!
      const junk = sent % 3 === 0 || !old ? this.#faults.noise(1_400) : sent % 3 === 1 ? this.#faults.damaged(old.bytes) : old.bytes
      from.udp.send(junk, inside.port, inside.host, () => undefined)
    }
  }

  /** A connection to machine `number` that speaks rubbish and stays open for a while. */
  sprayStream(number: number): void {
    const { inside } = this.#gates[number]!
    const socket = connect(inside)
    socket.on('error', () => undefined)
    socket.once('connect', () => socket.write(this.#faults.noise(20_000)))
    later(() => socket.destroy(), 5_000).unref()
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const stream of this.#streams) stream.reset()
    await Promise.all(
      this.#gates.map(async ({ udp, tcp }) => {
        udp.close()
        tcp.close()
        await once(tcp, 'close')
      }),
    )
  }

  async #openGate(number: number, network: number, port: number): Promise<Gate> {
    const tcp = createServer({ allowHalfOpen: true, noDelay: true })
    const host = `127.${network}.1.${firstHost + number}`
    await listening(tcp, { host, port })
    const address = tcp.address() as AddressInfo
    const udp = createSocket('udp4')
    udp.on('error', () => undefined)
    await new Promise<void>((resolve, reject) => {
      udp.once('error', reject)
      udp.bind(address.port, host, resolve)
    })
    const gate: Gate = {
      number,
      inside: { host: `127.${network}.0.${firstHost + number}`, port: address.port },
      outside: { host, port: address.port },
      udp,
      tcp,
    }
    udp.on('message', (bytes, from) => {
      this.#onDatagram(bytes, from.address, gate)
    })
    tcp.on('connection', (socket) => {
      this.#onConnection(socket, gate)
    })
    return gate
  }

  #senderAt(host: string | undefined): Gate | undefined {
    return this.#gates.find((gate) => gate.inside.host === host)
  }

  #onDatagram(bytes: Buffer, host: string, to: Gate): void {
    const from = this.#senderAt(host)
    if (!from) return
    this.traffic.datagrams++
    const fate = this.#faults.datagram(from.number, to.number)
    if (fate.length === 0) this.traffic.datagramsLost++
    this.#remembered.push({ bytes, from: from.number, to: to.number })
    if (this.#remembered.length > rememberedMax) this.#remembered.shift()
    for (const delayMs of fate) {
      const deliver = (): void => {
        if (!this.#closed) from.udp.send(bytes, to.inside.port, to.inside.host, () => undefined)
      }
      if (delayMs === 0) deliver()
      else later(deliver, delayMs)
    }
  }

  #onConnection(socket: Socket, to: Gate): void {
    const from = this.#senderAt(socket.remoteAddress)
    if (!from) {
      socket.on('error', () => undefined)
      socket.resetAndDestroy()
      return
    }
    this.traffic.connections++
    const relay = new StreamRelay(socket, { dialler: from.number, dialled: to.number, target: to.inside }, this.#faults)
    this.#streams.add(relay)
    relay.onClosed(() => this.#streams.delete(relay))
  }
}

function listening(server: Server, place: Place): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(place, () => {
      server.off('error', reject)
      server.on('error', () => undefined)
      resolve()
    })
  })
}
