/** How the shared folder hears of files: chokidar where the system has watches enough, a walk through the folder where not. */

import { basename, join } from 'node:path'
import { watch } from 'chokidar'
import type { Disk } from '../disk/disk.ts'
import type { FileState } from '../disk/stored-files.ts'

export interface FolderNews {
  /** A file is there, is new or has changed. */
  readonly onFile: (path: string, state: FileState) => void
  /** All that was there at the start has been told. */
  readonly onReady: () => void
  /** `outOfWatches`: the system has none left, nothing more will be heard of some files. */
  readonly onError: (error: Error, outOfWatches: boolean) => void
}

export interface FolderWatch {
  close(): Promise<void>
}

/** Begins to watch a folder; `ignored` is asked with base names. */
export type StartWatch = (folder: string, ignored: (baseName: string) => boolean, news: FolderNews) => FolderWatch

/** Folders within folders that are walked, so that a loop of mounts ends. */
const maxDepth = 64

/** The watch through chokidar: one system watch a file, links not followed. */
export const chokidarWatch: StartWatch = (folder, ignored, news) => {
  const watcher = watch(folder, {
    followSymlinks: false,
    alwaysStat: true,
    depth: maxDepth,
    // the folder itself is never ignored, whatever it is called
    ignored: (path) => path !== folder && ignored(basename(path)),
  })
  const onFile: (path: string, stats?: { isFile(): boolean; size: number; mtimeMs: number }) => void = (path, stats) => {
    if (stats?.isFile()) news.onFile(path, { sizeBytes: stats.size, modifiedMs: stats.mtimeMs })
  }
  watcher.on('add', onFile)
  watcher.on('change', onFile)
  watcher.on('ready', news.onReady)
  watcher.on('error', (thrown) => {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown))
    const code = 'code' in error ? error.code : ''
    news.onError(error, code === 'ENOSPC' || code === 'EMFILE')
  })
  return { close: () => watcher.close() }
}

export interface Walk {
  readonly folder: string
  readonly ignored: (baseName: string) => boolean
  /** Stops it between two files. */
  readonly stopped: () => boolean
}

/** Regular files in a folder and its folders, each with its state. Folders that cannot be read are stepped over. */
export async function* walkFolder(disk: Disk, walk: Walk): AsyncGenerator<{ path: string; state: FileState }> {
  const folders = [{ path: walk.folder, depth: 0 }]
  for (let next = folders.pop(); next && !walk.stopped(); next = folders.pop()) {
    const { path: folder, depth } = next
    const entries = await disk.list(folder).catch(() => [])
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (walk.stopped()) return
      if (walk.ignored(entry.name)) continue
      const path = join(folder, entry.name)
      if (entry.kind === 'folder' && depth < maxDepth) folders.push({ path, depth: depth + 1 })
      const stat = entry.kind === 'file' ? await disk.stat(path).catch(() => null) : null
      if (stat?.kind === 'file') yield { path, state: { sizeBytes: stat.sizeBytes, modifiedMs: stat.modifiedMs } }
    }
  }
}
