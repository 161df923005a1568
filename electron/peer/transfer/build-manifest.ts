/** One pass over a local file: its block hashes, its whole hash, and what it was at that moment. */

import { AppError } from '../../../shared/errors.ts'
import { releaseBlock } from '../disk/blocks.ts'
import type { Disk, DiskFile } from '../disk/disk.ts'
import { readBlocks, readChunks } from '../disk/hash-file.ts'
import { blockDigest, WholeHash } from '../disk/hash-threads.ts'
import { InFlight } from '../disk/in-flight.ts'
import { sha256Hex } from '../disk/sha256.ts'
import { limits } from '../protocol/limits.ts'
import { blockCount, encodeManifest, hashBytes, type Manifest } from '../protocol/manifest.ts'
import { unreadable } from './file-errors.ts'

export interface BuildOptions {
  readonly blockBytes: number
  readonly signal?: AbortSignal
  /** Told the size of what is open, which it keeps while it is read, and awaited before the first block. */
  readonly onOpened?: (sizeBytes: number) => Promise<void>
  /** Given each block in order, one after the other; it may be used again when this resolves. */
  readonly onBlock?: (index: number, block: Uint8Array) => Promise<void> | undefined
}

/**
 * Reads the whole file once. Throws `file-unreadable` when it is not a readable regular file, `changed-while-reading` when
 * its size changes meanwhile, `cancelled`.
 */
export async function buildManifest(disk: Disk, path: string, options: BuildOptions): Promise<Manifest> {
  const file = await disk.open(path, 'read').catch((error: unknown) => {
    throw unreadable(path, error)
  })
  try {
    const stat = await file.stat()
    if (stat.kind !== 'file') throw new AppError('file-unreadable', `${path} is not a regular file`, { path })
    if (stat.sizeBytes > limits.fileBytes) throw new AppError('file-unreadable', `${path} is larger than 2 TiB`, { path })
    await options.onOpened?.(stat.sizeBytes)
    const { whole, blockHashes } = await hashBlocks(file, { path, sizeBytes: stat.sizeBytes }, options)
    const after = await file.stat()
    if (after.sizeBytes !== stat.sizeBytes || after.modifiedMs !== stat.modifiedMs) throw changed(path)
    return { sizeBytes: stat.sizeBytes, blockBytes: options.blockBytes, sha256: whole, blockHashes }
  } catch (error) {
    throw error instanceof AppError ? error : unreadable(path, error)
  } finally {
    await file.close()
  }
}

/** The hash by which a version's record names its manifest. */
export function manifestHash(manifest: Manifest): string {
  return sha256Hex(encodeManifest(manifest))
}

/** Blocks in memory: one is given to `onBlock`, others are read and hashed, so that neither waits for the other. Fewer let busy cores rest. */
const blocksAtOnce = 6

/** Three things at once: a block is read while those before it are given on and hashed twice, each time on a thread of its own. */
async function hashBlocks(
  file: DiskFile,
  { path, sizeBytes }: { readonly path: string; readonly sizeBytes: number },
  options: BuildOptions,
): Promise<{ readonly whole: string; readonly blockHashes: Uint8Array }> {
  const { blockBytes, signal, onBlock } = options
  const blockHashes = new Uint8Array(blockCount(sizeBytes, blockBytes) * hashBytes)
  const whole = new WholeHash()
  const hashing = new InFlight(blocksAtOnce)
  const hash = async (index: number, block: Uint8Array): Promise<void> => {
    const [digest] = await Promise.all([blockDigest(block), whole.update(block)])
    blockHashes.set(digest, index * hashBytes)
  }
  let index = 0
  try {
    for await (const block of readChunks(file, 0, sizeBytes, blockBytes)) {
      if (signal?.aborted) throw new AppError('cancelled', `Storing ${path} was cancelled`, { path })
      const hashed = hash(index, block)
      const given = onBlock?.(index, block)
      await hashing.add(Promise.all([hashed, given]).then(() => releaseBlock(block)))
      await given
      index++
    }
    await hashing.end()
  } catch (error) {
    throw shorter(error, path)
  } finally {
    await hashing.settled()
    whole.end()
  }
  return { whole: await whole.digest, blockHashes }
}

/** The given blocks of a local file again, for sending. Throws `changed-while-reading` when it got shorter. */
export async function* readFileBlocks(
  disk: Disk,
  path: string,
  wanted: { readonly manifest: Manifest; readonly blocks: Iterable<number> },
): AsyncGenerator<Buffer> {
  const file = await disk.open(path, 'read').catch((error: unknown) => {
    throw unreadable(path, error)
  })
  try {
    yield* readBlocks(file, wanted.manifest, wanted.blocks)
  } catch (error) {
    throw shorter(error, path)
  } finally {
    await file.close()
  }
}

/** A file that ends too early was made shorter meanwhile. */
function shorter(error: unknown, path: string): unknown {
  return error instanceof AppError && error.code === 'corrupt' ? changed(path) : error
}

export function changed(path: string): AppError {
  return new AppError('changed-while-reading', `${path} changed while it was being stored; store it again when it is complete`, { path })
}
