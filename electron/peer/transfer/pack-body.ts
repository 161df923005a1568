/** The body of a `/pack`: for each file the lengths of its record and its content, the record in JSON, the content. */

import { createHash } from 'node:crypto'
import { limits } from '../protocol/limits.ts'
import { encodeManifest, type Manifest } from '../protocol/manifest.ts'
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

/** Files as they travel, so many together as one pack may have. */
export function* bodiesOf<F extends PackFile>(files: readonly F[]): Generator<{ readonly files: readonly F[]; readonly body: Buffer }> {
  let pieces: Uint8Array[] = []
  let together: F[] = []
  let bytes = 0
  for (const file of files) {
    const record = Buffer.from(JSON.stringify(file.record), 'utf8')
    const length = headBytes + record.length + file.bytes.length
    if (together.length > 0 && (together.length === limits.packFiles || bytes + length > limits.packBytes / 2)) {
      yield { files: together, body: Buffer.concat(pieces, bytes) }
      pieces = []
      together = []
      bytes = 0
    }
    const head = Buffer.allocUnsafe(headBytes)
    head.writeUInt32BE(record.length, 0)
    head.writeUInt32BE(file.bytes.length, 4)
    pieces.push(head, record, file.bytes)
    together.push(file)
    bytes += length
  }
  if (together.length > 0) yield { files: together, body: Buffer.concat(pieces, bytes) }
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

/** The manifest of bytes that are one block, or none. */
export function oneBlockManifest(bytes: Uint8Array, blockBytes: number): Manifest {
  const hash = createHash('sha256').update(bytes).digest()
  return {
    sizeBytes: bytes.length,
    blockBytes,
    sha256: hash.toString('hex'),
    blockHashes: bytes.length === 0 ? new Uint8Array(0) : new Uint8Array(hash),
  }
}

/** As a record's versions name a manifest. */
export function hashOfManifest(manifest: Manifest): string {
  return createHash('sha256').update(encodeManifest(manifest)).digest('hex')
}
