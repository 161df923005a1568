/**
 * A requested file on its way to where a person wants it: verified blocks in a hidden file beside the target, then renamed.
 * What an interrupted earlier try left there is taken over, block by block, as far as it is good: that is all the journal it needs.
 */

import { basename, dirname, extname, join } from 'node:path'
import { AppError } from '../../../shared/errors.ts'
import { limits } from '../protocol/limits.ts'
import type { Manifest } from '../protocol/manifest.ts'
import { BlockWriter } from './block-writer.ts'
import type { Disk, DiskFile } from './disk.ts'
import { cutToBytes } from './safe-name.ts'

export const partSuffix = '.ringdrop-part'
/** Names tried on a clash before giving up: `name (2)` to `name (9999)`. */
export const clashTries = 10_000

export interface DownloadOptions {
  /** True: what is at the target is replaced. False: the file becomes `name (2).ext` and so on. */
  readonly overwrite: boolean
}

/** Part files that downloads of this process write to on a disk, so that two of the same content do not share one. */
const partsInUse = new WeakMap<Disk, Set<string>>()

function inUseOn(disk: Disk): Set<string> {
  const inUse = partsInUse.get(disk) ?? new Set()
  partsInUse.set(disk, inUse)
  return inUse
}

export class DownloadFile {
  readonly manifest: Manifest
  readonly #disk: Disk
  readonly #target: string
  readonly #part: string
  readonly #overwrite: boolean
  readonly #file: DiskFile
  readonly #writer: BlockWriter
  #closed = false

  private constructor(opened: Opened) {
    this.manifest = opened.writer.manifest
    this.#disk = opened.disk
    this.#target = opened.target
    this.#part = opened.part
    this.#overwrite = opened.overwrite
    this.#file = opened.file
    this.#writer = opened.writer
  }

  /**
   * Opens the hidden file beside `targetPath`, making folders as needed. Blocks of an interrupted earlier try that are good are here at
   * once: see `missingBlocks`. The target's own name must be safe already (safe-name.ts).
   */
  // eslint-disable-next-line max-params -- where from, where to, what and how: an object would only hide that
  static async create(disk: Disk, targetPath: string, manifest: Manifest, options: DownloadOptions): Promise<DownloadFile> {
    await disk.makeFolder(dirname(targetPath))
    const inUse = inUseOn(disk)
    const part = claimPart(inUse, targetPath, manifest.sha256)
    try {
      const found = await disk.stat(part)
      if (found && found.sizeBytes > manifest.sizeBytes) await disk.remove(part)
      const file = await disk.open(part, 'write')
      const writer = new BlockWriter(file, manifest)
      if (found && found.sizeBytes > 0) await writer.adopt()
      return new DownloadFile({ disk, target: targetPath, part, overwrite: options.overwrite, file, writer })
    } catch (thrown) {
      inUse.delete(part)
      throw thrown
    }
  }

  /** Removes what a suspended download for the same target and content left, unless one goes on with it. */
  static async discard(disk: Disk, targetPath: string, manifest: Manifest): Promise<void> {
    const part = partPath(targetPath, manifest.sha256, 1)
    if (!inUseOn(disk).has(part)) await disk.remove(part)
  }

  /** Indexes of the blocks that are not here yet, in order. */
  missingBlocks(): number[] {
    return this.#writer.missingBlocks()
  }

  /** One whole block at its place, verified and written when it resolves: AppError('corrupt'), after which other blocks may still come. */
  writeBlock(index: number, block: Uint8Array): Promise<void> {
    return this.#writer.writeBlock(index, block)
  }

  /** All blocks here: synced, renamed, folder synced. Result: the path it got. */
  async commit(): Promise<string> {
    try {
      await this.#writer.finish()
      await this.#close()
      const path = await this.#place()
      await this.#disk.syncFolder(dirname(path))
      return path
    } catch (thrown) {
      await this.abort()
      throw thrown
    } finally {
      inUseOn(this.#disk).delete(this.#part)
    }
  }

  /** Gives up: nothing stays. */
  async abort(): Promise<void> {
    if (!inUseOn(this.#disk).has(this.#part)) return
    await this.#close()
    await this.#disk.remove(this.#part)
    inUseOn(this.#disk).delete(this.#part)
  }

  /** Stops for now: what is here stays, and the next `create` for the same target and content goes on from it. */
  async suspend(): Promise<void> {
    await this.#close()
    inUseOn(this.#disk).delete(this.#part)
  }

  async #close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#writer.stop()
    await this.#file.close()
  }

  async #place(): Promise<string> {
    if (this.#overwrite) {
      await this.#disk.rename(this.#part, this.#target)
      return this.#target
    }
    for (let number = 1; number <= clashTries; number++) {
      const path = clashPath(this.#target, number)
      try {
        await this.#disk.renameNew(this.#part, path)
        return path
      } catch (thrown) {
        if (!(thrown instanceof AppError) || thrown.code !== 'already-exists') throw thrown
      }
    }
    throw new AppError('already-exists', `Every name like ${this.#target} is taken`, { path: this.#target })
  }
}

interface Opened {
  readonly disk: Disk
  readonly target: string
  readonly part: string
  readonly overwrite: boolean
  readonly file: DiskFile
  readonly writer: BlockWriter
}

/** `photo.jpg`, `photo (2).jpg`, `photo (3).jpg`: the names tried in turn, each no longer than file systems take. */
export function clashPath(target: string, number: number): string {
  if (number === 1) return target
  const extension = extname(target)
  const mark = ` (${number})${extension}`
  const stem = basename(target, extension)
  return join(dirname(target), cutToBytes(stem, limits.nameSegmentBytes - Buffer.byteLength(mark)) + mark)
}

/** `.name.<hash>.ringdrop-part`, with a number where this process writes to it already. */
function claimPart(inUse: Set<string>, target: string, sha256: string): string {
  for (let number = 1; ; number++) {
    const part = partPath(target, sha256, number)
    if (inUse.has(part)) continue
    inUse.add(part)
    return part
  }
}

function partPath(target: string, sha256: string, number: number): string {
  const mark = `.${sha256.slice(0, 8)}${number === 1 ? '' : `-${number}`}${partSuffix}`
  return join(dirname(target), `.${cutToBytes(basename(target), limits.nameSegmentBytes - 1 - mark.length)}${mark}`)
}
