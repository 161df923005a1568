/** A content in memory in the place of an open file: for contents so small that they are rows of the database. */

import type { DiskFile } from './disk.ts'

export class MemoryFile implements DiskFile {
  readonly bytes: Uint8Array
  #length: number

  private constructor(bytes: Uint8Array, length: number) {
    this.bytes = bytes
    this.#length = length
  }

  /** For a content that comes in. @param capacityBytes the most that is ever written */
  static empty(capacityBytes: number): MemoryFile {
    return new MemoryFile(Buffer.alloc(capacityBytes), 0)
  }

  /** For a content that is here. */
  static of(bytes: Uint8Array): MemoryFile {
    return new MemoryFile(bytes, bytes.length)
  }

  stat(): ReturnType<DiskFile['stat']> {
    return Promise.resolve({ kind: 'file', sizeBytes: this.#length, modifiedMs: 0 })
  }

  read(buffer: Uint8Array, position: number): Promise<number> {
    const part = this.bytes.subarray(position, Math.min(this.#length, position + buffer.length))
    buffer.set(part)
    return Promise.resolve(part.length)
  }

  write(bytes: Uint8Array, position: number): Promise<void> {
    this.bytes.set(bytes, position)
    this.#length = Math.max(this.#length, position + bytes.length)
    return Promise.resolve()
  }

  /** Nothing to do: whoever keeps the bytes makes them durable. */
  sync(): Promise<void> {
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
