/**
 * Many files at once, as they come from a folder, a drop or the command line: small ones together as packs, each pack one row in the list of
 * transfers; larger ones, and those that need a name of their own, one by one as ever.
 */

import { resolve } from 'node:path'
import type { OnClash } from '../../shared/contract.ts'
import { AppError, passOver } from '../../shared/errors.ts'
import { InFlight } from './disk/in-flight.ts'
import type { PathAndName } from './expand-paths.ts'
import type { StoreFilesOptions, StoreResult } from './peer-api.ts'
import type { PeerEvent } from './peer-events.ts'
import { limits } from './protocol/limits.ts'
import type { RingSession } from './ring-session.ts'
import { tellStored } from './stored-result.ts'
import { readSmallFiles } from './transfer/read-small-files.ts'
import type { ClashRule, StoredFile } from './transfer/store-file.ts'
import { storePack, type PackOutcome, type SmallFile } from './transfer/store-pack.ts'
import type { Transfers } from './transfer/transfers.ts'

/** The shared folder has a rule of its own for clashes. */
export type BurstOptions = Omit<StoreFilesOptions, 'onClash'> & {
  readonly onClash?: ClashRule
  /** How files are stored that go alone; default: as the command line does. */
  readonly storeAlone?: (file: PathAndName) => Promise<StoreResult>
}

export interface PeerBurstsOptions {
  readonly session: () => Pick<RingSession, 'context' | 'space' | 'nameOf'>
  readonly transfers: Transfers
  readonly onEvent: (event: PeerEvent) => void
  /** Stores one file alone. */
  readonly storeFile: (file: PathAndName, options: BurstOptions) => Promise<StoreResult>
}

/** Packs under way at once: while one is synced, the next is read and the one before it answered. Each takes up to 8 MiB. */
const packsAtOnce = 3
/** Files of one chunk that go alone at the same time; the others are not even opened yet. */
const aloneAtOnce = 4

export class PeerBursts {
  readonly #options: PeerBurstsOptions

  constructor(options: PeerBurstsOptions) {
    this.#options = options
  }

  /** See PeerApi. Stops taking files once `signal` is aborted. */
  async store(files: AsyncIterable<PathAndName> | Iterable<PathAndName>, options: BurstOptions): Promise<void> {
    const packs = new InFlight(packsAtOnce)
    let chunk: PathAndName[] = []
    try {
      for await (const file of files) {
        if (options.signal?.aborted) break
        chunk.push(file)
        if (chunk.length < limits.packFiles) continue
        await packs.add(this.#storeChunk(chunk, options))
        chunk = []
      }
      if (chunk.length > 0) await packs.add(this.#storeChunk(chunk, options))
      await packs.end()
    } finally {
      await packs.settled()
    }
  }

  async #storeChunk(files: readonly PathAndName[], options: BurstOptions): Promise<void> {
    const small: SmallFile[] = []
    const alone: PathAndName[] = []
    const { context } = this.#options.session()
    const paths = files.length > 1 ? files.map(({ path }) => path) : []
    const read = await readSmallFiles(context.disk, paths, context.contents.blockBytes)
    for (const [index, file] of files.entries()) {
      const found = read.files[index] ?? null
      if (found instanceof AppError) await options.onDone(file, found)
      else if (found) small.push({ ...file, ...found })
      else alone.push(file)
    }
    if (small.length > 0) alone.push(...(await this.#storePack(small, options, read.release)))
    await atOnce(aloneAtOnce, alone, async (file) => options.onDone(file, await this.#storeAlone(file, options)))
  }

  async #storeAlone(file: PathAndName, options: BurstOptions): Promise<StoreResult | AppError> {
    try {
      return await (options.storeAlone?.(file) ?? this.#options.storeFile(file, options))
    } catch (thrown) {
      return asAnswer(thrown)
    }
  }

  /** Result: files that have to be stored alone. `release` runs when their bytes are not needed any more. */
  async #storePack(files: readonly SmallFile[], options: BurstOptions, release: () => void): Promise<PathAndName[]> {
    const [first] = files
    const { signal, onClash = 'decline' } = options
    /** Those that were not stored, or not on as many machines as wanted: what is tried again. */
    const short: PathAndName[] = []
    const work = {
      kind: 'store',
      name: files.length === 1 ? (first?.name ?? '') : `${first?.name ?? ''} and ${files.length - 1} more`,
      ...(files.length === 1 && first ? { path: resolve(first.path) } : {}),
      ...(signal ? { signal } : {}),
      again: this.#storeAgain(short),
    } as const
    const alone: PathAndName[] = []
    const failures: AppError[] = []
    const told = new Map<SmallFile, Promise<void>>()
    try {
      await this.#options.transfers.run(
        work,
        async (handle) => {
          const startedAt = performance.now()
          // paused before, perhaps: what counts is the last try
          short.length = 0
          failures.length = 0
          handle.size(files.reduce((sum, file) => sum + file.bytes.length, 0))
          const tell = (file: SmallFile, outcome: PackOutcome): void => {
            if (outcome === 'alone') {
              alone.push(file)
              return
            }
            const result = outcome instanceof AppError ? outcome : this.#result(outcome, (performance.now() - startedAt) / 1000)
            if (result instanceof AppError) failures.push(result)
            if (result instanceof AppError || result.state === 'partial') short.push({ path: file.path, name: file.name })
            told.set(file, Promise.resolve(options.onDone(file, result)))
          }
          await storePack(this.#options.session().context, files, { onClash, signal: handle.signal, onOutcome: tell })
          // one that was cut short may still look at them
          release()
          await Promise.all(told.values())
          // nothing was stored of it: why not is what its row says
          if (failures[0] && failures.length === told.size) throw failures[0]
        },
        () => short.length > 0,
      )
    } catch (thrown) {
      if (thrown === failures[0]) return alone
      const error = asAnswer(thrown)
      if (error.code !== 'cancelled') throw thrown
      const untold = files.filter((file) => !told.has(file))
      short.push(...untold.map(({ path, name }) => ({ path, name })))
      for (const file of untold) await options.onDone(file, error)
    }
    return alone
  }

  /** The list of transfers keeps it for long: it must not hold what the files were. */
  #storeAgain(files: readonly PathAndName[]): (onClash: OnClash) => void {
    return (onClash) => void this.store(files, { onClash, onDone: () => undefined }).catch(passOver)
  }

  #result(stored: StoredFile, seconds: number): StoreResult {
    const { result, event } = tellStored(this.#options.session(), stored, seconds)
    this.#options.onEvent(event)
    return result
  }
}

/** An error that is one file's answer. Throws what is a defect. */
function asAnswer(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  throw thrown
}

/** Runs `work` on all items, so many at a time, begun in order. */
async function atOnce<T>(count: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) await work(items[index] as T)
  }
  await Promise.all(Array.from({ length: Math.min(count, items.length) }, worker))
}
