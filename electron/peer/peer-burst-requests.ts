/**
 * Many files requested at once, as a folder or by their names: small ones together as packs, each pack one row in the list of transfers; what
 * does not come that way is asked for alone.
 */

import { dirname, join } from 'node:path'
import { mkdir } from 'node:fs/promises'
import { AppError, passOver } from '../../shared/errors.ts'
import { writeSmallDownloads } from './disk/small-downloads.ts'
import { localName } from './disk/safe-name.ts'
import type { RequestFilesOptions, RequestResult } from './peer-api.ts'
import type { PeerEvent } from './peer-events.ts'
import { limits } from './protocol/limits.ts'
import { liveVersions } from './protocol/record.ts'
import type { RingSession } from './ring-session.ts'
import { requestPack, type FetchedFile } from './transfer/request-pack.ts'
import type { Transfers } from './transfer/transfers.ts'

export interface BurstRequestsOptions {
  readonly session: () => Pick<RingSession, 'context' | 'catalogue' | 'space' | 'nameOf'>
  readonly transfers: Transfers
  readonly onEvent: (event: PeerEvent) => void
  readonly onWritten: (path: string) => void
  /** Requests one file alone, into a folder that is there. */
  readonly requestFile: (name: string, out: string, options: RequestFilesOptions) => Promise<RequestResult>
}

/** Packs under way at once: while one is written, the next one comes. */
const packsAtOnce = 3

interface Asked {
  readonly name: string
  /** Where it goes unless something is there. */
  readonly target: string
  /** Only its folder was named: when it is no file's name any more, nobody asked for it. */
  readonly isOfFolder: boolean
}

export class BurstRequests {
  readonly #options: BurstRequestsOptions

  constructor(options: BurstRequestsOptions) {
    this.#options = options
  }

  /** See PeerApi. */
  async request(names: readonly string[], options: RequestFilesOptions): Promise<void> {
    const files = this.#expand(names, options.folder)
    let next = 0
    const work = async (): Promise<void> => {
      while (next < files.length && options.signal?.aborted !== true) {
        const from = next
        next += limits.packFiles
        // looked at when it is their turn: of many files, the first are on their way at once
        const live = files.slice(from, next).filter(({ name, isOfFolder }) => !isOfFolder || this.#isLive(name))
        await this.#requestChunk(live, options)
      }
    }
    await Promise.all(Array.from({ length: packsAtOnce }, work))
  }

  /** A name that is no file's but begins some is a folder: its files go where their names say. */
  #expand(names: readonly string[], folder: string): Asked[] {
    const { catalogue } = this.#options.session()
    const files = new Map<string, Asked>()
    const folders: string[] = []
    for (const name of names.map((each) => each.normalize('NFC'))) {
      const asFolder = `${name.replace(/\/+$/, '')}/`
      if (!this.#isLive(name) && this.#isFolder(asFolder)) folders.push(asFolder)
      else files.set(name, { name, target: join(folder, localName(lastOf(name))), isOfFolder: false })
    }
    if (folders.length === 0) return [...files.values()]
    for (const name of catalogue.names()) {
      const below = folders.find((prefix) => name.startsWith(prefix))
      if (below === undefined || files.has(name)) continue
      const above = below.slice(0, -1).lastIndexOf('/') + 1
      files.set(name, { name, target: join(folder, localName(name.slice(above))), isOfFolder: true })
    }
    return [...files.values()]
  }

  #isLive(name: string): boolean {
    return liveVersions(this.#options.session().catalogue.get(name)?.record ?? noVersions).length > 0
  }

  #isFolder(prefix: string): boolean {
    for (const name of this.#options.session().catalogue.names()) if (name.startsWith(prefix)) return true
    return false
  }

  async #requestChunk(files: readonly Asked[], options: RequestFilesOptions): Promise<void> {
    const came = files.length > 1 ? await this.#requestPack(files, options) : new Set<string>()
    for (const file of files) {
      if (came.has(file.name) || options.signal?.aborted === true) continue
      try {
        await mkdir(dirname(file.target), { recursive: true })
        await options.onDone(file.name, await this.#options.requestFile(file.name, dirname(file.target), options))
      } catch (thrown) {
        if (!(thrown instanceof AppError)) throw thrown
        await options.onDone(file.name, thrown)
      }
    }
  }

  /** Result: the names that came. */
  async #requestPack(files: readonly Asked[], options: RequestFilesOptions): Promise<ReadonlySet<string>> {
    const came = new Set<string>()
    const name = `${files[0]?.name ?? ''} and ${files.length - 1} more`
    /** Those that could not be written, or did not come before it was cancelled: what is tried again. */
    const missing: Asked[] = []
    const failures: AppError[] = []
    const again = this.#requestAgain(missing, options.folder)
    const work = { kind: 'request', name, again, ...(options.signal ? { signal: options.signal } : {}) } as const
    try {
      await this.#options.transfers.run(
        work,
        async (handle) => {
          const { context, space } = this.#options.session()
          const startedAt = performance.now()
          // paused before, perhaps: what counts is the last try
          missing.length = 0
          failures.length = 0
          const asked = new Map(files.map((file) => [file.name, file]))
          const fetched = await requestPack(context, [...asked.keys()], handle.signal)
          handle.size(fetched.reduce((sum, file) => sum + file.bytes.length, 0))
          const downloads = fetched.map((file) => ({ target: asked.get(file.name)?.target ?? '', bytes: file.bytes }))
          const outcomes = await writeSmallDownloads(context.disk, downloads)
          const seconds = (performance.now() - startedAt) / 1000
          for (const [index, file] of fetched.entries()) {
            came.add(file.name)
            const outcome = outcomes[index] ?? ''
            const wanted = asked.get(file.name)
            if (outcome instanceof AppError) failures.push(outcome)
            if (outcome instanceof AppError && wanted) missing.push(wanted)
            handle.moved(space.format(file.from), file.bytes.length)
            await options.onDone(file.name, outcome instanceof AppError ? outcome : this.#result(file, outcome, seconds))
          }
          // nothing of it is there: why not is what its row says
          if (failures[0] && failures.length === fetched.length) throw failures[0]
        },
        () => missing.length > 0,
      )
    } catch (thrown) {
      if (thrown === failures[0]) return came
      if (!(thrown instanceof AppError) || thrown.code !== 'cancelled') throw thrown
      const left = files.filter((file) => !came.has(file.name))
      missing.push(...left)
      for (const file of left) await options.onDone(file.name, thrown)
      return new Set(files.map((file) => file.name))
    }
    return came
  }

  /** The list of transfers keeps it for long: it must not hold what came. */
  #requestAgain(files: readonly Asked[], folder: string): () => void {
    return () => void this.#requestChunk(files, { folder, onDone: () => undefined }).catch(passOver)
  }

  #result(file: FetchedFile, out: string, seconds: number): RequestResult {
    const session = this.#options.session()
    const { space } = session
    const { spelling, version, bytes } = file
    const from = { id: space.format(file.from), name: session.nameOf(file.from), bytes: bytes.length }
    this.#options.onWritten(out)
    this.#options.onEvent({ kind: 'requested', name: spelling, path: out, from: [from.id] })
    const route = file.route.map((hop) => space.format(hop))
    return { name: spelling, sizeBytes: bytes.length, sha256: version.sha256, out, from: [from], route, seconds }
  }
}

const noVersions = { name: '', spelling: '', versions: [], earlier: [], superseded: {} }

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}
