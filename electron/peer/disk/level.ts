/** LevelDB as the port of sorted keys. Opening it: its lock tells another process apart from damage, and damage is repaired once. */

import { ClassicLevel } from 'classic-level'
import { AppError } from '../../../shared/errors.ts'
import { diskError } from './disk-error.ts'
import { nodeDisk } from './node-disk.ts'
import type { KeyRange, KeyValueStore, WriteOperation } from './key-value.ts'

/**
 * LevelDB maps its tables into memory, and what it read of them stays there as long as they are open: by default a thousand tables of 2 MB.
 * So few, so small ones are 64 MB at most; it opens others as it needs them. The number is the least it takes, of which ten are for itself.
 * What is asked for again and again is kept decoded beside it, not in its cache; what is written waits in two buffers, of 4 MB by default.
 */
const memoryOptions = { maxOpenFiles: 74, maxFileSize: 1_048_576, cacheSize: 1_048_576, writeBufferSize: 2 * 1_048_576 } as const

export interface OpenedLevel<T> {
  readonly store: KeyValueStore
  readonly loaded: T
  readonly repaired: boolean
}

/** Opens `folder` and runs `load` on it; what fails for another reason than the lock is repaired and tried once more. */
export async function openLevel<T>(folder: string, load: (store: KeyValueStore) => Promise<T>): Promise<OpenedLevel<T>> {
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

async function tryOpen<T>(folder: string, load: (store: KeyValueStore) => Promise<T>): Promise<{ store: KeyValueStore; loaded: T }> {
  const db = new ClassicLevel(folder, memoryOptions)
  try {
    await db.open()
    const store = new LevelStore(db)
    return { store, loaded: await load(store) }
  } catch (thrown) {
    await db.close()
    throw thrown
  }
}

class LevelStore implements KeyValueStore {
  readonly #db: ClassicLevel

  constructor(db: ClassicLevel) {
    this.#db = db
  }

  get location(): string {
    return this.#db.location
  }

  getSync(key: string): string | undefined {
    return this.#db.getSync(key)
  }

  getBytesSync(key: string): Uint8Array | undefined {
    return this.#db.getSync<string, Uint8Array>(key, { valueEncoding: 'buffer' })
  }

  async firstKeys(starts: readonly string[]): Promise<(string | undefined)[]> {
    const iterator = this.#db.keys()
    try {
      const found: (string | undefined)[] = []
      for (const start of starts) {
        iterator.seek(start)
        found.push(await iterator.next())
      }
      return found
    } finally {
      await iterator.close()
    }
  }

  async batch(operations: readonly WriteOperation[]): Promise<void> {
    try {
      const batch = this.#db.batch()
      for (const operation of operations) add(batch, operation)
      await batch.write({ sync: true })
    } catch (thrown) {
      throw levelError(thrown, this.#db.location)
    }
  }

  entries(range: KeyRange): AsyncIterable<[string, string]> {
    return this.#db.iterator(range)
  }

  keys(range: KeyRange): AsyncIterable<string> {
    return this.#db.keys(range)
  }

  close(): Promise<void> {
    return this.#db.close()
  }
}

/** Bytes are written as they are, and not as text. One by one: as an array, each operation costs an object and its look-ups. */
function add(batch: ReturnType<ClassicLevel['batch']>, operation: WriteOperation): void {
  if (operation.type === 'del') batch.del(operation.key)
  else if (typeof operation.value === 'string') batch.put(operation.key, operation.value)
  else batch.put<string, Uint8Array>(operation.key, operation.value, { valueEncoding: 'buffer' })
}

/** LevelDB passes the system's reason on as text only. */
function levelError(thrown: unknown, path: string): AppError {
  const full = /no space left on device|not enough space|disk quota exceeded/i.test(reason(thrown))
  return full ? new AppError('disk-full', `No room on the disk of ${path}`, { path }) : diskError(thrown, path)
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
