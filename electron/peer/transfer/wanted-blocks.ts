/** Which blocks of a content are wanted: a list of indexes here, a bit for each block on the way, nothing at all when it is all of them. */

import { blockCount, type Manifest } from '../protocol/manifest.ts'

/** Indexes of all blocks. */
export function allBlocks(manifest: Manifest): number[] {
  return Array.from({ length: blockCount(manifest.sizeBytes, manifest.blockBytes) }, (_, index) => index)
}

/** The bits of `wanted`, ascending indexes; empty when it is all blocks. */
export function encodeWanted(manifest: Manifest, wanted: readonly number[]): Buffer {
  const count = blockCount(manifest.sizeBytes, manifest.blockBytes)
  if (wanted.length === count) return Buffer.alloc(0)
  const bits = Buffer.alloc(Math.ceil(count / 8))
  for (const index of wanted) bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (index & 7))
  return bits
}

/** The indexes in `bits`, ascending, or null when they do not fit the manifest. */
export function decodeWanted(manifest: Manifest, bits: Uint8Array): number[] | null {
  if (bits.length === 0) return allBlocks(manifest)
  const count = blockCount(manifest.sizeBytes, manifest.blockBytes)
  if (bits.length !== Math.ceil(count / 8)) return null
  const wanted: number[] = []
  for (let index = 0; index < bits.length * 8; index++) {
    if ((((bits[index >> 3] ?? 0) >> (index & 7)) & 1) === 0) continue
    if (index >= count) return null
    wanted.push(index)
  }
  return wanted
}
