/**
 * Contents on their way into the content store: in `partial/` while they come, in `unfinished/` once their sender is gone. What becomes
 * of those that came whole is the content store's business.
 */

import { join } from 'node:path'
import { AppError, passOver } from '../../../shared/errors.ts'
import type { Manifest } from '../protocol/manifest.ts'
import { releaseBlock } from './blocks.ts'
import type { Disk, DiskFile } from './disk.ts'
import { matchesManifest, readBlocks } from './hash-file.ts'
import { InFlight } from './in-flight.ts'
import { MemoryFile } from './memory-file.ts'
import { PartialFile } from './partial-file.ts'
import type { SmallContents } from './small-contents.ts'
import type { Reservation, Space } from './space.ts'
import { StagedContent, stagedKey } from './staged-content.ts'
import type { StagedPlace } from './staged-content.ts'
import { Unfinished } from './unfinished.ts'

const partialFolder = 'partial'
const unfinishedFolder = 'unfinished'
/** Blocks of a local file that are copied at the same time: one is read, one hashed, one written. */
const blocksAtOnce = 3

/** All that is known of a content before its hash is. */
export interface ContentSize {
  readonly sizeBytes: number
  readonly blockBytes: number
}

/** What comes, and the room that is held for it. */
export interface IncomingTarget {
  readonly manifest: Manifest
  readonly reservation: Reservation
}

export interface IncomingOptions {
  readonly space: Space
  /** Where small contents are kept; null = in files, as all others. */
  readonly small: SmallContents | null
  readonly unfinishedBytes: number | undefined
  /** Puts the closed and synced file at `path` under its hash, durably. */
  readonly keep: (path: string, target: IncomingTarget) => Promise<void>
}

export class IncomingContents {
  readonly #disk: Disk
  readonly #folder: string
  readonly #options: IncomingOptions
  readonly #unfinished: Unfinished
  /** Contents that wait for their manifest, by their `stagedKey`. */
  readonly #staged = new Map<string, StagedPlace>()
  #partials = 0

  /** @param folder the content store's */
  constructor(disk: Disk, folder: string, options: IncomingOptions) {
    this.#disk = disk
    this.#folder = folder
    this.#options = options
    this.#unfinished = new Unfinished(disk, join(folder, unfinishedFolder), options.unfinishedBytes)
  }

  /** Before anything comes: what a process that died had begun waits for its next try, or is removed. */
  async start(): Promise<void> {
    await this.#disk.makeFolder(join(this.#folder, partialFolder))
    for (const { name } of await this.#disk.list(join(this.#folder, partialFolder))) {
      const path = join(this.#folder, partialFolder, name)
      const [, sha256] = /^([0-9a-f]{64})\.\d+$/.exec(name) ?? []
      await (sha256 === undefined ? this.#disk.remove(path) : this.#unfinished.put(path, sha256))
    }
  }

  /** A path that nobody uses, on the disk of the content store. */
  newPath(name: string): string {
    return join(this.#folder, partialFolder, `${name}.${++this.#partials}`)
  }

  /**
   * A place for a content that comes in, with what an interrupted earlier try left of it. Room is reserved first: AppError('disk-full')
   * when it does not fit.
   */
  async create(manifest: Manifest): Promise<PartialFile> {
    const key = stagedKey(manifest.blockHashes)
    const staged = this.#staged.get(key)
    if (!staged) return this.#openPartial({ manifest, reservation: await this.#reserve(manifest.sizeBytes) }, true)
    this.#staged.delete(key)
    const { path, reservation } = staged
    try {
      const partial = this.#partialAt(path, await this.#disk.open(path, 'write'), { manifest, reservation })
      partial.assumeWritten()
      return partial
    } catch (thrown) {
      reservation.release()
      throw thrown
    }
  }

  /** A place for a content whose manifest is not known yet; `create` finds it then. AppError('disk-full') when it does not fit. */
  async stage(size: ContentSize): Promise<StagedContent> {
    const reservation = await this.#reserve(size.sizeBytes)
    const path = this.newPath('staged')
    const file = await this.#disk.open(path, 'new').catch((thrown: unknown) => {
      reservation.release()
      throw thrown
    })
    const place = { path, reservation }
    const discard = async (): Promise<void> => {
      reservation.release()
      await this.#disk.remove(path)
    }
    const keep = (key: string): void => {
      // the same once more: the earlier one will do
      if (this.#staged.has(key)) void discard().catch(() => undefined)
      else this.#staged.set(key, place)
    }
    return new StagedContent(file, size, { ...place, keep, discard })
  }

  /** Removes a staged content that nobody brought a manifest for; none is no error. */
  async dropStaged(key: string): Promise<void> {
    const staged = this.#staged.get(key)
    if (!staged) return
    this.#staged.delete(key)
    staged.reservation.release()
    await this.#disk.remove(staged.path)
  }

  /** Removes what stopped coming before `unixMs` and was not tried again. */
  dropUnfinished(unixMs: number): Promise<void> {
    return this.#unfinished.drop(unixMs)
  }

  async #reserve(sizeBytes: number): Promise<Reservation> {
    try {
      return await this.#options.space.reserve(sizeBytes)
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown.code !== 'disk-full') throw thrown
      await this.#unfinished.drop()
      return this.#options.space.reserve(sizeBytes)
    }
  }

  /**
   * A local file whose manifest was just built becomes a copy: a clone where the file system can, else copied; verified either way,
   * because the file may change meanwhile: AppError('changed-while-reading'). Stopped by `signal`: AppError('cancelled').
   */
  async importFile(path: string, manifest: Manifest, signal?: AbortSignal): Promise<void> {
    const reservation = await this.#reserve(manifest.sizeBytes)
    try {
      // a clone would be a file
      if (!this.#options.small?.fits(manifest) && (await this.#importClone(path, { manifest, reservation }, signal))) return
    } catch (thrown) {
      reservation.release()
      throw asImportError(thrown, path)
    }
    const partial = await this.#openPartial({ manifest, reservation }, false)
    try {
      await this.#copyInto(partial, path, signal)
      await partial.commit()
    } catch (thrown) {
      await partial.abort()
      throw asImportError(thrown, path)
    }
  }

  async #importClone(path: string, target: IncomingTarget, signal: AbortSignal | undefined): Promise<boolean> {
    const partialPath = this.newPath(target.manifest.sha256)
    if (target.manifest.sizeBytes === 0 || !(await this.#disk.clone(path, partialPath))) return false
    try {
      const file = await this.#disk.open(partialPath, 'write')
      try {
        if (!(await matchesManifest(file, target.manifest, signal))) throw new AppError('corrupt', 'The file changed', { path })
        await file.sync()
      } finally {
        await file.close()
      }
      await this.#keep(partialPath, target)
      return true
    } catch (thrown) {
      await this.#disk.remove(partialPath)
      throw thrown
    }
  }

  async #copyInto(partial: PartialFile, path: string, signal: AbortSignal | undefined): Promise<void> {
    const source = await this.#disk.open(path, 'read')
    try {
      const writing = new InFlight(blocksAtOnce)
      const missing = partial.missingBlocks()
      let taken = 0
      try {
        for await (const block of readBlocks(source, partial.manifest, missing)) {
          if (signal?.aborted) throw new AppError('cancelled', 'Stopped')
          await writing.add(partial.writeBlock(missing[taken++] ?? 0, block).finally(() => releaseBlock(block)))
        }
        await writing.end()
      } finally {
        await writing.settled()
      }
      if ((await source.read(new Uint8Array(1), partial.manifest.sizeBytes)) > 0) throw new AppError('corrupt', 'The file grew')
    } finally {
      await source.close()
    }
  }

  /** A small content waits in memory, and becomes a row once it is complete. */
  #smallPartial(small: SmallContents, { manifest, reservation }: IncomingTarget): PartialFile {
    const file = MemoryFile.empty(manifest.sizeBytes)
    return new PartialFile(file, manifest, {
      wrote: () => undefined,
      keep: () => small.put(manifest, file.bytes, reservation),
      discard: () => {
        reservation.release()
        return Promise.resolve()
      },
    })
  }

  async #openPartial(target: IncomingTarget, mayResume: boolean): Promise<PartialFile> {
    const { small } = this.#options
    if (small?.fits(target.manifest)) return this.#smallPartial(small, target)
    const { sha256 } = target.manifest
    const path = this.newPath(sha256)
    try {
      const isBegun = mayResume && (await this.#unfinished.take(sha256, path))
      const partial = this.#partialAt(path, await this.#disk.open(path, isBegun ? 'write' : 'new'), target)
      if (isBegun) await adopted(partial)
      return partial
    } catch (thrown) {
      target.reservation.release()
      throw thrown
    }
  }

  /** What still waits for the manifest of this content waits for nothing: its room is free again. */
  async #keep(path: string, target: IncomingTarget): Promise<void> {
    await this.#options.keep(path, target)
    // what cannot be removed now is removed at the next start
    await this.dropStaged(stagedKey(target.manifest.blockHashes)).catch(passOver)
  }

  #partialAt(path: string, file: DiskFile, target: IncomingTarget): PartialFile {
    const { manifest, reservation } = target
    return new PartialFile(file, manifest, {
      wrote: (bytes) => {
        reservation.wrote(bytes)
      },
      keep: () => this.#keep(path, target),
      discard: async () => {
        reservation.release()
        await this.#disk.remove(path)
      },
      layAside: async () => {
        reservation.release()
        await this.#unfinished.put(path, manifest.sha256)
      },
    })
  }
}

/** What cannot be read any more is not gone on with. */
async function adopted(partial: PartialFile): Promise<void> {
  try {
    await partial.adopt()
  } catch (thrown) {
    await partial.abort()
    throw thrown
  }
}

/** The source's own fault: what does not match was changed between building the manifest and reading again. */
function asImportError(thrown: unknown, path: string): unknown {
  if (!(thrown instanceof AppError) || (thrown.code !== 'corrupt' && thrown.code !== 'not-found')) return thrown
  return new AppError('changed-while-reading', `The file changed while it was being stored: ${path}`, { path })
}
