import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { blockCount, blockLength, decodeManifest, encodeManifest, hashBytes, type Manifest } from './manifest.ts'

const manifest: fc.Arbitrary<Manifest> = fc
  .record({ sizeBytes: fc.nat(500_000), blockBytes: fc.integer({ min: 4096, max: 65_536 }), seed: fc.nat(255) })
  .map(({ sizeBytes, blockBytes, seed }) => ({
    sizeBytes,
    blockBytes,
    // one block's hash is that of the whole
    sha256: seed.toString(16).padStart(2, '0').repeat(32),
    blockHashes: new Uint8Array(blockCount(sizeBytes, blockBytes) * hashBytes).fill(seed),
  }))

describe('manifest', () => {
  test('decodes what was encoded', () => {
    fc.assert(
      fc.property(manifest, (value) => {
        expect(decodeManifest(encodeManifest(value))).toEqual(value)
      }),
    )
  })
  test('does not share memory with what it was decoded from', () => {
    const bytes = Buffer.from(
      encodeManifest({ sizeBytes: 1, blockBytes: 4096, sha256: '05'.repeat(32), blockHashes: new Uint8Array(32).fill(5) }),
    )
    const decoded = decodeManifest(bytes)
    bytes.fill(0)
    expect('blockHashes' in decoded && decoded.blockHashes[0]).toBe(5)
  })
  test('the lengths of the blocks sum up to the size', () => {
    fc.assert(
      fc.property(manifest, (value) => {
        let sum = 0
        for (let index = 0; index < blockCount(value.sizeBytes, value.blockBytes); index++) sum += blockLength(value, index)
        expect(sum).toBe(value.sizeBytes)
      }),
    )
  })
  test('a content of one block has one hash', () => {
    const lie = encodeManifest({ sizeBytes: 1, blockBytes: 4096, sha256: '05'.repeat(32), blockHashes: new Uint8Array(32).fill(6) })
    expect(decodeManifest(lie)).toEqual({ reason: 'a content of one block has two hashes' })
  })
  test('never throws on rubbish', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decodeManifest(bytes)
      }),
    )
  })
  test('a manifest that is cut is refused', () => {
    fc.assert(
      fc.property(manifest, (value) => {
        expect(decodeManifest(encodeManifest(value).subarray(0, -1))).toHaveProperty('reason')
      }),
    )
  })
})
