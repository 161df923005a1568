/** A machine's own key pair: made once, kept in its data folder, never sent. In a default ring the machine's id is its hash. */

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../../shared/errors.ts'
import type { Identifier, IdentifierSpace } from '../protocol/identifier.ts'
import { fingerprintOf } from './ring-key.ts'

export const identityFileName = 'identity.pem'

export interface Identity {
  readonly privateKey: KeyObject
  readonly privateKeyPem: string
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKeySpki: Buffer
}

export function createIdentity(): Identity {
  return identityOf(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey)
}

/**
 * The identity kept in `dataFolder` (which exists), or a new one that is on disk when this resolves.
 * @throws AppError('corrupt') when the file is there and is not such a key: silently becoming somebody else would orphan this
 *   machine's place in the ring.
 */
export async function loadIdentity(dataFolder: string): Promise<Identity> {
  const path = join(dataFolder, identityFileName)
  const pem = await readIfThere(path)
  if (pem !== null) return parseIdentity(pem, path)
  const identity = createIdentity()
  await writeDurably(path, identity.privateKeyPem)
  return identity
}

/** Id of a public key in a ring whose ids are hashes. */
export function idOfPublicKey(space: IdentifierSpace, publicKeySpki: Uint8Array): Identifier {
  return space.fromHash(fingerprintOf(publicKeySpki))
}

/** The whole file or none of it, for its owner only. One process owns the data folder, so the temporary name is free. */
async function writeDurably(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`
  const file = await open(temporary, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new AppError('file-unreadable', `This machine's key cannot be read: ${(error as Error).message}`, { path })
  }
}

function parseIdentity(pem: string, path: string): Identity {
  let privateKey: KeyObject
  try {
    privateKey = createPrivateKey(pem)
  } catch {
    throw new AppError('corrupt', `${path} does not hold this machine's key any more`, { path })
  }
  if (privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new AppError('corrupt', `${path} holds another kind of key`, { path })
  return identityOf(privateKey)
}

function identityOf(privateKey: KeyObject): Identity {
  return {
    privateKey,
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    publicKeySpki: createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
  }
}
