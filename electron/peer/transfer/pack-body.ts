/** The body of a `/pack`: for each file the lengths of its record and its content, the record in JSON, the content. */

import { takeBlock } from '../disk/blocks.ts'
import { sha256Of } from '../disk/sha256.ts'
import { limits } from '../protocol/limits.ts'
import type { Manifest } from '../protocol/manifest.ts'
import type { FileRecord } from '../protocol/record.ts'

/** A small version with its bytes. */
export interface PackFile {
  readonly record: FileRecord
  readonly manifest: Manifest
  readonly bytes: Uint8Array
}

/** A file of a pack as it came: checked for its lengths only. */
export interface PackedFile {
  readonly record: string
  readonly bytes: Buffer
}

const headBytes = 8

/** A file with its record as it travels. */
export interface EncodedFile extends PackFile {
  readonly recordJson: Buffer
}

export function encodeFile<F extends PackFile>(file: F): F & EncodedFile {
  return { ...file, recordJson: Buffer.from(JSON.stringify(file.record), 'utf8') }
}

/** Files so many together as travel in one pack. */
export function* packsOf<F extends EncodedFile>(files: readonly F[]): Generator<readonly F[]> {
  let together: F[] = []
  let bytes = 0
  for (const file of files) {
    const length = lengthOf(file)
    if (together.length > 0 && (together.length === limits.packFiles || bytes + length > limits.packBytes / 2)) {
      yield together
      together = []
      bytes = 0
    }
    together.push(file)
    bytes += length
  }
  if (together.length > 0) yield together
}

/** The body of a pack of these files, in memory to be given back with `releaseBlock`. */
export function bodyOf(files: readonly EncodedFile[]): Buffer {
  const body = takeBlock(files.reduce((sum, file) => sum + lengthOf(file), 0))
  let at = 0
  for (const { recordJson, bytes } of files) {
    at = body.writeUInt32BE(recordJson.length, at)
    at = body.writeUInt32BE(bytes.length, at)
    body.set(recordJson, at)
    body.set(bytes, at + recordJson.length)
    at += recordJson.length + bytes.length
  }
  return body
}

function lengthOf({ recordJson, bytes }: EncodedFile): number {
  return headBytes + recordJson.length + bytes.length
}

/** The files in a body, or null when it is not exactly `count` of them within their limits. Contents are views of the body. */
export function readPackBody(body: Buffer, count: number): PackedFile[] | null {
  const files: PackedFile[] = []
  let at = 0
  while (files.length < count) {
    if (at + headBytes > body.length) return null
    const recordBytes = body.readUInt32BE(at)
    const contentBytes = body.readUInt32BE(at + 4)
    if (recordBytes > limits.packedRecordBytes || contentBytes > limits.packedFileBytes) return null
    const content = at + headBytes + recordBytes
    const end = content + contentBytes
    if (end > body.length) return null
    files.push({ record: body.toString('utf8', at + headBytes, content), bytes: body.subarray(content, end) })
    at = end
  }
  return at === body.length ? files : null
}

/** The manifest of bytes that are one block, or none. `hash`: their SHA-256, where it is known. */
export function oneBlockManifest(bytes: Uint8Array, blockBytes: number, hash: Uint8Array = sha256Of(bytes)): Manifest {
  return {
    sizeBytes: bytes.length,
    blockBytes,
    sha256: Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('hex'),
    blockHashes: bytes.length === 0 ? new Uint8Array(0) : hash,
  }
}
