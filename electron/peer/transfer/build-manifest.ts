/** One pass over a local file: its block hashes, its whole hash, and what it was at that moment. */

import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { AppError } from '../../../shared/errors.ts'
import { blockDigest } from '../disk/block-writer.ts'
import { limits } from '../protocol/limits.ts'
import { blockCount, defaultBlockBytes, hashBytes, type Manifest } from '../protocol/manifest.ts'
import { unreadable } from './file-errors.ts'

export interface BuildOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void
}

/**
 * Reads the whole file once. Throws `file-unreadable` when it is not a readable regular file, `changed-while-reading` when
 * its size changes meanwhile, `cancelled`.
 */
export async function buildManifest(path: string, options: BuildOptions = {}): Promise<Manifest> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw unreadable(path, error)
  })
  try {
    const stat = await file.stat()
    if (!stat.isFile()) throw new AppError('file-unreadable', `${path} is not a regular file`, { path })
    if (stat.size > limits.fileBytes) throw new AppError('file-unreadable', `${path} is larger than 2 TiB`, { path })
    const blocks = blockCount(stat.size, defaultBlockBytes)
    const blockHashes = new Uint8Array(blocks * hashBytes)
    const whole = createHash('sha256')
    // three things at once: a block is read while the one before it is hashed twice, its own hash on another thread
    const buffers = [0, 1].map(() => Buffer.allocUnsafe(Math.min(defaultBlockBytes, Math.max(1, stat.size))))
    const read = async (index: number): Promise<Buffer> => {
      const start = index * defaultBlockBytes
      const block = (buffers[index % 2] as Buffer).subarray(0, Math.min(defaultBlockBytes, stat.size - start))
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
        options.onProgress?.(done, stat.size)
      }
    } finally {
      // the file is closed below: not under a read
      await next?.catch(() => undefined)
    }
    const after = await file.stat()
    if (after.size !== stat.size || after.mtimeMs !== stat.mtimeMs) throw changed(path)
    return { sizeBytes: stat.size, blockBytes: defaultBlockBytes, sha256: whole.digest('hex'), blockHashes }
  } catch (error) {
    throw error instanceof AppError ? error : unreadable(path, error)
  } finally {
    await file.close()
  }
}

interface Readable {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>
}

/** Fills `block` from `position`; false when the file ends before. */
async function fill(file: Readable, block: Buffer, position: number): Promise<boolean> {
  for (let filled = 0; filled < block.length;) {
    const { bytesRead } = await file.read(block, filled, block.length - filled, position + filled)
    if (bytesRead === 0) return false
    filled += bytesRead
  }
  return true
}

/** The content of a local file again, block by block, for sending. Throws `changed-while-reading` when it got shorter. */
export async function* readFileBlocks(path: string, manifest: Manifest): AsyncGenerator<Buffer> {
  const file = await open(path, 'r').catch((error: unknown) => {
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
