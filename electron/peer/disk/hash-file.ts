/** Reading a file in blocks, one read ahead of whoever takes them, and what its bytes hash to. */

import { AppError } from '../../../shared/errors.ts'
import { blockCount, blockLength, hashBytes } from '../protocol/manifest.ts'
import type { Manifest } from '../protocol/manifest.ts'
import { matches } from './block-writer.ts'
import { releaseBlock, takeBlock } from './blocks.ts'
import type { DiskFile } from './disk.ts'
import { blockDigest, WholeHash } from './hash-threads.ts'

/** Bytes of one read: a block, so that a read is hashed in one go. */
const chunkBytes = 1_048_576

/** What is needed of a file here. */
export type ReadableFile = Pick<DiskFile, 'read'>

interface Stretch {
  readonly offsetBytes: number
  readonly lengthBytes: number
}

/**
 * `lengthBytes` from `offsetBytes`, in buffers of their own of up to `most` bytes (1 MiB), to be given back with `releaseBlock` or forgotten.
 * AppError('corrupt') when the file ends before.
 */
// eslint-disable-next-line max-params -- where from, and how much: an object would only hide that
export function readChunks(file: ReadableFile, offsetBytes: number, lengthBytes: number, most = chunkBytes): AsyncGenerator<Buffer> {
  return readStretches(file, cut(offsetBytes, lengthBytes, most))
}

/** The given blocks of a content in `file`, in that order, as `readChunks` gives them. */
export function readBlocks(file: ReadableFile, manifest: Manifest, blocks: Iterable<number>): AsyncGenerator<Buffer> {
  return readStretches(file, stretchesOf(manifest, blocks))
}

function* stretchesOf(manifest: Manifest, blocks: Iterable<number>): Generator<Stretch> {
  for (const index of blocks) yield { offsetBytes: index * manifest.blockBytes, lengthBytes: blockLength(manifest, index) }
}

function* cut(offsetBytes: number, lengthBytes: number, most: number): Generator<Stretch> {
  const end = offsetBytes + lengthBytes
  for (let at = offsetBytes; at < end; at += most) yield { offsetBytes: at, lengthBytes: Math.min(most, end - at) }
}

async function* readStretches(file: ReadableFile, stretches: Iterator<Stretch>): AsyncGenerator<Buffer> {
  const read = async ({ offsetBytes, lengthBytes }: Stretch): Promise<Buffer> => {
    const buffer = takeBlock(lengthBytes)
    if ((await file.read(buffer, offsetBytes)) < lengthBytes) throw new AppError('corrupt', 'The file is shorter than it should be')
    return buffer
  }
  const readAhead = (): Promise<Buffer> | null => {
    const stretch = stretches.next()
    if (stretch.done) return null
    const reading = read(stretch.value)
    // it may fail while the block before it is still being used: it is heard of when it is awaited
    reading.catch(() => undefined)
    return reading
  }
  let next = readAhead()
  try {
    while (next) {
      const buffer = await next
      next = readAhead()
      yield buffer
    }
  } finally {
    // the file is closed by our caller: not under a read
    await next?.catch(() => undefined)
  }
}

/** The manifest of what is in `file` now, up to its end. */
export async function manifestOf(file: ReadableFile, blockBytes: number): Promise<Manifest> {
  const whole = new WholeHash()
  const hashes: Uint8Array[] = []
  let sizeBytes = 0
  const buffer = takeBlock(blockBytes)
  try {
    for (;;) {
      const block = buffer.subarray(0, await file.read(buffer, sizeBytes))
      if (block.length === 0) break
      const [hash] = await Promise.all([blockDigest(block), whole.update(block)])
      hashes.push(hash)
      sizeBytes += block.length
      if (block.length < blockBytes) break
    }
  } finally {
    releaseBlock(buffer)
    whole.end()
  }
  const blockHashes = new Uint8Array(Buffer.concat(hashes, hashes.length * hashBytes))
  return { sizeBytes, blockBytes, sha256: await whole.digest, blockHashes }
}

/** True when `file` has exactly the blocks and the length of `manifest`, and the whole hash too. AppError('cancelled') by `signal`. */
export async function matchesManifest(file: ReadableFile, manifest: Manifest, signal?: AbortSignal): Promise<boolean> {
  const whole = new WholeHash()
  const { sizeBytes, blockBytes } = manifest
  let index = 0
  try {
    for await (const block of readChunks(file, 0, sizeBytes, blockBytes)) {
      if (signal?.aborted) throw new AppError('cancelled', 'Stopped')
      const [matching] = await Promise.all([matches(manifest, index, block), whole.update(block)])
      releaseBlock(block)
      if (!matching) return false
      index++
    }
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'corrupt') return false
    throw thrown
  } finally {
    whole.end()
  }
  if (index !== blockCount(sizeBytes, blockBytes) || (await whole.digest) !== manifest.sha256) return false
  return (await file.read(new Uint8Array(1), sizeBytes)) === 0
}
