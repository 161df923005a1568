import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { X509Certificate } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { IdentifierSpace } from '../protocol/identifier.ts'
import { issueCertificate, verifyByFingerprint, verifyCertificate } from './certificate.ts'
import { createCredentials } from './credentials.ts'
import { createIdentity, idOfPublicKey, identityFileName, loadIdentity } from './identity.ts'
import { createRingKey, deriveRing } from './ring-key.ts'

const space = new IdentifierSpace(160)
const expected = { space, idsAreHashes: true }
const der = (pem: string): Buffer => new X509Certificate(pem).raw

describe('ring keys', () => {
  it('give every member the same authority and datagram key', () => {
    const key = Buffer.alloc(32, 7)
    const [one, two] = [deriveRing(key), deriveRing(Buffer.from(key))]
    expect(one.authority.publicKeySpki.equals(two.authority.publicKeySpki)).toBe(true)
    expect(one.datagramKey.equals(two.datagramKey)).toBe(true)
    // golden: another derivation would lock every ring out of itself
    expect(one.authority.fingerprint).toMatchInlineSnapshot(`"4828df4899cb43a0913b45aa8e8af80d3e7242b26e233080c5568c3a0f2e596a"`)
    expect(one.datagramKey.toString('hex')).toMatchInlineSnapshot(`"94f7412b8eaae869f429a6ab9a7ef69c84edafa435b87086c1b215311e63edc5"`)
  })

  it('differ in everything when they differ', () => {
    const [one, two] = [deriveRing(createRingKey()), deriveRing(createRingKey())]
    expect(one.authority.fingerprint).not.toBe(two.authority.fingerprint)
    expect(one.datagramKey.equals(two.datagramKey)).toBe(false)
    expect(() => deriveRing(Buffer.alloc(31))).toThrow('32 bytes')
  })
})

describe('certificates', () => {
  const authority = deriveRing(createRingKey()).authority
  const identity = createIdentity()
  const id = idOfPublicKey(space, identity.publicKeySpki)
  const issue = (): Promise<string> => issueCertificate(authority, { space, id, publicKeySpki: identity.publicKeySpki })

  it('name the id, whatever the clock says', async () => {
    const pem = await issue()
    expect(verifyCertificate(der(pem), authority.publicKey, expected)).toBe(id)
    expect(verifyByFingerprint(der(pem), authority.fingerprint, expected)).toBe(id)
    expect(verifyByFingerprint(der(pem), authority.fingerprint.toUpperCase(), expected)).toBe(id)
    const certificate = new X509Certificate(pem)
    expect(certificate.validFrom).toContain('2000')
    expect(certificate.validTo).toContain('9999')
    expect(certificate.ca).toBe(false)
  })

  it('of another ring are refused', async () => {
    const other = deriveRing(createRingKey()).authority
    const pem = await issue()
    expect(verifyCertificate(der(pem), other.publicKey, expected)).toEqual({ reason: 'it is not of this ring' })
    expect(verifyByFingerprint(der(pem), other.fingerprint, expected)).toEqual({ reason: 'it is not of this ring' })
  })

  it('that carry an authority they were not signed by are refused', async () => {
    const other = deriveRing(createRingKey()).authority
    const forged = await issueCertificate(
      { ...authority, privateKey: other.privateKey },
      { space, id, publicKeySpki: identity.publicKeySpki },
    )
    expect(verifyByFingerprint(der(forged), authority.fingerprint, expected)).toEqual({ reason: 'it is not of this ring' })
  })

  it("with an id that is not the key's are refused, unless ids are chosen", async () => {
    const chosen = space.fromBigInt(5n)
    const pem = await issueCertificate(authority, { space, id: chosen, publicKeySpki: identity.publicKeySpki })
    expect(verifyCertificate(der(pem), authority.publicKey, expected)).toEqual({ reason: 'its id is not that of its key' })
    expect(verifyCertificate(der(pem), authority.publicKey, { space, idsAreHashes: false })).toBe(chosen)
  })

  it('of a small ring name a decimal id', async () => {
    const small = new IdentifierSpace(8)
    const credentials = await createCredentials({ ringKey: createRingKey(), identity, space: small, chosenId: small.fromBigInt(200n) })
    const raw = der(credentials.certificatePem)
    expect(verifyCertificate(raw, credentials.authorityKey, credentials)).toBe(small.fromBigInt(200n))
    expect(new X509Certificate(raw).subjectAltName).toContain('DNS:200.ring')
    expect(verifyCertificate(raw, credentials.authorityKey, expected)).toHaveProperty('reason')
  })

  it('that are junk are refused', async () => {
    const good = der(await issue())
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), fc.uint8Array({ maxLength: 100 }), (index, flip, junk) => {
        const changed = Buffer.from(good)
        changed.writeUInt8(changed.readUInt8(index) ^ flip, index)
        expect(verifyCertificate(changed, authority.publicKey, expected)).toHaveProperty('reason')
        expect(verifyByFingerprint(junk, authority.fingerprint, expected)).toHaveProperty('reason')
      }),
    )
    expect(verifyCertificate(Buffer.alloc(5000), authority.publicKey, expected)).toHaveProperty('reason')
  })
})

describe('identity', () => {
  let folder: string | null = null
  afterEach(async () => {
    if (folder !== null) await rm(folder, { recursive: true })
    folder = null
  })

  it('is made once, for its owner only', async () => {
    folder = await mkdtemp(join(tmpdir(), 'ringdrop-identity-'))
    const [first, second] = [await loadIdentity(folder), await loadIdentity(folder)]
    expect(second.publicKeySpki.equals(first.publicKeySpki)).toBe(true)
    if (process.platform !== 'win32') expect((await stat(join(folder, identityFileName))).mode & 0o777).toBe(0o600)
    expect(await readFile(join(folder, identityFileName), 'utf8')).toContain('PRIVATE KEY')
  })

  it('is never silently replaced', async () => {
    folder = await mkdtemp(join(tmpdir(), 'ringdrop-identity-'))
    const path = join(folder, identityFileName)
    await writeFile(path, 'not a key')
    await expect(loadIdentity(folder)).rejects.toMatchObject({ code: 'corrupt' })
    await chmod(path, 0o600)
    expect(await readFile(path, 'utf8')).toBe('not a key')
  })
})
