/** Connections that this machine dials: by whichever way works, to exactly the machine meant, and kept between exchanges. */

import type { SecureContext } from 'node:tls'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { AppError } from '../../../shared/errors.ts'
import type { Contact, Way } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import type { Credentials } from '../trust/credentials.ts'
import { ConnectionPool } from './connection-pool.ts'
import { Connection, type ConnectionOptions } from './connection.ts'
import { tcpDialer } from './dialers/tcp-dialer.ts'
import type { Dialer } from './dialers/dialer.ts'
import { raceStaggered } from './race.ts'
import {
  fingerprintVerifier,
  remoteWay,
  secureClient,
  secureContextOf,
  verifierOf,
  type ClientOptions,
  type Verified,
} from './tls-endpoint.ts'
import type { WayBook } from './way-book.ts'

const dialers: readonly Dialer[] = [tcpDialer]
/** A dial that takes longer is as bad as none: the ring has other holders. */
const dialMs = 10_000
/** Turns of the event loop from the other side's goodbye in this machine's kernel to a connection that knows of it: 2 seen. */
const closedTurns = 3

/** What all connections of a transport share. */
export type ConnectionDefaults = Pick<ConnectionOptions, 'counters' | 'limits' | 'onLine'>

export interface OutboundOptions {
  readonly credentials: Credentials
  readonly book: WayBook
  readonly defaults: ConnectionDefaults
  /** A way that leads back to this machine, whatever contact names it; null = none. */
  readonly ownLoopback: Way | null
  /** A connection that the machine made because it was asked to, for one that cannot be dialled. */
  readonly callBack: (to: Contact, signal: AbortSignal) => Promise<Connection>
}

export interface OpenOptions {
  readonly signal?: AbortSignal
  /** Milliseconds for dialling and handshake, all ways together. Default 10 000. */
  readonly timeoutMs?: number
}

/** One try to come to a connection. */
type Attempt = (signal: AbortSignal) => Promise<Connection>

/** The dialled half of one membership: a machine that joins another ring closes it and makes another. */
export class Outbound {
  readonly #options: OutboundOptions
  readonly #context: SecureContext
  readonly #pool = new ConnectionPool()
  /** In use or at rest. */
  readonly #connections = new Set<Connection>()
  #closed = false

  constructor(options: OutboundOptions) {
    this.#options = options
    this.#context = secureContextOf(options.credentials)
  }

  /** A resting connection, or a new one. AppError('peer-unreachable'), or ('cancelled') when `signal` aborted. */
  async open(to: Contact, options: OpenOptions = {}): Promise<Connection> {
    // what the other side closed by now is known to be closed after a few turns of the event loop: TCP's end, then TLS's
    for (let turn = 0; turn < closedTurns && this.#pool.has(to.id); turn++) await nextTurn()
    return (options.signal?.aborted ? null : this.#pool.take(to.id)) ?? this.#dialOrCall(to, options)
  }

  /** As `open`, but always a new connection, dialled by this machine. */
  dial(to: Contact, options: OpenOptions = {}): Promise<Connection> {
    return this.#race(this.#dialsTo(to), options)
  }

  /** The ways one after the other, and at last the other machine's own. */
  #dialOrCall(to: Contact, options: OpenOptions): Promise<Connection> {
    const call: Attempt = async (signal) => {
      const connection = await this.#options.callBack(to, signal)
      connection.onRelease = (released) => this.#pool.put(to.id, released)
      this.#watch(connection)
      return connection
    }
    return this.#race([...this.#dialsTo(to), call], options)
  }

  #dialsTo(to: Contact): Attempt[] {
    const { book, ownLoopback } = this.#options
    const ways = book.forStream(to).filter((way) => way !== ownLoopback)
    return ways.map((way): Attempt => async (signal) => {
      const verified = await dialWay(way, { context: this.#context, verify: this.#verifierFor(to.id), signal })
      book.reached(to.id, way)
      return this.#connection(verified, to.id)
    })
  }

  #race(attempts: readonly Attempt[], options: OpenOptions): Promise<Connection> {
    const start = (attempt: Attempt, signal: AbortSignal): Promise<Connection> => attempt(signal)
    return this.#bounded(options, (signal) => raceStaggered(attempts, { start, discard: (late) => late.destroy() }, { signal }))
  }

  /** A connection without a certificate of ours, to a member of the ring of that fingerprint. AppError('peer-unreachable'). */
  dialStranger(way: Way, fingerprint: string): Promise<Connection> {
    const verify = fingerprintVerifier(this.#options.credentials, fingerprint)
    return this.#bounded({}, async (signal) => this.#connection(await dialWay(way, { context: null, verify, signal }), null))
  }

  /** Closes the resting connections to a peer. */
  forget(peer: Identifier): void {
    this.#pool.forget(peer)
  }

  /** Closes every connection, also those in use. What is being dialled fails. */
  close(): void {
    this.#closed = true
    this.#pool.close()
    for (const connection of [...this.#connections]) connection.destroy()
  }

  async #bounded(options: OpenOptions, dial: (signal: AbortSignal) => Promise<Connection>): Promise<Connection> {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? dialMs)
    try {
      const connection = await dial(options.signal ? AbortSignal.any([options.signal, timeout]) : timeout)
      if (!this.#closed) return connection
      connection.destroy()
      throw new Error('this machine left meanwhile')
    } catch (error) {
      if (options.signal?.aborted) throw new AppError('cancelled', 'Cancelled')
      const why = timeout.aborted ? 'it did not answer in time' : error instanceof Error ? error.message : String(error)
      throw new AppError('peer-unreachable', `The other machine cannot be reached: ${why}`)
    }
  }

  #verifierFor(wanted: Identifier): ClientOptions['verify'] {
    const { credentials } = this.#options
    const { space } = credentials
    const verify = verifierOf(credentials)
    return (certificate) => {
      const id = verify(certificate)
      if (typeof id !== 'string' || id === wanted) return id
      return { reason: `it is ${space.format(id)}, not ${space.format(wanted)}` }
    }
  }

  /** `poolAs`: the peer that the pool keeps it for, null = not kept. */
  #connection(verified: Verified, poolAs: Identifier | null): Connection {
    const { credentials, defaults } = this.#options
    const connection = connectionOf(verified, credentials, {
      ...defaults,
      ...(poolAs === null
        ? { onLine: () => undefined } // a token stands in these lines: not for logs
        : {
            onRelease: (released: Connection) => {
              this.#pool.put(poolAs, released)
            },
          }),
    })
    this.#watch(connection)
    return connection
  }

  #watch(connection: Connection): void {
    this.#connections.add(connection)
    connection.onClose(() => this.#connections.delete(connection))
  }
}

/** A connection over a checked socket, dialled or accepted. */
export function connectionOf(
  { socket, peerId }: Verified,
  { space }: Credentials,
  options: ConnectionDefaults & Pick<ConnectionOptions, 'onRelease'>,
): Connection {
  return new Connection({ ...options, stream: socket, space, peerId, remoteAddress: remoteWay(socket) })
}

async function dialWay(way: Way, client: ClientOptions): Promise<Verified> {
  const dialer = dialers.find((candidate) => candidate.handles(way))
  if (!dialer) throw new Error(`${way} is a way that this version does not know`)
  return secureClient(await dialer.dial(way, client.signal), client)
}
