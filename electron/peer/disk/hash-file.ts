/** Reading a file in blocks, one read ahead of the hashing, and what its bytes hash to. */

import { createHash } from 'node:crypto'
import { AppError } from '../../../shared/errors.ts'
import { blockCount, blockLength, hashBytes } from '../protocol/manifest.ts'
import type { Manifest } from '../protocol/manifest.ts'
import { matches } from './block-writer.ts'
import type { DiskFile } from './disk.ts'

/** Bytes of one read: a block, so that a read is hashed in one go. */
const chunkBytes = 1_048_576

/** `lengthBytes` from `offsetBytes`, in buffers of their own of up to 1 MiB; AppError('corrupt') when the file ends before. */
export async function* readChunks(file: DiskFile, offsetBytes: number, lengthBytes: number): AsyncGenerator<Buffer> {
  yield* readBlocks(file, { offsetBytes, lengthBytes, blockBytes: chunkBytes })
}

interface Range {
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly blockBytes: number
}

async function* readBlocks(file: DiskFile, { offsetBytes, lengthBytes, blockBytes }: Range): AsyncGenerator<Buffer> {
  const end = offsetBytes + lengthBytes
  const readAt = async (position: number): Promise<Buffer> => {
    // the rest is overwritten by the read, or an error
    const buffer = Buffer.allocUnsafe(Math.min(blockBytes, end - position))
    if ((await file.read(buffer, position)) < buffer.length) throw new AppError('corrupt', 'The file is shorter than it should be')
    return buffer
  }
  const readAhead = (position: number): Promise<Buffer> | null => {
    if (position >= end) return null
    const read = readAt(position)
    // it may fail while the block before it is still being used: it is heard of when it is awaited
    read.catch(() => undefined)
    return read
  }
  let position = offsetBytes
  let next = readAhead(position)
  try {
    while (next) {
      const buffer = await next
      position += buffer.length
      next = readAhead(position)
      yield buffer
    }
  } finally {
    // the file is closed by our caller: not under a read
    await next?.catch(() => undefined)
  }
}

/** The manifest of what is in `file` now, up to its end. */
export async function manifestOf(file: DiskFile, blockBytes: number): Promise<Manifest> {
  const whole = createHash('sha256')
  const hashes: Buffer[] = []
  let sizeBytes = 0
  for (;;) {
    const buffer = Buffer.allocUnsafe(blockBytes)
    const count = await file.read(buffer, sizeBytes)
    const block = buffer.subarray(0, count)
    if (count === 0) break
    whole.update(block)
    hashes.push(createHash('sha256').update(block).digest())
    sizeBytes += count
    if (count < blockBytes) break
  }
  return {
    sizeBytes,
    blockBytes,
    sha256: whole.digest('hex'),
    blockHashes: new Uint8Array(Buffer.concat(hashes, hashes.length * hashBytes)),
  }
}

/** True when `file` has exactly the blocks, the whole hash and the length of `manifest`. AppError('cancelled') by `signal`. */
export async function matchesManifest(file: DiskFile, manifest: Manifest, signal?: AbortSignal): Promise<boolean> {
  const whole = createHash('sha256')
  const { sizeBytes, blockBytes } = manifest
  let index = 0
  try {
    for await (const block of readBlocks(file, { offsetBytes: 0, lengthBytes: sizeBytes, blockBytes })) {
      if (signal?.aborted) throw new AppError('cancelled', 'Stopped')
      if (block.length !== blockLength(manifest, index)) return false
      const matching = matches(manifest, index, block)
      whole.update(block)
      if (!(await matching)) return false
      index++
    }
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'corrupt') return false
    throw thrown
  }
  if (index !== blockCount(sizeBytes, blockBytes) || whole.digest('hex') !== manifest.sha256) return false
  return (await file.read(new Uint8Array(1), sizeBytes)) === 0
}
