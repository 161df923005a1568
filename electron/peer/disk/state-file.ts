/** A small state in JSON, written whole: temporary file, sync, rename, sync of the folder. A damaged one is moved aside, never fatal. */

import { dirname } from 'node:path'
import { AppError } from '../../../shared/errors.ts'
import type { Disk } from './disk.ts'

export interface StateRead<T> {
  readonly value: T | null
  /** What was wrong with the file, for a person; null when it was fine or not there. */
  readonly note: string | null
}

/** A state file longer than this is not read, in bytes: states are small, a huge one is not ours. */
const maxBytes = 64 * 1_048_576

export class StateFile<T> {
  readonly path: string
  readonly #disk: Disk
  readonly #check: (value: unknown) => T | null
  #writing: Promise<void> = Promise.resolve()

  /** @param check the value when it is a valid state, else null */
  constructor(disk: Disk, path: string, check: (value: unknown) => T | null) {
    this.#disk = disk
    this.path = path
    this.#check = check
  }

  /** The state, or null when there is none or it is damaged: then it lies in `<path>.bad`, and the note says so. */
  async read(): Promise<StateRead<T>> {
    const stat = await this.#disk.stat(this.path)
    if (stat === null) return { value: null, note: null }
    const value = stat.sizeBytes > maxBytes ? null : await this.#parse(stat.sizeBytes)
    if (value !== null) return { value, note: null }
    await this.#disk.rename(this.path, `${this.path}.bad`)
    return { value: null, note: `${this.path} was damaged: it was moved to ${this.path}.bad` }
  }

  /** Durable once it resolves; the old state stands until then. Writes follow one another. */
  write(value: T): Promise<void> {
    const text = JSON.stringify(value)
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#write(text))
    return this.#writing
  }

  async #write(text: string): Promise<void> {
    const folder = dirname(this.path)
    const temporary = `${this.path}.new`
    await this.#disk.makeFolder(folder)
    await this.#disk.remove(temporary)
    const file = await this.#disk.open(temporary, 'new')
    try {
      await file.write(new TextEncoder().encode(text), 0)
      await file.sync()
    } finally {
      await file.close()
    }
    await this.#disk.rename(temporary, this.path)
    await this.#disk.syncFolder(folder)
  }

  async #parse(sizeBytes: number): Promise<T | null> {
    const file = await this.#disk.open(this.path, 'read')
    try {
      const bytes = new Uint8Array(sizeBytes)
      await file.read(bytes, 0)
      const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
      return this.#check(value)
    } catch (thrown) {
      // unreadable is not damaged: moving it aside would lose a good state to a passing fault
      if (thrown instanceof AppError) throw thrown
      return null
    } finally {
      await file.close()
    }
  }
}
