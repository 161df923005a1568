/** Opening LevelDB: its lock tells another process apart from damage, and damage is repaired once. */

import { ClassicLevel } from 'classic-level'
import { AppError } from '../../../shared/errors.ts'
import { nodeDisk } from './disk.ts'

export interface OpenedLevel<T> {
  readonly db: ClassicLevel
  readonly loaded: T
  readonly repaired: boolean
}

/** Opens `folder` and runs `load` on it; what fails for another reason than the lock is repaired and tried once more. */
export async function openLevel<T>(folder: string, load: (db: ClassicLevel) => Promise<T>): Promise<OpenedLevel<T>> {
  await nodeDisk.makeFolder(folder)
  try {
    return { ...(await tryOpen(folder, load)), repaired: false }
  } catch (thrown) {
    if (isLocked(thrown)) throw running(folder)
  }
  try {
    await ClassicLevel.repair(folder)
    return { ...(await tryOpen(folder, load)), repaired: true }
  } catch (thrown) {
    if (isLocked(thrown)) throw running(folder)
    throw new AppError('corrupt', `The records in ${folder} are damaged and cannot be repaired: ${reason(thrown)}`, { folder })
  }
}

async function tryOpen<T>(folder: string, load: (db: ClassicLevel) => Promise<T>): Promise<{ db: ClassicLevel; loaded: T }> {
  const db = new ClassicLevel(folder)
  try {
    await db.open()
    return { db, loaded: await load(db) }
  } catch (thrown) {
    await db.close()
    throw thrown
  }
}

/** True when LevelDB said that another process, or another part of this one, has the folder open. */
export function isLocked(thrown: unknown): boolean {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if ('code' in error && error.code === 'LEVEL_LOCKED') return true
  }
  return false
}

function running(folder: string): AppError {
  return new AppError('peer-running', `Another process uses ${folder}`, { folder })
}

function reason(thrown: unknown): string {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown
  return cause instanceof Error ? cause.message : String(cause)
}
