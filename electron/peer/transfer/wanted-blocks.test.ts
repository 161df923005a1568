import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Manifest } from '../protocol/manifest.ts'
import { allBlocks, decodeWanted, encodeWanted } from './wanted-blocks.ts'

const ofBlocks = (count: number): Manifest => ({
  sizeBytes: count * 4096,
  blockBytes: 4096,
  sha256: '',
  blockHashes: new Uint8Array(count * 32),
})

describe('wanted blocks', () => {
  test('come back as they were sent, and all of them take no byte', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(99)), fc.integer({ min: 100, max: 200 }), (blocks, count) => {
        const wanted = [...blocks].sort((a, b) => a - b)
        expect(decodeWanted(ofBlocks(count), encodeWanted(ofBlocks(count), wanted))).toEqual(wanted)
      }),
    )
    expect(encodeWanted(ofBlocks(9), allBlocks(ofBlocks(9)))).toHaveLength(0)
    expect(decodeWanted(ofBlocks(9), new Uint8Array(0))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
    expect(decodeWanted(ofBlocks(0), new Uint8Array(0))).toEqual([])
  })

  test('are refused when they do not fit the manifest', () => {
    expect(decodeWanted(ofBlocks(9), new Uint8Array(1))).toBeNull()
    expect(decodeWanted(ofBlocks(9), new Uint8Array(3))).toBeNull()
    expect(decodeWanted(ofBlocks(9), Uint8Array.of(0, 2))).toBeNull()
  })
})
