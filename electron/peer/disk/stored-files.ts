/**
 * What the shared folder has stored already, by name, size and time of change, so that a restart does not store everything again.
 * A line is appended for each file and the whole is written anew when most lines are stale. Not synced: a lost line costs one more
 * store of the same version, which changes nothing.
 */

import { dirname } from 'node:path'
import type { Disk, DiskFile } from './disk.ts'

export interface FileState {
  readonly sizeBytes: number
  readonly modifiedMs: number
}

/** Lines more than files before the file is written anew. */
const staleLines = 1_000

export class StoredFiles {
  readonly #disk: Disk
  readonly #path: string
  readonly #files = new Map<string, FileState>()
  #file: DiskFile | null = null
  #endBytes = 0
  #lines = 0
  #queue = ''
  #writing: Promise<void> = Promise.resolve()

  private constructor(disk: Disk, path: string) {
    this.#disk = disk
    this.#path = path
  }

  /** Opens the file at `path`; lines that cannot be read are as if they had never been written. */
  static async open(disk: Disk, path: string): Promise<StoredFiles> {
    const stored = new StoredFiles(disk, path)
    await disk.makeFolder(dirname(path))
    const size = (await disk.stat(path))?.sizeBytes ?? 0
    const file = await disk.open(path, 'write')
    const bytes = new Uint8Array(size)
    await file.read(bytes, 0)
    const lines = new TextDecoder().decode(bytes).split('\n')
    for (const line of lines) stored.#take(line)
    stored.#file = file
    stored.#endBytes = size
    stored.#lines = lines.length
    // a torn last line must not swallow the next one
    if (size > 0 && bytes[size - 1] !== 0x0a) stored.#append('\n')
    if (stored.#isStale()) await stored.#rewrite()
    return stored
  }

  /** True when exactly this state was stored. */
  has(name: string, state: FileState): boolean {
    const known = this.#files.get(name)
    return known !== undefined && known.sizeBytes === state.sizeBytes && known.modifiedMs === state.modifiedMs
  }

  add(name: string, state: FileState): void {
    if (this.has(name, state)) return
    this.#files.set(name, state)
    this.#lines++
    this.#append(lineOf(name, state))
  }

  /** Writes what is waiting, and no more after it. */
  async close(): Promise<void> {
    await this.#writing
    await this.#file?.close()
    this.#file = null
  }

  #append(text: string): void {
    const first = this.#queue === ''
    this.#queue += text
    if (!first) return
    // lines that come in the same moment are one write; a full disk loses only the memory of them
    this.#writing = this.#writing.then(() => this.#flush()).catch(() => undefined)
  }

  async #flush(): Promise<void> {
    const bytes = new TextEncoder().encode(this.#queue)
    this.#queue = ''
    const at = this.#endBytes
    this.#endBytes += bytes.length
    await this.#file?.write(bytes, at)
  }

  async #rewrite(): Promise<void> {
    const temporary = `${this.#path}.new`
    await this.#disk.remove(temporary)
    const file = await this.#disk.open(temporary, 'new')
    const bytes = new TextEncoder().encode([...this.#files].map(([name, state]) => lineOf(name, state)).join(''))
    await file.write(bytes, 0)
    await file.sync()
    await this.#file?.close()
    await this.#disk.rename(temporary, this.#path)
    this.#file = file
    this.#endBytes = bytes.length
    this.#lines = this.#files.size
  }

  #isStale(): boolean {
    return this.#lines > this.#files.size * 2 + staleLines
  }

  #take(line: string): void {
    try {
      const value: unknown = JSON.parse(line)
      if (!Array.isArray(value)) return
      const [name, sizeBytes, modifiedMs] = value as unknown[]
      if (typeof name === 'string' && typeof sizeBytes === 'number' && typeof modifiedMs === 'number') {
        this.#files.set(name, { sizeBytes, modifiedMs })
      }
    } catch {
      // torn or damaged: the file is stored once more
    }
  }
}

function lineOf(name: string, state: FileState): string {
  return `${JSON.stringify([name, state.sizeBytes, state.modifiedMs])}\n`
}
