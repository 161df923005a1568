/** One UDP socket. What cannot be sent is lost, as datagrams are; nothing that arrives or fails here stops anything. */

import { createSocket, type Socket } from 'node:dgram'
import { isIPv4 } from 'node:net'
import { limits } from '../protocol/limits.ts'
import { formatWay, parseWay } from './way.ts'

/** Datagrams the system has not taken yet; more means that the network is down. */
const queueMax = 1024

export interface UdpOptions {
  readonly host: string
  readonly port: number
  readonly onDatagram: (datagram: Buffer, from: string) => void
}

export class UdpEndpoint {
  readonly #socket: Socket
  readonly #v6: boolean
  #closed = false

  private constructor(options: UdpOptions) {
    this.#v6 = !isIPv4(options.host)
    this.#socket = createSocket({
      type: this.#v6 ? 'udp6' : 'udp4',
      // only addresses come here: there is nothing to look up, nor to wait for
      lookup: (address, _options, found) => {
        found(null, address, this.#v6 ? 6 : 4)
      },
    })
    this.#socket.on('message', (datagram, from) => {
      if (datagram.length <= limits.datagramBytes) options.onDatagram(datagram, formatWay(from.address, from.port))
    })
  }

  /** Resolves when bound; rejects with the socket's error. */
  static bind(options: UdpOptions): Promise<UdpEndpoint> {
    const endpoint = new UdpEndpoint(options)
    return new Promise((resolve, reject) => {
      const onError = (error: Error): void => {
        endpoint.#socket.close()
        reject(error)
      }
      endpoint.#socket.once('error', onError)
      endpoint.#socket.bind({ address: options.host, port: options.port, exclusive: true }, () => {
        endpoint.#socket.off('error', onError)
        // Windows reports a port that nobody listens on at the sender's socket: the ring sees the silence
        endpoint.#socket.on('error', () => undefined)
        resolve(endpoint)
      })
    })
  }

  /** Whether datagrams can go that way from this socket. */
  reaches(way: string): boolean {
    const address = parseWay(way)
    return address !== null && (this.#v6 || isIPv4(address.host))
  }

  send(datagram: Buffer, way: string): void {
    const address = parseWay(way)
    if (!address || this.#closed || this.#socket.getSendQueueCount() > queueMax) return
    const host = this.#v6 && isIPv4(address.host) ? `::ffff:${address.host}` : address.host
    this.#socket.send(datagram, address.port, host)
  }

  close(): Promise<void> {
    this.#closed = true
    return new Promise((resolve) => {
      this.#socket.close(() => {
        resolve()
      })
    })
  }
}
