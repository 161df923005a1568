/**
 * Contents that stopped coming in the middle, `unfinished/<sha256>`: what arrived waits for the next try, which checks every block of it.
 * Kept for a day, a few of them, and only as long as nothing else needs the room: so they are nowhere counted as used.
 */

import { join } from 'node:path'
import type { Disk } from './disk.ts'

/** Kept at most; more would be many stores that all broke, and all were given up. */
const keptMax = 8
/** Smaller files are sent again as fast as they are checked, in bytes. */
const unfinishedBytes = 8 * 1_048_576

export class Unfinished {
  readonly #disk: Disk
  readonly #folder: string
  readonly #worthBytes: number

  /**
   * @param folder made when it is needed
   * @param worthBytes what is smaller is not kept
   */
  constructor(disk: Disk, folder: string, worthBytes = unfinishedBytes) {
    this.#disk = disk
    this.#folder = folder
    this.#worthBytes = worthBytes
  }

  /** Moves the file at `path` here, or removes it when it is not worth keeping. */
  async put(path: string, sha256: string): Promise<void> {
    const stat = await this.#disk.stat(path)
    if (!stat || stat.sizeBytes < this.#worthBytes) return this.#disk.remove(path)
    await this.#disk.makeFolder(this.#folder)
    await this.#disk.rename(path, join(this.#folder, sha256))
    const kept = await this.#list()
    for (const { name } of kept.slice(0, Math.max(0, kept.length - keptMax))) await this.#disk.remove(join(this.#folder, name))
  }

  /** Moves what there is of a content to `path`; false when there is nothing. */
  async take(sha256: string, path: string): Promise<boolean> {
    const kept = join(this.#folder, sha256)
    if ((await this.#disk.stat(kept))?.kind !== 'file') return false
    await this.#disk.rename(kept, path)
    return true
  }

  /** Removes those that were last written before `unixMs`; all of them by default. */
  async drop(unixMs = Infinity): Promise<void> {
    for (const { name, modifiedMs } of await this.#list()) {
      if (modifiedMs < unixMs) await this.#disk.remove(join(this.#folder, name))
    }
  }

  /** Oldest first. */
  async #list(): Promise<{ readonly name: string; readonly modifiedMs: number }[]> {
    const found: { name: string; modifiedMs: number }[] = []
    for (const { name } of await this.#disk.list(this.#folder)) {
      found.push({ name, modifiedMs: (await this.#disk.stat(join(this.#folder, name)))?.modifiedMs ?? 0 })
    }
    return found.sort((a, b) => a.modifiedMs - b.modifiedMs)
  }
}
