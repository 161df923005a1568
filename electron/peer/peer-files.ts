/** What a person does with files, as transfers: store, request, remove, restore, look up. */

import { randomUUID } from 'node:crypto'
import { basename, resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { assert } from '../../shared/assert.ts'
import type { Notice, OnClash } from '../../shared/contract.ts'
import { AppError, toPlainError, type PlainError } from '../../shared/errors.ts'
import type { TransferView, WhereView } from '../../shared/views.ts'
import { expandPaths, type PathAndName } from './expand-paths.ts'
import type { BurstOptions } from './peer-bursts.ts'
import type { HolderRef, RequestOptions, RequestResult, StoreOptions, StoreResult } from './peer-api.ts'
import type { PeerEvent } from './peer-events.ts'
import type { Identifier } from './protocol/identifier.ts'
import type { RingSession } from './ring-session.ts'
import { discardDownload, download, downloadToStream, type Target } from './transfer/download.ts'
import { Pace } from './transfer/pace.ts'
import { holderRef, tellStored } from './stored-result.ts'
import { readRecord } from './transfer/read-record.ts'
import type { FetchOptions } from './transfer/fetch-blocks.ts'
import { findFile, type FoundFile } from './transfer/request-file.ts'
import { storeFile, type ClashRule } from './transfer/store-file.ts'
import type { Asked, TransferJournal } from './transfer/transfer-journal.ts'
import type { TransferHandle, TransferWork } from './transfer/transfer-work.ts'
import type { Transfers } from './transfer/transfers.ts'
import { ViewBuilder } from './view-builder.ts'

/** The shared folder has a rule of its own for clashes. */
type StoreWork = Omit<StoreOptions, 'onClash'> & { readonly onClash?: ClashRule }
/** Work that nobody stands and waits for; of an earlier run, or not: see TransferWork. */
type Standing = Pick<TransferWork, 'waits' | 'id' | 'askedAt' | 'paused'>
const standing: Standing = { waits: true }
/** `folder`: where it goes without a place of its own; absent: the downloads folder. */
type StandingRequest = Standing & { readonly folder?: string }

export interface PeerFilesOptions {
  readonly session: () => RingSession
  readonly transfers: Transfers
  readonly journal: TransferJournal
  /** Whether the person's own limit holds bytes back just now. */
  readonly isHeldBack: (direction: 'up' | 'down') => boolean
  readonly downloadsFolder: () => string
  readonly onEvent: (event: PeerEvent) => void
  readonly onNotice: (notice: Notice) => void
  /** The app itself wrote `path`: the shared folder need not store it again. */
  readonly onWritten: (path: string) => void
  /** Stores many files, small ones together. */
  readonly storeMany: (files: Iterable<PathAndName>, options: BurstOptions) => Promise<void>
}

export class PeerFiles {
  readonly #options: PeerFilesOptions
  #isStopped = false

  constructor(options: PeerFilesOptions) {
    this.#options = options
  }

  /** See PeerApi. */
  storeFile(path: string, options: StoreWork, how: Standing = {}): Promise<StoreResult> {
    const name = options.name ?? basename(path)
    const onClash = options.onClash ?? 'decline'
    const work: TransferWork = {
      kind: 'store',
      name,
      path: resolve(path),
      ...(options.signal ? { signal: options.signal } : {}),
      ...(options.outlives === true && onClash !== 'replace-own' ? { ask: { kind: 'store', path: resolve(path), name, onClash } } : {}),
      ...how,
      again: (rule: OnClash) => void this.storeAndTell({ path, name }, rule),
    }
    return this.#options.transfers.run(
      work,
      (handle) => this.#store(path, { ...options, name, handle }),
      (result) => result.state === 'partial',
    )
  }

  async #store(path: string, options: StoreWork & { readonly name: string; readonly handle: TransferHandle }): Promise<StoreResult> {
    const session = this.#options.session()
    const { context, space } = session
    const startedAt = performance.now()
    let sizeBytes = 0
    const sent = new Map<Identifier, number>()
    const pace = this.#pace('up')
    const stored = await storeFile(context, path, {
      name: options.name,
      onClash: options.onClash ?? 'decline',
      signal: options.handle.signal,
      onSize: (bytes) => {
        sizeBytes = bytes
        options.handle.size(bytes)
      },
      pace,
      onProgress: (to, doneBytes) => {
        showPace(pace, options.handle)
        options.handle.moved(space.format(to), doneBytes - (sent.get(to) ?? 0))
        sent.set(to, doneBytes)
        options.onProgress?.(doneBytes, sizeBytes)
      },
    })
    options.onProgress?.(sizeBytes, sizeBytes)
    const { result, event } = tellStored(session, stored, (performance.now() - startedAt) / 1000)
    this.#options.onEvent(event)
    return result
  }

  #pace(direction: 'up' | 'down'): Pace {
    return new Pace(
      () => performance.now(),
      () => this.#options.isHeldBack(direction),
    )
  }

  #holder(id: Identifier): HolderRef {
    return holderRef(this.#options.session(), id)
  }

  /**
   * Queues all files below `paths`; their failures become notices. Throws when a path cannot be read at all. A drop of many is
   * written down as one: what of it was stored before a crash is the same content again, and moves no bytes.
   */
  async queueStores(paths: readonly string[], onClash: OnClash, id: string = randomUUID()): Promise<number> {
    const { journal } = this.#options
    const files: PathAndName[] = []
    for await (const file of expandPaths(paths)) files.push(file)
    const [only] = files
    if (only && files.length === 1) {
      journal.remove(id)
      void this.storeAndTell(only, onClash, { ...standing, outlives: true })
      return 1
    }
    journal.put({ id, askedAt: Date.now(), paused: false, ask: { kind: 'drop', paths: [...paths], onClash } })
    void this.#storeMany(files, onClash).then(() => {
      if (!this.#isStopped) journal.remove(id)
    })
    return files.length
  }

  /** Never rejects: what went wrong is told to the person. */
  async #storeMany(files: readonly PathAndName[], onClash: OnClash): Promise<void> {
    const isStopped = (): boolean => this.#isStopped
    const alone = new Set<PathAndName>()
    function* untilStopped(): Generator<PathAndName> {
      for (const file of files) {
        if (isStopped()) return
        yield file
      }
    }
    try {
      await this.#options.storeMany(untilStopped(), {
        onClash,
        storeAlone: (file) => {
          alone.add(file)
          return this.storeFile(file.path, { name: file.name, onClash }, standing)
        },
        onDone: async (file, outcome) => {
          // what a pack could not do is tried alone: that waits for machines that are away, and has a row of its own to decide in
          if (outcome instanceof AppError && !alone.has(file) && !isStopped()) await this.storeAndTell(file, onClash)
          else this.#tellStored(file.name, outcome)
        },
      })
    } catch (thrown) {
      this.#tellStored(files[0]?.name ?? '', toPlainError(thrown))
    }
  }

  /** Goes on with what an earlier run of the peer did not end. */
  async goOn(asked: readonly Asked[]): Promise<void> {
    for (const { id, askedAt, paused, ask } of asked) {
      const how = { ...standing, id, askedAt, paused }
      if (ask.kind === 'store') void this.storeAndTell(ask, ask.onClash, { ...how, outlives: true })
      else if (ask.kind === 'request') this.#requestAndTell(ask.name, { ...optional(ask), outlives: true }, { ...how, folder: ask.folder })
      else await this.queueStores(ask.paths, ask.onClash, id).catch((thrown: unknown) => this.#tellFailed(thrown, id))
    }
  }

  /** The peer ends: nothing more is begun, and what is under way stays in the journal. */
  stop(): void {
    this.#isStopped = true
    this.#options.transfers.stop()
  }

  /** Never rejects: what went wrong is told to the person. */
  async storeAndTell(file: PathAndName, onClash: OnClash, how: Standing & Pick<StoreOptions, 'outlives'> = standing): Promise<void> {
    const { outlives = false, ...rest } = how
    try {
      this.#tellStored(file.name, await this.storeFile(file.path, { name: file.name, onClash, outlives }, rest))
    } catch (thrown) {
      this.#tellStored(file.name, toPlainError(thrown))
    }
  }

  /** What a person has to know of a store: that it failed, or that copies are missing. */
  #tellStored(name: string, outcome: StoreResult | PlainError): void {
    if ('state' in outcome) {
      if (outcome.state === 'stored') return
      const text = `${name} is on ${outcome.copies} of ${outcome.wanted} machines; the missing copies are made when the others are back`
      this.#options.onNotice({ tone: 'warning', text, error: null, actions: ['show-transfers'], transferId: null })
      return
    }
    const error = outcome instanceof AppError ? outcome.toPlain() : outcome
    if (error.code === 'cancelled') return
    const ended = this.#lastEnded(name)
    const actions = error.code === 'already-exists' ? (['replace', 'keep-both'] as const) : (['retry'] as const)
    this.#options.onNotice({ tone: 'bad', text: error.message, error, actions, transferId: ended?.id ?? null })
  }

  #lastEnded(name: string): TransferView | undefined {
    return this.#options.transfers.views().findLast((view) => view.name === name && view.endedAt !== null)
  }

  /** See PeerApi. */
  requestFile(name: string, options: RequestOptions): Promise<RequestResult> {
    return this.#request(name, options, {}).finished
  }

  /** Starts a request; its failure becomes a notice. Resolves with the transfer's id. */
  queueRequest(name: string, options: { readonly version?: string; readonly out?: string }): Promise<string> {
    return Promise.resolve(this.#requestAndTell(name, { ...options, outlives: true }, standing))
  }

  #requestAndTell(name: string, options: RequestOptions, how: StandingRequest): string {
    const { id, finished } = this.#request(name, options, how)
    finished.catch((thrown: unknown) => this.#tellFailed(thrown, id))
    return id
  }

  #tellFailed(thrown: unknown, transferId: string): void {
    const error = toPlainError(thrown)
    if (error.code === 'cancelled') return
    this.#options.onNotice({ tone: 'bad', text: error.message, error, actions: ['retry'], transferId })
  }

  #request(
    name: string,
    options: RequestOptions,
    how: StandingRequest,
  ): { readonly id: string; readonly finished: Promise<RequestResult> } {
    let id = ''
    const { out, version = null } = options
    const { folder = this.#options.downloadsFolder(), ...rest } = how
    const target = typeof out === 'object' ? null : { out: out ?? null, folder, namePrefix: options.namePrefix ?? null }
    const lasts = target !== null && target.namePrefix === null && options.outlives === true
    let discard = (): Promise<void> => Promise.resolve()
    const work: TransferWork = {
      kind: 'request',
      name,
      ...(options.signal ? { signal: options.signal } : {}),
      ...(lasts ? { ask: { kind: 'request', name, version, out: target.out, folder } } : {}),
      ...(target === null ? {} : { keepsBytes: true, again: () => void this.#requestAndTell(name, withoutWaiter(options), standing) }),
      ...rest,
      onStart: (transferId: string) => {
        id = transferId
      },
      onGivenUp: () => discard(),
    }
    const finished = this.#options.transfers.run(work, async (handle): Promise<RequestResult> => {
      const { context, space } = this.#options.session()
      const startedAt = performance.now()
      const found = await findFile(context, name, version)
      const { sizeBytes, sha256 } = found.manifest
      handle.size(sizeBytes)
      let doneBytes = 0
      const pace = this.#pace('down')
      const fetching = {
        pace,
        signal: handle.signal,
        onKept: (bytes: number) => {
          doneBytes = bytes
          handle.kept(bytes)
        },
        onBlock: (from: Identifier, bytes: number) => {
          doneBytes += bytes
          showPace(pace, handle)
          handle.moved(space.format(from), bytes)
          options.onProgress?.(doneBytes, sizeBytes)
        },
      }
      if (target) discard = () => discardDownload(context, found, target)
      const { path, parts } = await this.#fetch(found, { target, stream: typeof out === 'object' ? out : null }, fetching)
      handle.path(path)
      const from = [...parts].map(([holder, bytes]) => ({ ...this.#holder(holder), bytes }))
      const holders = from.length > 0 ? from : found.holders.slice(0, 1).map((holder) => ({ ...this.#holder(holder.id), bytes: 0 }))
      this.#options.onEvent({ kind: 'requested', name: found.name, path, from: holders.map((holder) => holder.id) })
      const route = found.route.map((hop) => space.format(hop))
      return { name: found.name, sizeBytes, sha256, out: path, from: holders, route, seconds: (performance.now() - startedAt) / 1000 }
    })
    return { id, finished }
  }

  async #fetch(
    found: FoundFile,
    to: { readonly target: Target | null; readonly stream: Writable | null },
    fetching: FetchOptions & { readonly onKept: (bytes: number) => void },
  ): Promise<{ path: string; parts: ReadonlyMap<Identifier, number> }> {
    const { context } = this.#options.session()
    if (to.target) return download(context, found, { ...fetching, ...to.target, onWritten: this.#options.onWritten })
    assert(to.stream !== null, 'a request goes to a path or to a stream')
    return { path: '-', parts: await downloadToStream(context, found, { ...fetching, stream: to.stream }) }
  }

  /** See PeerApi. */
  async whereIs(name: string): Promise<WhereView> {
    const session = this.#options.session()
    const { context, space } = session
    const known = await readRecord(context, name.normalize('NFC'), 'find')
    const file = context.catalogue.get(name)
    const versions = file ? new ViewBuilder(session).versions(file) : []
    if (versions.length === 0) throw new AppError('not-found', `${name} is not in the ring`, { name })
    const key = context.keyOf(name)
    return {
      name: file?.record.spelling ?? name,
      key: space.format(key),
      keyPosition: space.position(key),
      versions,
      route: known.route.map((id) => space.format(id)),
      lookupMs: known.lookupMs,
    }
  }
}

function showPace(pace: Pace, handle: TransferHandle): void {
  const now = pace.look()
  if (now !== undefined) handle.pace(now)
}

/** A try again is on nobody's behalf who went away meanwhile. */
function withoutWaiter({ version, out, namePrefix, outlives }: RequestOptions): RequestOptions {
  return {
    ...(version === undefined ? {} : { version }),
    ...(out === undefined ? {} : { out }),
    ...(namePrefix === undefined ? {} : { namePrefix }),
    ...(outlives === undefined ? {} : { outlives }),
  }
}

function optional({ version, out }: { readonly version: string | null; readonly out: string | null }): RequestOptions {
  return { ...(version === null ? {} : { version }), ...(out === null ? {} : { out }) }
}
