/** The disk as Node knows it. */

import { constants, type Stats } from 'node:fs'
import { copyFile, link, lstat, mkdir, open, readdir, rename, rm, statfs, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Disk, DiskFile, DiskStat, EntryKind } from './disk.ts'
import { diskError, errorCode } from './disk-error.ts'
import { readWhole, writeWhole } from './file-thread.ts'

async function guarded<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (thrown) {
    throw diskError(thrown, path)
  }
}

class NodeFile implements DiskFile {
  readonly #handle: FileHandle
  readonly #path: string

  constructor(handle: FileHandle, path: string) {
    this.#handle = handle
    this.#path = path
  }

  async stat(): Promise<DiskStat> {
    return statOf(await guarded(this.#path, this.#handle.stat()))
  }

  async read(buffer: Uint8Array, position: number): Promise<number> {
    let done = 0
    while (done < buffer.length) {
      const { bytesRead } = await guarded(this.#path, this.#handle.read(buffer, done, buffer.length - done, position + done))
      if (bytesRead === 0) break
      done += bytesRead
    }
    return done
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    let done = 0
    while (done < bytes.length) {
      const { bytesWritten } = await guarded(this.#path, this.#handle.write(bytes, done, bytes.length - done, position + done))
      done += bytesWritten
    }
  }

  sync(): Promise<void> {
    return guarded(this.#path, this.#handle.sync())
  }

  close(): Promise<void> {
    return guarded(this.#path, this.#handle.close())
  }
}

const flags = {
  read: constants.O_RDONLY,
  write: constants.O_RDWR | constants.O_CREAT,
  new: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
}

/** The disk through Node's fs. */
export const nodeDisk: Disk = {
  async open(path, mode) {
    return new NodeFile(await guarded(path, open(path, flags[mode])), path)
  },

  rename(from, to) {
    return guarded(to, rename(from, to))
  },

  async renameNew(from, to) {
    try {
      await link(from, to)
    } catch (thrown) {
      if (errorCode(thrown) === 'EEXIST') throw diskError(thrown, to)
      await renameOverPlaceholder(from, to)
      return
    }
    await guarded(from, unlink(from))
  },

  remove(path) {
    return guarded(path, rm(path, { force: true }))
  },

  async list(folder) {
    try {
      const entries = await readdir(folder, { withFileTypes: true })
      return entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }))
    } catch (thrown) {
      if (errorCode(thrown) === 'ENOENT') return []
      throw diskError(thrown, folder)
    }
  },

  async stat(path) {
    try {
      return statOf(await lstat(path))
    } catch (thrown) {
      if (errorCode(thrown) === 'ENOENT' || errorCode(thrown) === 'ENOTDIR') return null
      throw diskError(thrown, path)
    }
  },

  async makeFolder(folder) {
    const first = await guarded(folder, mkdir(folder, { recursive: true }))
    if (first === undefined) return
    for (let made = folder; made.length >= first.length && made !== dirname(made); made = dirname(made)) {
      await nodeDisk.syncFolder(dirname(made))
    }
  },

  async syncFolder(folder) {
    // Windows cannot open a folder for syncing; its journal orders the rename after the file's own flush
    if (process.platform === 'win32') return
    const handle = await guarded(folder, open(folder, constants.O_RDONLY))
    try {
      await guarded(folder, handle.sync())
    } finally {
      await handle.close()
    }
  },

  async room(folder) {
    const stats = await guarded(folder, statfs(folder))
    return { freeBytes: stats.bavail * stats.bsize, totalBytes: stats.blocks * stats.bsize }
  },

  async clone(from, to) {
    try {
      await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL)
      return true
    } catch (thrown) {
      if (errorCode(thrown) === 'ENOENT' || errorCode(thrown) === 'EACCES' || errorCode(thrown) === 'EEXIST') throw diskError(thrown, from)
      await rm(to, { force: true })
      return false
    }
  },

  readWhole,
  writeWhole,
}

function statOf(stats: Stats): DiskStat {
  return { kind: kindOf(stats), sizeBytes: stats.size, modifiedMs: stats.mtimeMs }
}

function kindOf(entry: { isFile(): boolean; isDirectory(): boolean }): EntryKind {
  return entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : 'other'
}

/** For file systems without hard links (FAT): an empty file of ours claims the name, then gives way. */
async function renameOverPlaceholder(from: string, to: string): Promise<void> {
  const claim = await nodeDisk.open(to, 'new')
  await claim.close()
  try {
    await rename(from, to)
  } catch (thrown) {
    await rm(to, { force: true })
    throw diskError(thrown, to)
  }
}
