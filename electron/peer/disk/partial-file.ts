/** A content on its way into the content store: verified block by block, visible under its hash only after `commit`. */

import type { Manifest } from '../protocol/manifest.ts'
import { BlockWriter } from './block-writer.ts'
import type { DiskFile } from './disk.ts'

/** What the store does at the end of a partial file. */
export interface PartialFileEnd {
  readonly wrote: (bytes: number) => void
  /** Puts the synced and closed file under its hash, durably. */
  readonly keep: () => Promise<void>
  /** Removes the file and gives its room back. */
  readonly discard: () => Promise<void>
  /** Lays the closed file aside for the next try, and gives its room back; absent: it is not worth keeping. */
  readonly layAside?: () => Promise<void>
}

export class PartialFile {
  readonly manifest: Manifest
  readonly #file: DiskFile
  readonly #writer: BlockWriter
  readonly #end: PartialFileEnd
  #state: 'open' | 'committing' | 'ended' = 'open'

  constructor(file: DiskFile, manifest: Manifest, end: PartialFileEnd) {
    this.manifest = manifest
    this.#file = file
    this.#writer = new BlockWriter(file, manifest, end.wrote)
    this.#end = end
  }

  /** One whole block at its place, verified and written when it resolves: AppError('corrupt'), after which other blocks may still come. */
  writeBlock(index: number, block: Uint8Array): Promise<void> {
    return this.#writer.writeBlock(index, block)
  }

  /** Takes over what an interrupted earlier try left in the file. */
  adopt(): Promise<void> {
    return this.#writer.adopt()
  }

  /** Takes over a file that was written and checked whole. */
  assumeWritten(): void {
    this.#writer.assumeWritten()
  }

  /** The bytes of a block that is here; to be given back with `releaseBlock`. */
  readBlock(index: number): Promise<Buffer> {
    return this.#writer.readBlock(index)
  }

  /** Indexes of the blocks that are not here yet, in order. */
  missingBlocks(): number[] {
    return this.#writer.missingBlocks()
  }

  /** All blocks here: durable under its hash once this resolves. Else it is given up and throws. */
  async commit(): Promise<void> {
    if (this.#state !== 'open') return
    this.#state = 'committing'
    try {
      await this.#writer.finish()
      await this.#file.close()
      await this.#end.keep()
      this.#state = 'ended'
    } catch (thrown) {
      this.#state = 'open'
      await this.abort()
      throw thrown
    }
  }

  /** Gives up: the bytes are removed, their room is free again. Harmless after `commit`. */
  abort(): Promise<void> {
    return this.#stop(() => this.#end.discard())
  }

  /** Stops for now: what is here stays, and the next one of the same content goes on from it. Harmless after `commit`. */
  suspend(): Promise<void> {
    return this.#stop(() => (this.#end.layAside ?? this.#end.discard)())
  }

  async #stop(end: () => Promise<void>): Promise<void> {
    if (this.#state !== 'open') return
    this.#state = 'ended'
    await this.#writer.stop()
    await this.#file.close().catch(() => undefined)
    await end()
  }
}
