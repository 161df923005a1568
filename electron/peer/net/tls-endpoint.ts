/**
 * TLS 1.3 between members, both ends. Node's own verification is off on purpose, since it knows host names and clocks and
 * rings have neither: after every handshake, before a byte is read or written, the other side's certificate is checked against
 * the ring's authority (`trust/certificate.ts`). The handshake itself has proved that the other side has its key.
 */

import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import {
  connect,
  createSecureContext,
  createServer,
  type SecureContext,
  type SecureContextOptions,
  type Server,
  type TLSSocket,
} from 'node:tls'
import type { Identifier } from '../protocol/identifier.ts'
import { verifyByFingerprint, verifyCertificate, type Refused } from '../trust/certificate.ts'
import type { Credentials } from '../trust/credentials.ts'
import { formatWay, plainAddress } from './way.ts'

/** Both sides must speak it: a later protocol gets another name, and the handshake says so. */
const protocolName = 'ringdrop/1'
const handshakeMs = 10_000
/** Open connections of a machine: 2 048 members never all speak at once. */
const connectionsMax = 1024
/** Connections without a certificate: people who type in an invite link. */
const strangersMax = 16
/** Enrolling takes one question and one short answer. */
const strangerMs = 60_000

/** All of TLS 1.3's, as is the default; first the one that takes a third less time than the default's first. */
const ciphers = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256'
const minVersion = 'TLSv1.3'
const tls13 = { minVersion, maxVersion: 'TLSv1.3', ciphers, rejectUnauthorized: false } as const

export interface Verified {
  readonly socket: TLSSocket
  /** Null: a stranger. */
  readonly peerId: Identifier | null
}

/** How a client introduces itself and whom it expects. */
export interface ClientOptions {
  /** Null: without a certificate. */
  readonly context: SecureContext | null
  readonly verify: (certificate: Uint8Array) => Identifier | Refused
  readonly signal: AbortSignal
}

/** What a secure context is made of, for either side. */
function contextOptionsOf({ certificatePem, privateKeyPem }: Credentials): SecureContextOptions {
  return { cert: certificatePem, key: privateKeyPem, minVersion, ciphers }
}

export function secureContextOf(credentials: Credentials): SecureContext {
  return createSecureContext(contextOptionsOf(credentials))
}

export function verifierOf(credentials: Credentials): (certificate: Uint8Array) => Identifier | Refused {
  return (certificate) => verifyCertificate(certificate, credentials.authorityKey, credentials)
}

/** Whoever belongs to the ring of that fingerprint, for one who is not in it yet. */
export function fingerprintVerifier(credentials: Credentials, fingerprint: string): (certificate: Uint8Array) => Identifier | Refused {
  return (certificate) => verifyByFingerprint(certificate, fingerprint, credentials)
}

/** TLS over a dialled stream. Resolves when the other side's certificate is found good; rejects, and destroys the stream, else. */
export function secureClient(stream: Duplex, { context, verify, signal }: ClientOptions): Promise<Verified> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      socket: stream,
      ...tls13,
      ALPNProtocols: [protocolName],
      ...(context ? { secureContext: context } : {}),
    })
    const fail = (error: Error): void => {
      signal.removeEventListener('abort', onAbort)
      clearTimeout(timer)
      reject(error)
      socket.destroy()
      stream.destroy()
    }
    const onAbort = (): void => {
      fail(new Error('cancelled'))
    }
    const timer = setTimeout(() => {
      fail(new Error('it did not finish the handshake'))
    }, handshakeMs)
    const onClose = (): void => {
      fail(new Error('it closed the connection'))
    }
    if (signal.aborted) {
      fail(new Error('cancelled'))
      return
    }
    signal.addEventListener('abort', onAbort, { once: true })
    socket.on('error', fail)
    socket.once('close', onClose)
    socket.once('secureConnect', () => {
      const peerId = checked(socket, verify)
      if (typeof peerId !== 'string') {
        fail(new Error(peerId?.reason ?? 'it has no certificate'))
        return
      }
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      socket.off('close', onClose)
      socket.off('error', fail)
      // until the taker listens: an error in between is seen by it as a closed socket
      socket.on('error', () => undefined)
      resolve({ socket, peerId })
    })
  })
}

export interface ServerOptions {
  readonly host: string
  readonly port: number
  readonly credentials: Credentials
  readonly onConnection: (verified: Verified) => void
  /** Someone with a certificate that is not good. The endpoint closes the socket after this returns. */
  readonly onRefused: (reason: string, address: string) => void
}

export class TlsEndpoint {
  readonly #server: Server
  readonly #options: ServerOptions
  readonly #sockets = new Set<Socket>()
  #verify: (certificate: Uint8Array) => Identifier | Refused
  #strangers = 0

  private constructor(options: ServerOptions) {
    this.#options = options
    this.#verify = verifierOf(options.credentials)
    this.#server = createServer({
      ...tls13,
      ...contextOptionsOf(options.credentials),
      requestCert: true,
      ALPNProtocols: [protocolName],
      handshakeTimeout: handshakeMs,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
    })
    this.#server.maxConnections = connectionsMax
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    this.#server.on('secureConnection', (socket) => {
      this.#onSecure(socket)
    })
    // a port scan or half a handshake: node closes the socket itself
    this.#server.on('tlsClientError', (_error, socket) => {
      socket.destroy()
    })
  }

  /** Resolves when listening; rejects with the socket's error (`EADDRINUSE`, `EADDRNOTAVAIL` …). */
  static listen(options: ServerOptions): Promise<TlsEndpoint> {
    const endpoint = new TlsEndpoint(options)
    return new Promise((resolve, reject) => {
      endpoint.#server.once('error', reject)
      endpoint.#server.listen({ host: options.host, port: options.port }, () => {
        endpoint.#server.off('error', reject)
        // such as running out of file descriptors: the next connection may do better
        endpoint.#server.on('error', (error: Error) => {
          options.onRefused(error.message, 'the network')
        })
        resolve(endpoint)
      })
    })
  }

  get address(): AddressInfo {
    return this.#server.address() as AddressInfo
  }

  /** From now on a member of another ring; open connections are closed. */
  setCredentials(credentials: Credentials): void {
    this.#server.setSecureContext(contextOptionsOf(credentials))
    this.#verify = verifierOf(credentials)
    this.#closeSockets()
  }

  /** Closes every connection; resolves when the port is free. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve()
      })
      this.#closeSockets()
    })
  }

  #closeSockets(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #onSecure(socket: TLSSocket): void {
    const peerId = checked(socket, this.#verify)
    if (typeof peerId === 'string') {
      this.#options.onConnection({ socket, peerId })
      return
    }
    if (peerId !== null || this.#strangers >= strangersMax) {
      socket.on('error', () => undefined)
      this.#options.onRefused(peerId?.reason ?? 'too many strangers at once', plainAddress(socket.remoteAddress ?? ''))
      socket.destroy()
      return
    }
    this.#strangers++
    // however slowly a stranger speaks, it holds its place no longer
    const timer = setTimeout(() => socket.destroy(), strangerMs)
    socket.once('close', () => {
      clearTimeout(timer)
      this.#strangers--
    })
    this.#options.onConnection({ socket, peerId: null })
  }
}

/** The other side's id, null without a certificate, or why it is refused. */
function checked(socket: TLSSocket, verify: (certificate: Uint8Array) => Identifier | Refused): Identifier | Refused | null {
  if (socket.alpnProtocol !== protocolName) return { reason: 'it speaks another version of Ringdrop' }
  const certificate = socket.getPeerX509Certificate()
  return certificate ? verify(certificate.raw) : null
}

/** The other side of a socket as a way. */
export function remoteWay(socket: Socket): string {
  return formatWay(socket.remoteAddress ?? '', socket.remotePort ?? 0)
}
