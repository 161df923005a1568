/**
 * Many small files on their way to where a person wants them, bytes verified and in memory: each whole in a hidden file beside its target,
 * synced, then renamed, as a single one (download-file.ts); the folders are synced once for all of them.
 */

import { basename, dirname, join } from 'node:path'
import { AppError } from '../../../shared/errors.ts'
import type { Disk, DiskFile } from './disk.ts'
import { clashPath, clashTries, partSuffix } from './download-file.ts'
import { cutToBytes } from './safe-name.ts'
import { limits } from '../protocol/limits.ts'

export interface SmallDownload {
  /** The wanted path; what is there stays, and the file becomes `name (2)`. */
  readonly target: string
  readonly bytes: Uint8Array
}

/** Files written at once: as many as the system's threads keep busy, and some that wait for the disk. */
const writesAtOnce = 16

/** Hidden files of this process get a number each, so that no two share one. */
let parts = 0

/** Result: for each file the path it got, or why it is not there. Durable once it resolves. */
export async function writeSmallDownloads(disk: Disk, files: readonly SmallDownload[]): Promise<(string | AppError)[]> {
  const made = new Map<string, Promise<void>>()
  const outcomes: (string | AppError)[] = []
  let next = 0
  const work = async (): Promise<void> => {
    for (let index = next++; index < files.length; index = next++) {
      const file = files[index]
      if (file) outcomes[index] = await asOutcome(writeOne(disk, file, made))
    }
  }
  await Promise.all(Array.from({ length: writesAtOnce }, work))
  const unsynced = new Map<string, AppError>()
  for (const folder of made.keys()) {
    const outcome = await asOutcome(disk.syncFolder(folder).then(() => ''))
    if (outcome instanceof AppError) unsynced.set(folder, outcome)
  }
  return outcomes.map((outcome) => (typeof outcome === 'string' ? (unsynced.get(dirname(outcome)) ?? outcome) : outcome))
}

async function writeOne(disk: Disk, { target, bytes }: SmallDownload, made: Map<string, Promise<void>>): Promise<string> {
  const folder = dirname(target)
  const ready = made.get(folder) ?? disk.makeFolder(folder)
  made.set(folder, ready)
  await ready
  const part = partOf(target)
  try {
    const file = await openNew(disk, part)
    try {
      await file.write(bytes, 0)
      await file.sync()
    } finally {
      await file.close()
    }
    return await place(disk, part, target)
  } catch (thrown) {
    await disk.remove(part)
    throw thrown
  }
}

/** What lies there is of a process that ended in the middle. */
async function openNew(disk: Disk, part: string): Promise<DiskFile> {
  try {
    return await disk.open(part, 'new')
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code !== 'already-exists') throw thrown
    await disk.remove(part)
    return disk.open(part, 'new')
  }
}

async function place(disk: Disk, part: string, target: string): Promise<string> {
  for (let number = 1; number <= clashTries; number++) {
    const path = clashPath(target, number)
    try {
      await disk.renameNew(part, path)
      return path
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown.code !== 'already-exists') throw thrown
    }
  }
  throw new AppError('already-exists', `Every name like ${target} is taken`, { path: target })
}

function partOf(target: string): string {
  const mark = `.s${++parts}${partSuffix}`
  return join(dirname(target), `.${cutToBytes(basename(target), limits.nameSegmentBytes - 1 - mark.length)}${mark}`)
}

async function asOutcome(work: Promise<string>): Promise<string | AppError> {
  try {
    return await work
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code !== 'internal') return thrown
    throw thrown
  }
}
