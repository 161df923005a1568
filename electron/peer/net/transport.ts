/**
 * The ring's transport for real. Datagrams are sealed and go over UDP; lines and files go over TLS connections, dialled by
 * whichever way works and shared: lines on one connection a peer, exchanges on pooled ones. Everything that comes in has been
 * checked against the ring's authority before it gets here.
 */

import { AppError } from '../../../shared/errors.ts'
import { encodeMessage } from '../protocol/codec.ts'
import type { Contact, Way } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { limits } from '../protocol/limits.ts'
import type { FileMessage, RingMessage } from '../protocol/messages.ts'
import type { Channel, Transport } from '../ring/ports.ts'
import type { Credentials } from '../trust/credentials.ts'
import { DatagramSealer, plaintextBytesMax } from '../trust/sealed-datagram.ts'
import { bindBoth, type Endpoints } from './bind.ts'
import { Callbacks } from './callbacks.ts'
import type { Connection, LineDirection, TrafficCounters } from './connection.ts'
import { ControlLinks } from './control-links.ts'
import { dispatch, ringMessageIn } from './dispatcher.ts'
import { connectionOf, Outbound, type ConnectionDefaults, type OpenOptions } from './outbound.ts'
import type { RateLimits } from './rate-limit.ts'
import { ownWays } from './system.ts'
import type { Verified } from './tls-endpoint.ts'
import { formatWay } from './way.ts'
import { WayBook } from './way-book.ts'

/** How long a server waits for the next exchange: longer than a pool keeps a connection, so that the client closes first. */
const idleMs = 120_000
const reportsPerSecond = 10
export interface TransportOptions {
  /** Address to bind to: `::` or `0.0.0.0` = all interfaces. */
  readonly host: string
  /** Port of both servers; 0 = any that is free for both. */
  readonly port: number
  /** Told to others instead of this machine's own ways; absent or empty = its own. Checked by `announcedWays`. */
  readonly announced?: readonly Way[]
  readonly credentials: Credentials
  /** Bounds on the bytes of bodies, of all connections together; absent = none. */
  readonly limits?: RateLimits
  readonly onRingMessage: (message: RingMessage, channel: Channel, from: { readonly address: string }) => void
  /**
   * A file message and what follows it. Reads and writes until its promise resolves, then the next line is awaited; a rejection
   * closes the connection. `connection.peerId` is null for a stranger, whose first message is always `enroll`.
   */
  readonly onExchange: (connection: Connection, first: FileMessage) => Promise<void>
  /** A stream to `peer` could not be opened or broke: a hint to probe it. */
  readonly onStreamFailed: (peer: Identifier) => void
  /** Something was not let in; for the log. */
  readonly onRefused?: (text: string) => void
  /** Every line sent or received, datagrams included. */
  readonly onLine?: (direction: LineDirection, peerId: Identifier | null, line: string) => void
}

type ListeningOptions = TransportOptions & { readonly onRefused: (text: string) => void }

/** What belongs to one membership of one ring. */
interface Membership {
  readonly credentials: Credentials
  readonly sealer: DatagramSealer
  readonly book: WayBook
  readonly outbound: Outbound
  readonly control: ControlLinks
  readonly callbacks: Callbacks
}

export class NetTransport implements Transport {
  readonly #options: ListeningOptions
  readonly #endpoints: Endpoints
  readonly #counters: TrafficCounters = { bytesIn: 0, bytesOut: 0 }
  readonly #defaults: ConnectionDefaults
  /** A contact may name its machine's loopback at our port: here that way leads to ourselves. */
  readonly #ownLoopback: Way | null
  #membership: Membership
  #closed = false

  /** AppError('port-in-use') when the port is taken, AppError('bad-argument') when the address is not this machine's. */
  static async listen(options: TransportOptions): Promise<NetTransport> {
    let transport: NetTransport | null = null
    const refused = boundedReports(options.onRefused)
    const endpoints = await bindBoth(options.host, options.port, {
      credentials: options.credentials,
      onConnection: (verified) => {
        if (transport) transport.#onConnection(verified)
        else verified.socket.destroy()
      },
      onRefused: (reason, address) => {
        refused(`${address}: ${reason}`)
      },
      onDatagram: (datagram, from) => {
        if (transport) transport.#onDatagram(datagram, from)
      },
    })
    transport = new NetTransport({ ...options, onRefused: refused }, endpoints)
    return transport
  }

  private constructor(options: ListeningOptions, endpoints: Endpoints) {
    this.#options = options
    this.#endpoints = endpoints
    const { host, port } = endpoints
    this.#ownLoopback = ['0.0.0.0', '::', '127.0.0.1'].includes(host) ? formatWay('127.0.0.1', port) : null
    this.#defaults = {
      counters: this.#counters,
      ...(options.limits ? { limits: options.limits } : {}),
      ...(options.onLine ? { onLine: options.onLine } : {}),
    }
    this.#membership = this.#enter(options.credentials)
  }

  get port(): number {
    return this.#endpoints.port
  }

  /** Where others reach this machine, best first: as announced, else what the system says now, since adapters come and go. */
  get ways(): readonly Way[] {
    const { announced } = this.#options
    return announced !== undefined && announced.length > 0 ? announced : ownWays(this.#endpoints.host, this.#endpoints.port)
  }

  /** Bytes in and out since the start: payload of streams, whole datagrams. */
  get stats(): Readonly<TrafficCounters> {
    return this.#counters
  }

  /** Sends, or loses, one message. A datagram that would be too long goes over a stream. */
  send(to: Contact, channel: Channel, message: RingMessage): void {
    const { credentials, control } = this.#membership
    if (this.#closed || to.id === credentials.id) return
    if (channel === 'datagram' && this.#sendDatagram(to, message)) return
    control.send(to, message)
  }

  /**
   * A connection to `to`, resting or new, to be released or destroyed after the exchange. Its certificate names `to.id`.
   * `timeoutMs` (default 10 000) bounds the dialling. AppError('peer-unreachable'), or ('cancelled') when `signal` aborted.
   */
  async open(to: Contact, options: OpenOptions = {}): Promise<Connection> {
    this.#checkOpen()
    try {
      return await this.#membership.outbound.open(to, options)
    } catch (error) {
      if (!this.#closed && error instanceof AppError && error.code === 'peer-unreachable') this.#options.onStreamFailed(to.id)
      throw error
    }
  }

  /**
   * A connection without a certificate of ours, for `/enroll`; the server's ring is checked by its authority's fingerprint
   * (hexadecimal), and `peerId` is the id that its certificate names. AppError('peer-unreachable').
   */
  async openStranger(way: Way, caFingerprint: string): Promise<Connection> {
    this.#checkOpen()
    return this.#membership.outbound.dialStranger(way, caFingerprint)
  }

  /** From now on a member of another ring, on the same port. Every connection of the old one is closed. */
  setCredentials(credentials: Credentials): void {
    this.#quit()
    this.#membership = this.#enter(credentials)
    this.#endpoints.tls.setCredentials(credentials)
  }

  /** Closes resting connections and the line to a peer that is known to be gone: they may lead nowhere without saying so. */
  forget(peer: Identifier): void {
    this.#membership.outbound.forget(peer)
    this.#membership.control.forget(peer)
  }

  /** Resolves when the others have the ring's lines sent so far, or do not take them: between a farewell and closing. */
  finishLines(): Promise<void> {
    return this.#membership.control.end()
  }

  /** Closes everything at once; resolves when the port is free. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#quit()
    await Promise.all([this.#endpoints.tls.close(), this.#endpoints.udp.close()])
  }

  #enter(credentials: Credentials): Membership {
    const book = new WayBook()
    const outbound = new Outbound({
      credentials,
      book,
      defaults: this.#defaults,
      ownLoopback: this.#ownLoopback,
      callBack: (to, signal): Promise<Connection> => callbacks.request(to, signal),
    })
    const dial = (to: Contact): Promise<Connection> => outbound.dial(to)
    const serve = (connection: Connection): void => {
      this.#serve(connection)
    }
    const control = new ControlLinks({ dial, serve, onFailed: this.#options.onStreamFailed })
    const callbacks = new Callbacks({
      self: () => ({ id: credentials.id, ways: this.ways.slice(0, limits.ways) }),
      linkTo: (peer) => control.linkTo(peer),
      dial,
      serve,
    })
    return { credentials, book, outbound, control, callbacks, sealer: new DatagramSealer(credentials.datagramKey) }
  }

  #quit(): void {
    this.#membership.control.clear()
    this.#membership.outbound.close()
  }

  #sendDatagram(to: Contact, message: RingMessage): boolean {
    const { credentials, book, sealer } = this.#membership
    const line = encodeMessage(credentials.space, message)
    const plaintext = Buffer.from(line, 'utf8')
    if (plaintext.length > plaintextBytesMax) return false
    const { udp } = this.#endpoints
    const way = book.forDatagram(
      to.id,
      to.ways.filter((candidate) => candidate !== this.#ownLoopback && udp.reaches(candidate)),
    )
    if (way === null) return false
    this.#options.onLine?.('sent', to.id, line)
    this.#post(sealer.seal(plaintext), way)
    return true
  }

  #post(datagram: Buffer, way: Way): void {
    this.#counters.bytesOut += datagram.length
    this.#endpoints.udp.send(datagram, way)
  }

  #onDatagram(datagram: Buffer, from: string): void {
    if (this.#closed) return
    this.#counters.bytesIn += datagram.length
    const opened = this.#membership.sealer.open(datagram, from)
    if (opened.kind === 'reply') this.#post(opened.datagram, from)
    else if (opened.kind === 'nothing') this.#options.onRefused(opened.reason)
    else this.#onDatagramLine(opened.plaintext.toString('utf8'), from)
  }

  #onDatagramLine(line: string, from: string): void {
    const { credentials, book } = this.#membership
    const message = ringMessageIn(credentials.space, line, credentials.id)
    if (!('command' in message)) {
      if (message.reason !== null) this.#options.onRefused(`${message.reason} from ${from}`)
      return
    }
    book.heard(message.source, from)
    this.#options.onLine?.('received', message.source, line)
    this.#options.onRingMessage(message, 'datagram', { address: from })
  }

  #onConnection(verified: Verified): void {
    this.#serve(connectionOf(verified, this.#membership.credentials, this.#defaults))
  }

  #serve(connection: Connection): void {
    const { credentials, control, callbacks } = this.#membership
    void dispatch(connection, {
      self: credentials.id,
      idleMs,
      onRingMessage: (message) => {
        if (connection.peerId !== null) control.adopt(connection.peerId, connection)
        this.#options.onRingMessage(message, 'stream', { address: connection.remoteAddress })
      },
      onLinkMessage: (message, linked) => callbacks.receive(message, linked),
      onExchange: this.#options.onExchange,
      onRefused: this.#options.onRefused,
    })
  }

  #checkOpen(): void {
    if (this.#closed) throw new AppError('peer-unreachable', 'This machine is going offline')
  }
}

/** Anyone can send junk: what is reported of it is bounded, and the rest counted. */
function boundedReports(report: ((text: string) => void) | undefined): (text: string) => void {
  let since = performance.now()
  let count = 0
  return (text) => {
    const now = performance.now()
    if (now - since >= 1000) {
      if (count > reportsPerSecond) report?.(`${count - reportsPerSecond} more were refused`)
      since = now
      count = 0
    }
    count++
    if (count <= reportsPerSecond) report?.(text)
  }
}
