/** Small local files in one go: their bytes, their manifests, and the certainty that none changed meanwhile. */

import { AppError } from '../../../shared/errors.ts'
import type { Disk } from '../disk/disk.ts'
import { limits } from '../protocol/limits.ts'
import type { Manifest } from '../protocol/manifest.ts'
import { changed } from './build-manifest.ts'
import { unreadable } from './file-errors.ts'
import { oneBlockManifest } from './pack-body.ts'

/** A local file that was read whole, small enough for a pack. */
export interface ReadFile {
  readonly manifest: Manifest
  readonly bytes: Uint8Array
}

export interface ReadFiles {
  /**
   * For each path: the file; null when it is none for a pack, too large or no regular file; or why it cannot be read: `file-unreadable`, and
   * `changed-while-reading` as by `buildManifest`.
   */
  readonly files: readonly (ReadFile | null | AppError)[]
  /** As of `WholeFiles`. */
  readonly release: () => void
}

export async function readSmallFiles(disk: Disk, paths: readonly string[], blockBytes: number): Promise<ReadFiles> {
  const { files, release } = await disk.readWhole(paths, Math.min(limits.packedFileBytes, blockBytes))
  const read = files.map((file, index): ReadFile | null | AppError => {
    const path = paths[index] ?? ''
    if (file === null) return null
    if (file instanceof AppError) return file.code === 'changed-while-reading' ? changed(path) : unreadable(path, file)
    return { manifest: oneBlockManifest(file.bytes, blockBytes, file.sha256), bytes: file.bytes }
  })
  return { files: read, release }
}
