/** All that a machine shows and checks as a member of one ring: derived once at start and when it joins another ring. */

import type { KeyObject } from 'node:crypto'
import type { Identifier, IdentifierSpace } from '../protocol/identifier.ts'
import { issueCertificate } from './certificate.ts'
import { idOfPublicKey, type Identity } from './identity.ts'
import { deriveRing } from './ring-key.ts'

export interface Credentials {
  readonly space: IdentifierSpace
  readonly id: Identifier
  readonly idsAreHashes: boolean
  readonly authorityKey: KeyObject
  /** SHA-256 of the authority's public key, hexadecimal: the ring's name among rings. */
  readonly fingerprint: string
  readonly datagramKey: Buffer
  readonly certificatePem: string
  readonly privateKeyPem: string
}

export interface Membership {
  /** 32 bytes. */
  readonly ringKey: Uint8Array
  readonly identity: Identity
  readonly space: IdentifierSpace
  /** An id chosen by hand (classroom), or null: the id is the hash of the public key, and everybody's must be. */
  readonly chosenId: Identifier | null
}

export async function createCredentials({ ringKey, identity, space, chosenId }: Membership): Promise<Credentials> {
  const { authority, datagramKey } = deriveRing(ringKey)
  const id = chosenId ?? idOfPublicKey(space, identity.publicKeySpki)
  return {
    space,
    id,
    idsAreHashes: chosenId === null,
    authorityKey: authority.publicKey,
    fingerprint: authority.fingerprint,
    datagramKey,
    certificatePem: await issueCertificate(authority, { space, id, publicKeySpki: identity.publicKeySpki }),
    privateKeyPem: identity.privateKeyPem,
  }
}
