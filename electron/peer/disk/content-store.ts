/**
 * The bytes of the copies kept here, by their whole SHA-256: `ab/abcdef…` and `ab/abcdef….manifest` beside it. A content of one
 * block has no manifest file: its block hash is its name. What is still coming lies beside them (incoming-contents.ts). Small contents lie
 * together instead (small-contents.ts); where bytes lie is nobody's business but theirs.
 * Invariant: a file under its hash was complete, verified and synced before it got there (held by compliance and crash tests).
 */

import { join } from 'node:path'
import { AppError } from '../../../shared/errors.ts'
import { decodeManifest, defaultBlockBytes, encodeManifest } from '../protocol/manifest.ts'
import type { Manifest } from '../protocol/manifest.ts'
import { limits } from '../protocol/limits.ts'
import type { Disk, DiskFile } from './disk.ts'
import { manifestOf, matchesManifest, readBlocks, readChunks } from './hash-file.ts'
import type { ReadableFile } from './hash-file.ts'
import { IncomingContents } from './incoming-contents.ts'
import type { ContentSize, IncomingTarget } from './incoming-contents.ts'
import { MemoryFile } from './memory-file.ts'
import type { PartialFile } from './partial-file.ts'
import { manifestOfBytes } from './small-contents.ts'
import type { Placement, SmallContents } from './small-contents.ts'
import { Space } from './space.ts'
import type { StagedContent } from './staged-content.ts'

const manifestSuffix = '.manifest'

export interface ContentStoreOptions {
  /** What may be used; absent = half of what is free on the disk of the folder. */
  readonly space?: Space
  /** Default 1 MiB. */
  readonly blockBytes?: number
  /** Where small contents are kept; absent = in files, as all others. */
  readonly small?: SmallContents
  /** What stops coming before this size is sent again from its start, in bytes. Default 8 MiB. */
  readonly unfinishedBytes?: number
}

export class ContentStore {
  /** What may be used here, and what is. */
  readonly space: Space
  /** Size of the blocks that what is stored from here is cut into, in bytes. */
  readonly blockBytes: number
  readonly #disk: Disk
  readonly #folder: string
  readonly #small: SmallContents | null
  /** Contents kept in files here and their sizes in bytes. */
  readonly #sizes = new Map<string, number>()
  readonly #incoming: IncomingContents
  /** Found bad, and not removed since somebody counted on them: what is said of them now is looked at again. */
  readonly #doubted = new Set<string>()

  private constructor(
    disk: Disk,
    folder: string,
    options: ContentStoreOptions & Required<Pick<ContentStoreOptions, 'space' | 'blockBytes'>>,
  ) {
    this.#small = options.small ?? null
    this.#disk = disk
    this.#folder = folder
    this.space = options.space
    this.blockBytes = options.blockBytes
    this.#incoming = new IncomingContents(disk, folder, {
      space: options.space,
      small: this.#small,
      unfinishedBytes: options.unfinishedBytes,
      keep: (path, target) => this.#keep(path, target),
    })
  }

  static async open(disk: Disk, folder: string, options: ContentStoreOptions = {}): Promise<ContentStore> {
    const space = options.space ?? new Space(disk, folder)
    const store = new ContentStore(disk, folder, { ...options, space, blockBytes: options.blockBytes ?? defaultBlockBytes })
    await store.#incoming.start()
    for (const shard of await disk.list(folder)) {
      if (shard.kind === 'folder' && /^[0-9a-f]{2}$/.test(shard.name)) await store.#scan(shard.name)
    }
    for (const sha256 of options.small?.hashes() ?? []) if (!store.#sizes.has(sha256)) space.add(store.sizeOf(sha256))
    return store
  }

  /** True when the content is here. Its bytes may have rotted since: `verify` tells. */
  async has(sha256: string): Promise<boolean> {
    if (!isHash(sha256)) return false
    if (this.#small?.has(sha256)) return true
    // what is not known is not here: no need to ask the disk
    if (!this.#sizes.has(sha256)) return false
    const stat = await this.#disk.stat(this.#pathOf(sha256))
    return stat?.kind === 'file'
  }

  /** True when what `manifest` describes is here, its bytes checked against the very blocks it names when they came, or now. */
  async holds(manifest: Manifest): Promise<boolean> {
    const here = await this.manifest(manifest.sha256).catch(nullWhenDamaged)
    if (here === null) return false
    // a manifest's whole hash alone proves nothing: whoever made it may be wrong
    const isSame = Buffer.compare(encodeManifest(here), encodeManifest(manifest)) === 0
    return (isSame && !this.#doubted.has(manifest.sha256)) || this.verify(manifest.sha256)
  }

  /** Whether a content was here when this machine last looked: at its start, or when it came. */
  knows(sha256: string): boolean {
    return this.#sizes.has(sha256) || (this.#small?.has(sha256) ?? false)
  }

  /** Hashes of all contents here. What comes or goes meanwhile may be met or not. */
  *hashes(): IterableIterator<string> {
    yield* this.#sizes.keys()
    for (const sha256 of this.#small?.hashes() ?? []) if (!this.#sizes.has(sha256)) yield sha256
  }

  /** Bytes of a content here; 0 when it is not. */
  sizeOf(sha256: string): number {
    return this.#sizes.get(sha256) ?? this.#small?.sizeOf(sha256) ?? 0
  }

  /**
   * The manifest of a content here, or null. A lost or damaged manifest file is made again from the content when that is still good:
   * else AppError('corrupt').
   */
  async manifest(sha256: string): Promise<Manifest | null> {
    if (!isHash(sha256)) return null
    const small = await this.#smallManifest(sha256)
    if (small) return small
    // what is not known is not here: no need to ask the disk
    if (!this.#sizes.has(sha256)) return null
    const stat = await this.#disk.stat(this.#pathOf(sha256))
    if (stat?.kind !== 'file') return null
    const saved = await this.#savedManifest(sha256)
    if (saved) return saved
    if (stat.sizeBytes <= this.blockBytes) return singleBlockManifest(sha256, stat.sizeBytes, this.blockBytes)
    const rebuilt = await this.#withFile(sha256, (file) => manifestOf(file, this.blockBytes))
    if (rebuilt.sha256 !== sha256) throw new AppError('corrupt', 'The content does not match its hash any more', { sha256 })
    await this.#saveManifest(rebuilt)
    return rebuilt
  }

  /**
   * Bytes of a content from an offset, in chunks of up to 1 MiB, each in its own buffer, one read ahead. The length is checked, hashes
   * are not: the receiver checks every block. Throws AppError('not-found'), or AppError('corrupt') when the file is too short.
   */
  read(sha256: string, offsetBytes: number, lengthBytes: number): AsyncIterable<Buffer> {
    return this.#reading(sha256, (file) => readChunks(file, offsetBytes, lengthBytes))
  }

  /** The given blocks of a content, in that order; else as `read`. */
  readBlocks(manifest: Manifest, blocks: Iterable<number>): AsyncIterable<Buffer> {
    return this.#reading(manifest.sha256, (file) => readBlocks(file, manifest, blocks))
  }

  async *#reading(sha256: string, chunks: (file: ReadableFile) => AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    if (!isHash(sha256)) throw new AppError('not-found', 'No such content here', { sha256 })
    const small = await this.#small?.bytes(sha256)
    if (small) {
      yield* chunks(MemoryFile.of(small))
      return
    }
    const file = await this.#disk.open(this.#pathOf(sha256), 'read')
    try {
      yield* chunks(file)
    } finally {
      await file.close()
    }
  }

  /** See IncomingContents. */
  create(manifest: Manifest): Promise<PartialFile> {
    return this.#incoming.create(manifest)
  }

  /** See IncomingContents. */
  stage(size: ContentSize): Promise<StagedContent> {
    return this.#incoming.stage(size)
  }

  /** See IncomingContents. */
  dropStaged(key: string): Promise<void> {
    return this.#incoming.dropStaged(key)
  }

  /** See IncomingContents. */
  dropUnfinished(unixMs: number): Promise<void> {
    return this.#incoming.dropUnfinished(unixMs)
  }

  /** See IncomingContents. */
  importFile(path: string, manifest: Manifest, signal?: AbortSignal): Promise<void> {
    return this.#incoming.importFile(path, manifest, signal)
  }

  /**
   * Room and rows for small contents whose bytes were verified, to be written together with their records; null where there is no room.
   * All of them are `fitsSmall`, and none is here.
   */
  async placeSmall(contents: readonly { readonly manifest: Manifest; readonly bytes: Uint8Array }[]): Promise<(Placement | null)[]> {
    const reservations = await this.space.reserveEach(contents.map(({ manifest }) => manifest.sizeBytes))
    return contents.map(({ manifest, bytes }, index) => {
      const reservation = reservations[index]
      return this.#small && reservation ? this.#small.placement(manifest, bytes, reservation) : null
    })
  }

  /** The bytes of each content that is small enough for `placeSmall`, checked by nobody; null where there are none, or they cannot be read. */
  async readSmall(contents: readonly string[]): Promise<(Uint8Array | null)[]> {
    return (await this.#small?.bytesOf(contents)) ?? contents.map(() => null)
  }

  /** Resolves when nothing is being put in order. */
  async settled(): Promise<void> {
    await this.#small?.settled()
  }

  /** Whether a content is one that `placeSmall` takes. */
  fitsSmall(manifest: Manifest): boolean {
    return this.#small?.fits(manifest) ?? false
  }

  /** Removes a content; one that is not here is no error. */
  async remove(sha256: string): Promise<void> {
    if (!isHash(sha256)) return
    this.#doubted.delete(sha256)
    if (this.#small?.has(sha256)) {
      if (!this.#sizes.has(sha256)) this.space.subtract(this.sizeOf(sha256))
      await this.#small.remove(sha256)
      if (!this.#sizes.has(sha256)) return
    }
    const path = this.#pathOf(sha256)
    // the content goes first: a manifest alone claims nothing
    await this.#disk.remove(path)
    await this.#disk.remove(path + manifestSuffix)
    this.space.subtract(this.#sizes.get(sha256) ?? 0)
    this.#sizes.delete(sha256)
    await this.#disk.makeFolder(join(this.#folder, sha256.slice(0, 2)))
    await this.#disk.syncFolder(join(this.#folder, sha256.slice(0, 2)))
  }

  /** Re-reads and checks every block and the whole hash. False when it is damaged or not here. */
  async verify(sha256: string): Promise<boolean> {
    const isGood = await this.#isGood(sha256)
    if (isGood || !(await this.has(sha256))) this.#doubted.delete(sha256)
    else this.#doubted.add(sha256)
    return isGood
  }

  async #isGood(sha256: string): Promise<boolean> {
    try {
      if (this.#small?.has(sha256)) return await this.#small.verify(sha256)
      const manifest = await this.manifest(sha256)
      return manifest !== null && (await this.#withFile(sha256, (file) => matchesManifest(file, manifest)))
    } catch (thrown) {
      // a sector that cannot be read any more is as good as wrong bytes
      if (thrown instanceof AppError && ['corrupt', 'not-found', 'file-unreadable'].includes(thrown.code)) return false
      throw thrown
    }
  }

  /** Bytes of all contents kept here. */
  usedBytes(): number {
    return this.space.usedBytes
  }

  async #smallManifest(sha256: string): Promise<Manifest | null> {
    const blockBytes = this.#small?.blockBytes(sha256) ?? null
    if (blockBytes === null) return null
    const sizeBytes = this.sizeOf(sha256)
    if (sizeBytes <= blockBytes) return singleBlockManifest(sha256, sizeBytes, blockBytes)
    const manifest = manifestOfBytes((await this.#small?.bytes(sha256)) ?? Buffer.alloc(0), blockBytes)
    if (manifest.sha256 !== sha256) throw new AppError('corrupt', 'The content does not match its hash any more', { sha256 })
    return manifest
  }

  /** From `partial/` to its place, durably. Two that finish the same content replace one another: the bytes are the same. */
  async #keep(partialPath: string, { manifest, reservation }: IncomingTarget): Promise<void> {
    const { sha256, sizeBytes } = manifest
    const shard = join(this.#folder, sha256.slice(0, 2))
    await this.#disk.makeFolder(shard)
    if (this.#needsManifestFile(manifest)) await this.#saveManifest(manifest)
    await this.#disk.rename(partialPath, this.#pathOf(sha256))
    try {
      await this.#disk.syncFolder(shard)
    } catch (thrown) {
      // not durable, so not here: unless it was before
      if (!this.#sizes.has(sha256)) await this.#disk.remove(this.#pathOf(sha256))
      throw thrown
    }
    if (this.#sizes.has(sha256)) {
      reservation.release()
      return
    }
    this.#sizes.set(sha256, sizeBytes)
    reservation.keep()
  }

  #needsManifestFile(manifest: Manifest): boolean {
    return manifest.blockBytes !== this.blockBytes || manifest.sizeBytes > this.blockBytes
  }

  async #saveManifest(manifest: Manifest): Promise<void> {
    const path = this.#incoming.newPath(manifest.sha256) + manifestSuffix
    try {
      const file = await this.#disk.open(path, 'new')
      try {
        await file.write(encodeManifest(manifest), 0)
        await file.sync()
      } finally {
        await file.close()
      }
      await this.#disk.rename(path, this.#pathOf(manifest.sha256) + manifestSuffix)
    } catch (thrown) {
      await this.#disk.remove(path)
      throw thrown
    }
  }

  async #savedManifest(sha256: string): Promise<Manifest | null> {
    const path = this.#pathOf(sha256) + manifestSuffix
    const stat = await this.#disk.stat(path)
    if (stat?.kind !== 'file' || stat.sizeBytes > limits.manifestBytes) return null
    const bytes = new Uint8Array(stat.sizeBytes)
    const file = await this.#disk.open(path, 'read')
    try {
      await file.read(bytes, 0)
    } finally {
      await file.close()
    }
    const manifest = decodeManifest(bytes)
    return 'reason' in manifest || manifest.sha256 !== sha256 ? null : manifest
  }

  async #withFile<T>(sha256: string, work: (file: DiskFile) => Promise<T>): Promise<T> {
    const file = await this.#disk.open(this.#pathOf(sha256), 'read')
    try {
      return await work(file)
    } finally {
      await file.close()
    }
  }

  async #scan(shard: string): Promise<void> {
    const names = (await this.#disk.list(join(this.#folder, shard))).map((entry) => entry.name)
    const contents = new Set(names.filter((name) => isHash(name) && name.startsWith(shard)))
    await Promise.all(
      names.map(async (name) => {
        const path = join(this.#folder, shard, name)
        if (contents.has(name)) {
          const sizeBytes = (await this.#disk.stat(path))?.sizeBytes ?? 0
          this.#sizes.set(name, sizeBytes)
          this.space.add(sizeBytes)
        } else if (!contents.has(name.slice(0, -manifestSuffix.length))) await this.#disk.remove(path)
      }),
    )
  }

  #pathOf(sha256: string): string {
    return join(this.#folder, sha256.slice(0, 2), sha256)
  }
}

/** Bytes that are not what they should be are as good as not here. */
function nullWhenDamaged(thrown: unknown): null {
  if (thrown instanceof AppError && thrown.code === 'corrupt') return null
  throw thrown
}

/** Hashes become paths: nothing else may. */
function isHash(sha256: string): boolean {
  return /^[0-9a-f]{64}$/.test(sha256)
}

function singleBlockManifest(sha256: string, sizeBytes: number, blockBytes: number): Manifest {
  return {
    sizeBytes,
    blockBytes,
    sha256,
    blockHashes: sizeBytes === 0 ? new Uint8Array(0) : new Uint8Array(Buffer.from(sha256, 'hex')),
  }
}
