/**
 * The ring key: 256 random bits made by a ring's founder. Everything that makes a ring a closed circle is derived from it
 * with HKDF-SHA256, so that every member has the same authority and the same datagram key without asking anyone.
 */

import { createECDH, createHash, createPrivateKey, createPublicKey, hkdfSync, randomBytes, type KeyObject } from 'node:crypto'
import { AppError } from '../../../shared/errors.ts'

export const ringKeyBytes = 32
/** Order of the P-256 group. */
const groupOrder = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
/** 128 bits more than the order has: the bias of the reduction is then below 2^-128 (FIPS 186-5, A.2.1). */
const scalarBytes = 48
const salt = 'ringdrop ring key 1'

/** The ring's certificate authority. Every member has its private key: a member may certify, as it may invite. */
export interface RingAuthority {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** The public key as SubjectPublicKeyInfo in DER. */
  readonly publicKeySpki: Buffer
  /** SHA-256 of `publicKeySpki`, lower-case hexadecimal: what an invite link names the ring by. */
  readonly fingerprint: string
}

export interface RingSecrets {
  readonly authority: RingAuthority
  /** Root of the datagrams' session keys, 32 bytes. */
  readonly datagramKey: Buffer
}

export function createRingKey(): Buffer {
  return randomBytes(ringKeyBytes)
}

/** Fingerprint of a public key: SHA-256 of its SubjectPublicKeyInfo, lower-case hexadecimal. */
export function fingerprintOf(publicKeySpki: Uint8Array): string {
  return createHash('sha256').update(publicKeySpki).digest('hex')
}

/** Authority and datagram key of a ring: the same on every machine. Throws AppError('bad-argument') on a key of another length. */
export function deriveRing(ringKey: Uint8Array): RingSecrets {
  if (ringKey.length !== ringKeyBytes) throw new AppError('bad-argument', `A ring key has ${ringKeyBytes} bytes, not ${ringKey.length}`)
  const privateKey = privateKeyOf(derive(ringKey, 'authority', scalarBytes))
  const publicKey = createPublicKey(privateKey)
  const publicKeySpki = publicKey.export({ type: 'spki', format: 'der' })
  return {
    authority: { privateKey, publicKey, publicKeySpki, fingerprint: fingerprintOf(publicKeySpki) },
    datagramKey: derive(ringKey, 'datagrams', 32),
  }
}

function derive(ringKey: Uint8Array, purpose: string, lengthBytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', ringKey, salt, purpose, lengthBytes))
}

/** A private key out of more than enough uniform bytes: reduced into 1..order-1. */
function privateKeyOf(uniform: Buffer): KeyObject {
  const scalar = (BigInt(`0x${uniform.toString('hex')}`) % (groupOrder - 1n)) + 1n
  const d = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex')
  const ecdh = createECDH('prime256v1')
  ecdh.setPrivateKey(d)
  const point = ecdh.getPublicKey() // 0x04, x, y
  return createPrivateKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: 'P-256',
      d: d.toString('base64url'),
      x: point.subarray(1, 33).toString('base64url'),
      y: point.subarray(33, 65).toString('base64url'),
    },
  })
}
