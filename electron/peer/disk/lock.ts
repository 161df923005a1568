/**
 * One process per data folder. LevelDB's lock does it: the system lets go of it however the process ends, kill -9 included, on every
 * platform, which a file with a process number in it cannot promise.
 */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../../shared/errors.ts'
import { openLevel } from './level.ts'

export interface FolderLock {
  release(): Promise<void>
}

/** Holds the data folder for this process: AppError('peer-running') when another has it, or this one already does. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, 'lock')
  const open = () => openLevel(path, () => Promise.resolve())
  const { store } = await open().catch(async (thrown: unknown) => {
    if (!(thrown instanceof AppError) || thrown.code !== 'corrupt') throw thrown
    // nothing is kept in it, so a damaged one is simply made anew
    await rm(path, { recursive: true, force: true })
    return open()
  })
  return { release: () => store.close() }
}
