/** A small local file in one go: its bytes, its manifest, and the certainty that it did not change meanwhile. */

import { AppError } from '../../../shared/errors.ts'
import type { Disk } from '../disk/disk.ts'
import { limits } from '../protocol/limits.ts'
import type { Manifest } from '../protocol/manifest.ts'
import { changed } from './build-manifest.ts'
import { unreadable } from './file-errors.ts'
import { oneBlockManifest } from './pack-body.ts'

/**
 * Null when the file is none for a pack: too large, or no regular file. Throws `file-unreadable`, and `changed-while-reading` as
 * `buildManifest` does.
 */
export async function readSmallFile(
  disk: Disk,
  path: string,
  blockBytes: number,
): Promise<{ readonly manifest: Manifest; readonly bytes: Uint8Array } | null> {
  const file = await disk.open(path, 'read').catch((error: unknown) => {
    throw unreadable(path, error)
  })
  try {
    const stat = await file.stat()
    if (stat.kind !== 'file' || stat.sizeBytes > Math.min(limits.packedFileBytes, blockBytes)) return null
    const bytes = Buffer.allocUnsafe(stat.sizeBytes)
    const count = await file.read(bytes, 0)
    const after = await file.stat()
    if (count !== stat.sizeBytes || after.sizeBytes !== stat.sizeBytes || after.modifiedMs !== stat.modifiedMs) throw changed(path)
    return { manifest: oneBlockManifest(bytes, blockBytes), bytes }
  } catch (error) {
    throw error instanceof AppError ? error : unreadable(path, error)
  } finally {
    await file.close()
  }
}
