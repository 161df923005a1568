/** A disk whose syncs take virtual time, for one process: when that dies, what it waited for never comes. */

import type { Disk, DiskFile } from '../../electron/peer/disk/disk.ts'
import { readWhole, writeWhole } from '../fakes/whole-files.ts'

/** Resolves after a while of virtual time, if the process still lives. */
export type Pause = () => Promise<void>

export function slowDisk(disk: Disk, pause: Pause): Disk {
  const slow: Disk = {
    open: async (path, mode) => slowFile(await disk.open(path, mode), pause),
    rename: (from, to) => disk.rename(from, to),
    renameNew: (from, to) => disk.renameNew(from, to),
    remove: (path) => disk.remove(path),
    list: (folder) => disk.list(folder),
    stat: (path) => disk.stat(path),
    makeFolder: (folder) => disk.makeFolder(folder),
    syncFolder: async (folder) => {
      await pause()
      await disk.syncFolder(folder)
    },
    room: (folder) => disk.room(folder),
    clone: (from, to) => disk.clone(from, to),
    readWhole: (paths, limitBytes) => readWhole(slow, paths, limitBytes),
    writeWhole: (files) => writeWhole(slow, files),
  }
  return slow
}

function slowFile(file: DiskFile, pause: Pause): DiskFile {
  return {
    stat: () => file.stat(),
    read: (buffer, position) => file.read(buffer, position),
    write: (bytes, position) => file.write(bytes, position),
    sync: async () => {
      await pause()
      await file.sync()
    },
    close: () => file.close(),
  }
}
