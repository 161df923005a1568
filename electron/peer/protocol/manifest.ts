/**
 * A manifest: size, block size, block hashes and whole hash of a content. Its bytes:
 * "RDM1", block size (uint32), size (uint64), whole hash (32), then 32 bytes a block; numbers big-endian.
 */

import { limits } from './limits.ts'

export interface Manifest {
  readonly sizeBytes: number
  readonly blockBytes: number
  /** SHA-256 of the whole content, hexadecimal. */
  readonly sha256: string
  /** SHA-256 of every block, 32 bytes each, one after the other. */
  readonly blockHashes: Uint8Array
}

export const hashBytes = 32
/** 1 MiB: a manifest is 1/32 768 of its content, and a bad block costs little to fetch again. */
export const defaultBlockBytes = 1_048_576
/** Smaller blocks would be more hash than content. */
export const blockBytesMin = 4096
const headBytes = 4 + 4 + 8 + hashBytes
const magic = 0x52444d31

export function blockCount(sizeBytes: number, blockBytes: number): number {
  return Math.ceil(sizeBytes / blockBytes)
}

/** Length of block `index` in bytes: the last one is shorter. */
export function blockLength(manifest: Manifest, index: number): number {
  return Math.min(manifest.blockBytes, manifest.sizeBytes - index * manifest.blockBytes)
}

/** Bytes of the given blocks together. */
export function lengthOf(manifest: Manifest, blocks: readonly number[]): number {
  return blocks.reduce((bytes, index) => bytes + blockLength(manifest, index), 0)
}

export function blockHash(manifest: Manifest, index: number): Uint8Array {
  return manifest.blockHashes.subarray(index * hashBytes, (index + 1) * hashBytes)
}

export function encodeManifest(manifest: Manifest): Uint8Array {
  const bytes = new Uint8Array(headBytes + manifest.blockHashes.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, magic)
  view.setUint32(4, manifest.blockBytes)
  view.setBigUint64(8, BigInt(manifest.sizeBytes))
  for (let i = 0; i < hashBytes; i++) bytes[16 + i] = Number.parseInt(manifest.sha256.slice(i * 2, i * 2 + 2), 16)
  bytes.set(manifest.blockHashes, headBytes)
  return bytes
}

/** The manifest in `bytes`, or the reason why there is none. */
export function decodeManifest(bytes: Uint8Array): Manifest | { readonly reason: string } {
  if (bytes.length < headBytes) return { reason: 'manifest too short' }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0) !== magic) return { reason: 'not a manifest' }
  const blockBytes = view.getUint32(4)
  const size = view.getBigUint64(8)
  if (blockBytes < blockBytesMin || blockBytes > limits.blockBytes) return { reason: 'block size out of range' }
  if (size > BigInt(limits.fileBytes)) return { reason: 'file too large' }
  const sizeBytes = Number(size)
  if (bytes.length !== headBytes + blockCount(sizeBytes, blockBytes) * hashBytes) return { reason: 'manifest length does not fit its size' }
  const sha256 = Array.from(bytes.subarray(16, headBytes), (byte) => byte.toString(16).padStart(2, '0')).join('')
  const blockHashes = new Uint8Array(bytes.subarray(headBytes))
  if (blockHashes.length === hashBytes && blockHashes.some((byte, index) => byte !== bytes[16 + index])) {
    return { reason: 'a content of one block has two hashes' }
  }
  return { sizeBytes, blockBytes, sha256, blockHashes }
}
