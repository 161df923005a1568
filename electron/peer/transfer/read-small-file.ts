/** Small local files in one go: its bytes, its manifest, and the certainty that it did not change meanwhile. */

import { AppError } from '../../../shared/errors.ts'
import type { Disk } from '../disk/disk.ts'
import { limits } from '../protocol/limits.ts'
import type { Manifest } from '../protocol/manifest.ts'
import { changed } from './build-manifest.ts'
import { unreadable } from './file-errors.ts'
import { oneBlockManifest } from './pack-body.ts'

export interface ReadFile {
  readonly manifest: Manifest
  readonly bytes: Uint8Array
}

/** Files of which many are open at once, where the disk reads them one by one. */
const readsAtOnce = 16

/** As `readSmallFile` for each of many, in their order; what it would throw is the outcome of that file. */
export async function readSmallFiles(disk: Disk, paths: readonly string[], blockBytes: number): Promise<(ReadFile | AppError | null)[]> {
  if (disk.readWhole) {
    const files = await disk.readWhole(paths, Math.min(limits.packedFileBytes, blockBytes))
    return files.map((file, index) => {
      const path = paths[index] ?? ''
      if (file instanceof AppError) return unreadable(path, file)
      if (file === 'changed') return changed(path)
      return file && { manifest: oneBlockManifest(file.bytes, blockBytes, file.sha256), bytes: file.bytes }
    })
  }
  const outcomes: (ReadFile | AppError | null)[] = []
  let next = 0
  const work = async (): Promise<void> => {
    for (let index = next++; index < paths.length; index = next++) {
      outcomes[index] = await readSmallFile(disk, paths[index] ?? '', blockBytes).catch((error: unknown) => {
        if (error instanceof AppError) return error
        throw error
      })
    }
  }
  await Promise.all(Array.from({ length: readsAtOnce }, work))
  return outcomes
}

/**
 * Null when the file is none for a pack: too large, or no regular file. Throws `file-unreadable`, and `changed-while-reading` as
 * `buildManifest` does.
 */
export async function readSmallFile(disk: Disk, path: string, blockBytes: number): Promise<ReadFile | null> {
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
