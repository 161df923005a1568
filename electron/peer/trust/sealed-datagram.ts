/**
 * Datagrams between members: AES-256-GCM, no clock, no handshake before the first word.
 *
 *   kind (1) | session (16) | counter (8) | ciphertext | tag (16)
 *
 * A session is one process's life: its 16 random bytes give its key (HKDF from the ring's datagram key), its counter the nonce.
 * A receiver takes messages of a session only once that session has proved to be alive now, not a recording:
 *
 *   A -> B  message, counter c      B does not know A's session: keeps nothing but a nonce
 *   B -> A  challenge (A's session, c, nonce)
 *   A -> B  echo (nonce, the message of c again)     delivered: A's session counts from this counter on
 *
 * The challenge names a counter that A used a moment ago and remembers once: only a living member could have sealed it, so it
 * proves B's session to A as well, and B's answer needs no second round. What A remembers is short and used up by the first
 * challenge, hence a recorded challenge is worth nothing and cannot be turned into a flood.
 */

import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { assert } from '../../../shared/assert.ts'
import { limits } from '../protocol/limits.ts'
import { LruMap } from './lru-map.ts'
import { ReplayWindow } from './replay-window.ts'

const sessionBytes = 16
const nonceBytes = 16
const headBytes = 1 + sessionBytes + 8
const tagBytes = 16
const challengeBytes = sessionBytes + 8 + nonceBytes

const kinds = { message: 0x11, challenge: 0x12, echo: 0x13 } as const

/** Sessions that counted lately: twice the largest whole view. One costs about 300 bytes. */
const sessionsMax = 4096
/** Sessions that were challenged and have not echoed. */
const pendingMax = 1024
/** Own messages that may still be challenged: what is sent within a round trip. */
const recalledMax = 128

/** The longest message: its echo must fit a datagram too. */
export const plaintextBytesMax = limits.datagramBytes - headBytes - nonceBytes - tagBytes

export type Opened =
  | { readonly kind: 'message'; readonly plaintext: Buffer }
  /** Send this back to where the datagram came from. */
  | { readonly kind: 'reply'; readonly datagram: Buffer }
  | { readonly kind: 'nothing'; readonly reason: string }

interface Session {
  readonly key: Buffer
  readonly window: ReplayWindow
}

interface Parts {
  readonly kind: number
  readonly session: string
  readonly counter: number
  readonly plaintext: Buffer
  readonly key: Buffer
}

export class DatagramSealer {
  readonly #datagramKey: Buffer
  readonly #randomBytes: (size: number) => Buffer
  readonly #session: Buffer
  readonly #key: Buffer
  #counter = 0
  readonly #sessions = new LruMap<string, Session>(sessionsMax)
  readonly #pending = new LruMap<string, Buffer>(pendingMax)
  readonly #recalled = new LruMap<number, Buffer>(recalledMax)

  /** `random` yields cryptographic random bytes; a sealer lives as long as one process's membership of one ring. */
  constructor(datagramKey: Buffer, random: (size: number) => Buffer = randomBytes) {
    this.#datagramKey = datagramKey
    this.#randomBytes = random
    this.#session = random(sessionBytes)
    this.#key = this.#keyOf(this.#session)
  }

  /** Seals at most `plaintextBytesMax` bytes, at least one. */
  seal(plaintext: Buffer): Buffer {
    assert(plaintext.length > 0 && plaintext.length <= plaintextBytesMax, `${plaintext.length} bytes fit a datagram`)
    this.#recalled.set(this.#counter + 1, plaintext)
    return this.#seal(kinds.message, plaintext)
  }

  /** What a datagram from anywhere is good for. Never throws, whatever it is given; `from` is only for the reason. */
  open(datagram: Buffer, from: string): Opened {
    const parts = this.#unseal(datagram)
    if (typeof parts === 'string') return nothing(`${parts} from ${from}`)
    switch (parts.kind) {
      case kinds.message:
        return this.#onMessage(parts)
      case kinds.challenge:
        return this.#onChallenge(parts)
      default:
        return this.#onEcho(parts)
    }
  }

  #onMessage(parts: Parts): Opened {
    const session = this.#sessions.get(parts.session)
    if (!session) return { kind: 'reply', datagram: this.#challenge(parts) }
    if (!session.window.accept(parts.counter)) return nothing('a replayed datagram')
    return { kind: 'message', plaintext: parts.plaintext }
  }

  #challenge(parts: Parts): Buffer {
    // one nonce a session however many of its messages are in flight: each echo brings its message, the first one proves
    const nonce = this.#pending.get(parts.session) ?? this.#randomBytes(nonceBytes)
    this.#pending.set(parts.session, nonce)
    return this.#seal(kinds.challenge, Buffer.concat([Buffer.from(parts.session, 'hex'), counterBytes(parts.counter), nonce]))
  }

  #onChallenge(parts: Parts): Opened {
    const body = parts.plaintext
    if (body.length !== challengeBytes) return nothing('a challenge of the wrong length')
    if (!body.subarray(0, sessionBytes).equals(this.#session)) return nothing('a challenge for another session')
    const counter = readCounter(body, sessionBytes)
    const message = this.#recalled.get(counter)
    if (!message) return nothing('a challenge for a message long sent')
    this.#recalled.delete(counter)
    const session = this.#sessions.get(parts.session)
    if (!session) this.#prove(parts)
    else if (!session.window.accept(parts.counter)) return nothing('a replayed challenge')
    return { kind: 'reply', datagram: this.#seal(kinds.echo, Buffer.concat([body.subarray(sessionBytes + 8), message])) }
  }

  #onEcho(parts: Parts): Opened {
    const { session: id, plaintext } = parts
    if (plaintext.length <= nonceBytes) return nothing('an echo of nothing')
    const session = this.#sessions.get(id)
    if (session) {
      if (!session.window.accept(parts.counter)) return nothing('a replayed echo')
    } else {
      const nonce = this.#pending.get(id)
      if (!nonce?.equals(plaintext.subarray(0, nonceBytes))) return nothing('an echo of no challenge')
      this.#prove(parts)
    }
    return { kind: 'message', plaintext: plaintext.subarray(nonceBytes) }
  }

  /** The session counts from here on; everything up to this datagram may be a recording. */
  #prove(parts: Parts): void {
    this.#pending.delete(parts.session)
    this.#sessions.set(parts.session, { key: parts.key, window: new ReplayWindow(parts.counter) })
  }

  #seal(kind: number, plaintext: Buffer): Buffer {
    this.#counter++
    const head = Buffer.allocUnsafe(headBytes)
    head[0] = kind
    head.set(this.#session, 1)
    writeCounter(head, 1 + sessionBytes, this.#counter)
    const cipher = createCipheriv('aes-256-gcm', this.#key, gcmNonce(head))
    cipher.setAAD(head)
    // a stream cipher: all comes with `update`
    const sealed = cipher.update(plaintext)
    cipher.final()
    return Buffer.concat([head, sealed, cipher.getAuthTag()], headBytes + sealed.length + tagBytes)
  }

  /** The parts of a datagram that a member sealed, or what it is instead. */
  #unseal(datagram: Buffer): Parts | string {
    const kind = datagram[0]
    if (datagram.length < headBytes + tagBytes || datagram.length > limits.datagramBytes) return 'a datagram of the wrong length'
    if (kind !== kinds.message && kind !== kinds.challenge && kind !== kinds.echo) return 'a datagram of no known kind'
    const sessionId = datagram.subarray(1, 1 + sessionBytes)
    if (sessionId.equals(this.#session)) return 'an own datagram'
    const counter = readCounter(datagram, 1 + sessionBytes)
    if (!Number.isSafeInteger(counter)) return 'a datagram with a counter out of range'
    const session = sessionId.toString('hex')
    const key = this.#sessions.get(session)?.key ?? this.#keyOf(sessionId)
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, gcmNonce(datagram), {
        authTagLength: tagBytes,
      })
      decipher.setAAD(datagram.subarray(0, headBytes))
      decipher.setAuthTag(datagram.subarray(-tagBytes))
      const plaintext = decipher.update(datagram.subarray(headBytes, -tagBytes))
      // throws unless a member sealed it: before, nothing of it counts
      decipher.final()
      return { kind, session, counter, plaintext, key }
    } catch {
      return 'a datagram that no member sealed'
    }
  }

  #keyOf(session: Buffer): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#datagramKey, session, 'ringdrop datagram session 1', 32))
  }
}

function nothing(reason: string): Opened {
  return { kind: 'nothing', reason }
}

function counterBytes(counter: number): Buffer {
  const bytes = Buffer.alloc(8)
  writeCounter(bytes, 0, counter)
  return bytes
}

function writeCounter(bytes: Buffer, offset: number, counter: number): void {
  bytes.writeUInt32BE(Math.floor(counter / 2 ** 32), offset)
  bytes.writeUInt32BE(counter % 2 ** 32, offset + 4)
}

function readCounter(bytes: Buffer, offset: number): number {
  return bytes.readUInt32BE(offset) * 2 ** 32 + bytes.readUInt32BE(offset + 4)
}

/** The counter in a datagram's head, in 12 bytes: no other datagram of the session has the same. */
function gcmNonce(head: Buffer): Buffer {
  const nonce = Buffer.alloc(4 + 8)
  head.copy(nonce, 4, 1 + sessionBytes, headBytes)
  return nonce
}
