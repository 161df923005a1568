/**
 * The ring's transport for real. Datagrams are sealed and go over UDP; lines and files go over TLS connections, dialled by
 * whichever way works and shared: lines on one connection a peer, exchanges on pooled ones. Everything that comes in has been
 * checked against the ring's authority before it gets here.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SecureContext } from 'node:tls'
import { AppError } from '../../../shared/errors.ts'
import { decodeMessage, encodeMessage } from '../protocol/codec.ts'
import type { Contact, Way } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import type { FileMessage, RingMessage } from '../protocol/messages.ts'
import type { Channel, Transport } from '../ring/ports.ts'
import type { Credentials } from '../trust/credentials.ts'
import { DatagramSealer, plaintextBytesMax } from '../trust/sealed-datagram.ts'
import { bindBoth, type Endpoints } from './bind.ts'
import { ConnectionPool } from './connection-pool.ts'
import { Connection, type ConnectionOptions, type LineDirection, type TrafficCounters } from './connection.ts'
import { ControlLinks } from './control-links.ts'
import { tcpDialer } from './dialers/tcp-dialer.ts'
import type { Dialer } from './dialers/dialer.ts'
import { dispatch, isRingMessage } from './dispatcher.ts'
import { raceStaggered } from './race.ts'
import { ownWays } from './system.ts'
import {
  fingerprintVerifier,
  remoteWay,
  secureClient,
  secureContextOf,
  verifierOf,
  type ClientOptions,
  type Verified,
} from './tls-endpoint.ts'
import { formatWay } from './way.ts'
import { WayBook } from './way-book.ts'

const dialers: readonly Dialer[] = [tcpDialer]
/** A dial that takes longer is as bad as none: the ring has other holders. */
const dialMs = 10_000
/** How long a server waits for the next exchange: longer than a pool keeps a connection, so that the client closes first. */
const idleMs = 120_000
/** Turns of the event loop from the other side's goodbye in this machine's kernel to a connection that knows of it: 2 seen. */
const closedTurns = 3

export interface TransportOptions {
  /** Address to bind to: `::` or `0.0.0.0` = all interfaces. */
  readonly host: string
  /** Port of both servers; 0 = any that is free for both. */
  readonly port: number
  readonly credentials: Credentials
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

export class NetTransport implements Transport {
  readonly #options: TransportOptions
  readonly #endpoints: Endpoints
  readonly #counters: TrafficCounters = { bytesIn: 0, bytesOut: 0 }
  readonly #pool = new ConnectionPool()
  readonly #control: ControlLinks
  #book = new WayBook()
  #credentials: Credentials
  #context: SecureContext
  #sealer: DatagramSealer
  /** A contact may name its machine's loopback at our port: here that way leads to ourselves. */
  readonly #ownLoopback: Way | null
  /** Connections that we dialled, in use or at rest; those that came in belong to the endpoint. */
  readonly #dialled = new Set<Connection>()
  #closed = false

  /** AppError('port-in-use') when the port is taken. */
  static async listen(options: TransportOptions): Promise<NetTransport> {
    let transport: NetTransport | null = null
    const endpoints = await bindBoth(options.host, options.port, {
      credentials: options.credentials,
      onConnection: (verified) => {
        if (transport) transport.#serve(transport.#accepted(verified))
        else verified.socket.destroy()
      },
      onRefused: (reason, address) => options.onRefused?.(`${address}: ${reason}`),
      onDatagram: (datagram, from) => {
        if (transport) transport.#onDatagram(datagram, from)
      },
    })
    transport = new NetTransport(options, endpoints)
    return transport
  }

  private constructor(options: TransportOptions, endpoints: Endpoints) {
    this.#options = options
    this.#endpoints = endpoints
    const { host, port } = endpoints
    this.#ownLoopback = ['0.0.0.0', '::', '127.0.0.1'].includes(host) ? formatWay('127.0.0.1', port) : null
    this.#credentials = options.credentials
    this.#context = secureContextOf(options.credentials)
    this.#sealer = new DatagramSealer(options.credentials.datagramKey)
    this.#control = new ControlLinks({
      dial: (to) => this.#dial(to, AbortSignal.timeout(dialMs)),
      serve: (connection) => {
        this.#serve(connection)
      },
      onFailed: (peer) => {
        if (!this.#closed) options.onStreamFailed(peer)
      },
    })
  }

  get port(): number {
    return this.#endpoints.port
  }

  /** Where this machine can be reached now, best first: adapters come and go. */
  get ways(): readonly Way[] {
    return ownWays(this.#endpoints.host, this.#endpoints.port)
  }

  /** Payload bytes in and out since the start. */
  get stats(): Readonly<TrafficCounters> {
    return this.#counters
  }

  /** Sends, or loses, one message. A datagram that would be too long goes over a stream. */
  send(to: Contact, channel: Channel, message: RingMessage): void {
    if (this.#closed || to.id === this.#credentials.id) return
    if (channel === 'datagram' && this.#sendDatagram(to, message)) return
    this.#control.send(to, message)
  }

  /**
   * A connection to `to`, resting or new, to be released or destroyed after the exchange. Its certificate names `to.id`.
   * `timeoutMs` (default 10 000) bounds the dialling. AppError('peer-unreachable'), or ('cancelled') when `signal` aborted.
   */
  async open(to: Contact, options: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {}): Promise<Connection> {
    // what the other side closed by now is known to be closed after a few turns of the event loop: TCP's end, then TLS's
    for (let turn = 0; turn < closedTurns && this.#pool.has(to.id); turn++) await nextTurn()
    this.#checkOpen(options.signal)
    const resting = this.#pool.take(to.id)
    if (resting) return resting
    const timeout = AbortSignal.timeout(options.timeoutMs ?? dialMs)
    try {
      return await this.#dial(to, options.signal ? AbortSignal.any([options.signal, timeout]) : timeout)
    } catch (error) {
      this.#checkOpen(options.signal)
      if (!this.#closed) this.#options.onStreamFailed(to.id)
      throw unreachable(error, timeout)
    }
  }

  /**
   * A connection without a certificate of ours, for `/enroll`; the server's ring is checked by its authority's fingerprint
   * (hexadecimal), and `peerId` is the id that its certificate names. AppError('peer-unreachable').
   */
  async openStranger(way: Way, caFingerprint: string): Promise<Connection> {
    this.#checkOpen()
    const timeout = AbortSignal.timeout(dialMs)
    const verify = fingerprintVerifier(this.#credentials, caFingerprint)
    try {
      return this.#connection(await this.#dialWay(way, { context: null, verify, signal: timeout }), null)
    } catch (error) {
      throw unreachable(error, timeout)
    }
  }

  /** From now on a member of another ring, on the same port. Every connection of the old one is closed. */
  setCredentials(credentials: Credentials): void {
    this.#credentials = credentials
    this.#context = secureContextOf(credentials)
    this.#sealer = new DatagramSealer(credentials.datagramKey)
    this.#book = new WayBook()
    this.#control.clear()
    this.#pool.clear({ reopen: true })
    this.#dropDialled()
    this.#endpoints.tls.setCredentials(credentials)
  }

  /** Closes resting connections to a peer that is known to be gone. */
  forget(peer: Identifier): void {
    this.#pool.forget(peer)
  }

  /** Resolves when the ring's lines sent so far have left: before closing after a farewell. */
  flush(): Promise<void> {
    return this.#control.flush()
  }

  /** Closes everything at once; resolves when the port is free. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#control.clear()
    this.#pool.clear({ reopen: false })
    this.#dropDialled()
    await Promise.all([this.#endpoints.tls.close(), this.#endpoints.udp.close()])
  }

  #sendDatagram(to: Contact, message: RingMessage): boolean {
    const line = encodeMessage(this.#credentials.space, message)
    const plaintext = Buffer.from(line, 'utf8')
    const { udp } = this.#endpoints
    const reachable = to.ways.filter((way) => way !== this.#ownLoopback && udp.reaches(way))
    const way = this.#book.forDatagram(to.id, reachable)
    if (plaintext.length > plaintextBytesMax || way === null) return false
    this.#options.onLine?.('sent', to.id, line)
    this.#post(this.#sealer.seal(plaintext), way)
    return true
  }

  #post(datagram: Buffer, way: Way): void {
    this.#counters.bytesOut += datagram.length
    this.#endpoints.udp.send(datagram, way)
  }

  #onDatagram(datagram: Buffer, from: string): void {
    if (this.#closed) return
    this.#counters.bytesIn += datagram.length
    const opened = this.#sealer.open(datagram, from)
    if (opened.kind === 'reply') this.#post(opened.datagram, from)
    else if (opened.kind === 'nothing') this.#options.onRefused?.(opened.reason)
    else this.#onDatagramLine(opened.plaintext.toString('utf8'), from)
  }

  #onDatagramLine(line: string, from: string): void {
    const message = decodeMessage(this.#credentials.space, line)
    if (!('command' in message) || !isRingMessage(message)) {
      this.#options.onRefused?.(`${'reason' in message ? message.reason : `/${message.command} in a datagram`} from ${from}`)
      return
    }
    if (message.destination !== this.#credentials.id || message.source === this.#credentials.id) return
    this.#book.heard(message.source, from)
    this.#options.onLine?.('received', message.source, line)
    this.#options.onRingMessage(message, 'datagram', { address: from })
  }

  #serve(connection: Connection): void {
    const { id } = this.#credentials
    void dispatch(connection, {
      self: id,
      idleMs,
      onRingMessage: (message) => {
        if (connection.peerId !== null) this.#control.adopt(connection.peerId, connection)
        this.#options.onRingMessage(message, 'stream', { address: connection.remoteAddress })
      },
      onExchange: this.#options.onExchange,
      onRefused: (text) => this.#options.onRefused?.(text),
    })
  }

  async #dial(to: Contact, signal: AbortSignal): Promise<Connection> {
    const verifyAny = verifierOf(this.#credentials)
    const { space } = this.#credentials
    const verify: ClientOptions['verify'] = (certificate) => {
      const id = verifyAny(certificate)
      if (typeof id !== 'string' || id === to.id) return id
      return { reason: `it is ${space.format(id)}, not ${space.format(to.id)}` }
    }
    const book = this.#book
    const won = await raceStaggered(
      book.forStream(to).filter((way) => way !== this.#ownLoopback),
      {
        start: async (way, attempt) => ({ way, verified: await this.#dialWay(way, { context: this.#context, verify, signal: attempt }) }),
        discard: ({ verified }) => verified.socket.destroy(),
      },
      { signal },
    )
    if (this.#closed || book !== this.#book) {
      won.verified.socket.destroy()
      throw new Error('this machine left meanwhile')
    }
    book.reached(to.id, won.way)
    return this.#connection(won.verified, to.id)
  }

  async #dialWay(way: Way, client: ClientOptions): Promise<Verified> {
    const dialer = dialers.find((candidate) => candidate.handles(way))
    if (!dialer) throw new Error(`${way} is a way that this version does not know`)
    return secureClient(await dialer.dial(way, client.signal), client)
  }

  #accepted(verified: Verified): Connection {
    return new Connection(this.#connectionOptions(verified))
  }

  /** A connection that we dialled; `poolAs`: the peer that the pool keeps it for, null = not kept. */
  #connection(verified: Verified, poolAs: Identifier | null): Connection {
    const credentials = this.#credentials
    const connection = new Connection({
      ...this.#connectionOptions(verified),
      onRelease: (released) => {
        // an exchange may outlive the membership of its ring
        if (poolAs !== null && credentials === this.#credentials) this.#pool.put(poolAs, released)
        else released.destroy()
      },
    })
    this.#dialled.add(connection)
    connection.onClose(() => this.#dialled.delete(connection))
    return connection
  }

  #connectionOptions({ socket, peerId }: Verified): ConnectionOptions {
    return {
      stream: socket,
      space: this.#credentials.space,
      peerId,
      remoteAddress: remoteWay(socket),
      counters: this.#counters,
      ...(this.#options.onLine ? { onLine: this.#options.onLine } : {}),
    }
  }

  #dropDialled(): void {
    for (const connection of [...this.#dialled]) connection.destroy()
  }

  #checkOpen(signal?: AbortSignal): void {
    if (signal?.aborted) throw new AppError('cancelled', 'Cancelled')
    if (this.#closed) throw new AppError('peer-unreachable', 'This machine is going offline')
  }
}

function unreachable(error: unknown, timeout: AbortSignal): AppError {
  const why = timeout.aborted ? 'it did not answer in time' : error instanceof Error ? error.message : String(error)
  return new AppError('peer-unreachable', `The other machine cannot be reached: ${why}`)
}
