/**
 * Certificates of a ring: a leaf per machine, signed by the ring's authority, that names the machine's id. The leaf carries
 * the authority's public key too, so that a machine with nothing but the authority's fingerprint (from an invite link) can
 * check whom it speaks to without relying on how a TLS library hands out chains.
 */

import 'reflect-metadata' // @peculiar/x509 needs it before its own import
import { createPublicKey, randomBytes, webcrypto, X509Certificate, type KeyObject } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import type { Identifier, IdentifierSpace } from '../protocol/identifier.ts'
import { idOfPublicKey } from './identity.ts'
import { fingerprintOf, type RingAuthority } from './ring-key.ts'

/** No machine's clock is trusted, so a certificate never begins or ends within anyone's life; the ring key is what expires. */
const notBefore = new Date('2000-01-01T00:00:00Z')
const notAfter = new Date('9999-12-31T23:59:59Z')
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const authorityUri = 'ringdrop:authority:'
/** A leaf is about 600 bytes; whoever sends more wants us to parse. */
const certificateBytesMax = 4096

export interface LeafRequest {
  readonly space: IdentifierSpace
  readonly id: Identifier
  /** SubjectPublicKeyInfo of the machine, DER. */
  readonly publicKeySpki: Uint8Array
}

export interface Expected {
  readonly space: IdentifierSpace
  /** Whether ids are hashes of public keys (default rings) or chosen by hand (classroom). */
  readonly idsAreHashes: boolean
}

export interface Refused {
  readonly reason: string
}

/** A new leaf for a machine of the ring, as PEM. */
export async function issueCertificate(authority: RingAuthority, leaf: LeafRequest): Promise<string> {
  const name = leaf.space.format(leaf.id)
  const certificate = await x509.X509CertificateGenerator.create({
    // a leading zero bit keeps the serial number positive in DER
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    issuer: 'CN=Ringdrop ring',
    subject: `CN=${name}`,
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    publicKey: await webcrypto.subtle.importKey('spki', leaf.publicKeySpki, algorithm, true, ['verify']),
    signingKey: await webcrypto.subtle.importKey('pkcs8', authority.privateKey.export({ type: 'pkcs8', format: 'der' }), algorithm, false, [
      'sign',
    ]),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      // BoringSSL insists on it
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: `${name}.ring` },
        { type: 'url', value: `${authorityUri}${authority.publicKeySpki.toString('base64url')}` },
      ]),
    ],
  })
  return certificate.toString('pem')
}

/** The id that a leaf of this authority names, or why it is refused. Never throws. */
export function verifyCertificate(der: Uint8Array, authorityKey: KeyObject, expected: Expected): Identifier | Refused {
  if (der.length > certificateBytesMax) return { reason: 'its certificate is too long' }
  try {
    const certificate = new X509Certificate(der)
    if (certificate.ca || !certificate.verify(authorityKey)) return { reason: 'it is not of this ring' }
    return idIn(certificate, expected)
  } catch {
    return { reason: 'its certificate cannot be read' }
  }
}

/** As `verifyCertificate`, for one who knows only the fingerprint of the ring's authority. Never throws. */
export function verifyByFingerprint(der: Uint8Array, fingerprint: string, expected: Expected): Identifier | Refused {
  const carried = authorityIn(der)
  if (carried === null) return { reason: 'it is not of a ring' }
  if (fingerprintOf(carried) !== fingerprint.toLowerCase()) return { reason: 'it is not of this ring' }
  return verifyCertificate(der, createPublicKey({ key: carried, format: 'der', type: 'spki' }), expected)
}

/** The authority's public key that a leaf carries: what it claims, not yet checked against anything. */
function authorityIn(der: Uint8Array): Buffer | null {
  if (der.length > certificateBytesMax) return null
  try {
    // node quotes every name that could be mistaken for a list, so splitting is safe
    const names = new X509Certificate(der).subjectAltName?.split(', ') ?? []
    const claim = names.find((name) => name.startsWith(`URI:${authorityUri}`))
    if (claim === undefined) return null
    const spki = Buffer.from(claim.slice(`URI:${authorityUri}`.length), 'base64url')
    createPublicKey({ key: spki, format: 'der', type: 'spki' })
    return spki
  } catch {
    return null
  }
}

function idIn(certificate: X509Certificate, { space, idsAreHashes }: Expected): Identifier | Refused {
  const name = /^CN=([0-9a-f]{1,64})$/.exec(certificate.subject)?.[1]
  const id = name === undefined ? null : space.parse(name)
  if (id === null) return { reason: 'its certificate names no id of this ring' }
  if (idsAreHashes && id !== idOfPublicKey(space, certificate.publicKey.export({ type: 'spki', format: 'der' })))
    return { reason: 'its id is not that of its key' }
  return id
}
