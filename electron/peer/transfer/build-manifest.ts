/** One pass over a local file: its block hashes, its whole hash, and what it was at that moment. */

import { createHash } from 'node:crypto'
import { AppError } from '../../../shared/errors.ts'
import { blockDigest } from '../disk/block-writer.ts'
import type { Disk, DiskFile } from '../disk/disk.ts'
import { limits } from '../protocol/limits.ts'
import { blockCount, hashBytes, type Manifest } from '../protocol/manifest.ts'
import { unreadable } from './file-errors.ts'

export interface BuildOptions {
  readonly blockBytes: number
  readonly signal?: AbortSignal
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void
}

/**
 * Reads the whole file once. Throws `file-unreadable` when it is not a readable regular file, `changed-while-reading` when
 * its size changes meanwhile, `cancelled`.
 */
export async function buildManifest(disk: Disk, path: string, options: BuildOptions): Promise<Manifest> {
  const { blockBytes } = options
  const file = await disk.open(path, 'read').catch((error: unknown) => {
    throw unreadable(path, error)
  })
  try {
    const stat = await file.stat()
    if (stat.kind !== 'file') throw new AppError('file-unreadable', `${path} is not a regular file`, { path })
    if (stat.sizeBytes > limits.fileBytes) throw new AppError('file-unreadable', `${path} is larger than 2 TiB`, { path })
    const blocks = blockCount(stat.sizeBytes, blockBytes)
    const blockHashes = new Uint8Array(blocks * hashBytes)
    const whole = createHash('sha256')
    // three things at once: a block is read while the one before it is hashed twice, its own hash on another thread
    const buffers = [0, 1].map(() => Buffer.allocUnsafe(Math.min(blockBytes, Math.max(1, stat.sizeBytes))))
    const read = async (index: number): Promise<Buffer> => {
      const start = index * blockBytes
      const block = (buffers[index % 2] as Buffer).subarray(0, Math.min(blockBytes, stat.sizeBytes - start))
      if (!(await fill(file, block, start))) throw changed(path)
      return block
    }
    let next = blocks > 0 ? read(0) : null
    try {
      for (let index = 0, done = 0; next; index++) {
        if (options.signal?.aborted) throw new AppError('cancelled', `Storing ${path} was cancelled`, { path })
        const block = await next
        next = index + 1 < blocks ? read(index + 1) : null
        // heard of when it is awaited
        next?.catch(() => undefined)
        const hashing = blockDigest(block)
        whole.update(block)
        blockHashes.set(await hashing, index * hashBytes)
        done += block.length
        options.onProgress?.(done, stat.sizeBytes)
      }
    } finally {
      // the file is closed below: not under a read
      await next?.catch(() => undefined)
    }
    const after = await file.stat()
    if (after.sizeBytes !== stat.sizeBytes || after.modifiedMs !== stat.modifiedMs) throw changed(path)
    return { sizeBytes: stat.sizeBytes, blockBytes, sha256: whole.digest('hex'), blockHashes }
  } catch (error) {
    throw error instanceof AppError ? error : unreadable(path, error)
  } finally {
    await file.close()
  }
}

/** Fills `block` from `position`; false when the file ends before. */
async function fill(file: DiskFile, block: Buffer, position: number): Promise<boolean> {
  return (await file.read(block, position)) === block.length
}

/** The content of a local file again, block by block, for sending. Throws `changed-while-reading` when it got shorter. */
export async function* readFileBlocks(disk: Disk, path: string, manifest: Manifest): AsyncGenerator<Buffer> {
  const file = await disk.open(path, 'read').catch((error: unknown) => {
    throw unreadable(path, error)
  })
  try {
    for (let done = 0; done < manifest.sizeBytes;) {
      const block = Buffer.allocUnsafeSlow(Math.min(manifest.blockBytes, manifest.sizeBytes - done))
      if (!(await fill(file, block, done))) throw changed(path)
      done += block.length
      yield block
    }
  } finally {
    await file.close()
  }
}

function changed(path: string): AppError {
  return new AppError('changed-while-reading', `${path} changed while it was being stored; store it again when it is complete`, { path })
}
