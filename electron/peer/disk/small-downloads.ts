/**
 * Many small files on their way to where a person wants them, bytes verified and in memory: each whole in a hidden file beside its target,
 * synced, then renamed, as a single one (download-file.ts); the folders are synced once for all of them.
 */

import { basename, dirname, join } from 'node:path'
import { AppError } from '../../../shared/errors.ts'
import type { Disk } from './disk.ts'
import { clashPath, clashTries, partSuffix } from './download-file.ts'
import { cutToBytes } from './safe-name.ts'
import { limits } from '../protocol/limits.ts'

export interface SmallDownload {
  /** The wanted path; what is there stays, and the file becomes `name (2)`. */
  readonly target: string
  readonly bytes: Uint8Array
}

/** Hidden files of this process get a number each, so that no two share one. */
let parts = 0

/** Result: for each file the path it got, or why it is not there. Durable once it resolves. */
export async function writeSmallDownloads(disk: Disk, files: readonly SmallDownload[]): Promise<(string | AppError)[]> {
  const folders = [...new Set(files.map(({ target }) => dirname(target)))]
  const made = await forEach(folders, (folder) => disk.makeFolder(folder))
  const outcomes = files.map(({ target }): string | AppError => made.get(dirname(target)) ?? target)
  await writeAll(disk, files, outcomes)
  const synced = await forEach(
    folders.filter((folder) => !made.has(folder)),
    (folder) => disk.syncFolder(folder),
  )
  return outcomes.map((outcome) => (typeof outcome === 'string' ? (synced.get(dirname(outcome)) ?? outcome) : outcome))
}

/** Each under the first of its names that is free: `outcomes` has the path of each, or why it cannot be, and gets what became of it. */
async function writeAll(disk: Disk, files: readonly SmallDownload[], outcomes: (string | AppError)[]): Promise<void> {
  let waiting = [...files.keys()].filter((index) => typeof outcomes[index] === 'string')
  for (let number = 1; waiting.length > 0; number++) {
    const written = await disk.writeWhole(
      waiting.map((index) => {
        const { target, bytes } = files[index] as SmallDownload
        return { path: clashPath(target, number), part: partOf(target), bytes }
      }),
    )
    const isTaken = new Set<number>()
    for (const [at, index] of waiting.entries()) {
      const { target } = files[index] as SmallDownload
      const failure = written[at] ?? null
      if (failure?.code !== 'already-exists') outcomes[index] = failure ?? clashPath(target, number)
      else if (number < clashTries) isTaken.add(index)
      else outcomes[index] = new AppError('already-exists', `Every name like ${target} is taken`, { path: target })
    }
    waiting = waiting.filter((index) => isTaken.has(index))
  }
}

function partOf(target: string): string {
  const mark = `.s${++parts}${partSuffix}`
  return join(dirname(target), `.${cutToBytes(basename(target), limits.nameSegmentBytes - 1 - mark.length)}${mark}`)
}

/** Does `work` for each folder. Result: those for which it failed, and why. Throws what is a defect. */
async function forEach(folders: readonly string[], work: (folder: string) => Promise<void>): Promise<Map<string, AppError>> {
  const failed = new Map<string, AppError>()
  for (const folder of folders) {
    try {
      await work(folder)
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown.code === 'internal') throw thrown
      failed.set(folder, thrown)
    }
  }
  return failed
}
