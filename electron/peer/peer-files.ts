/** What a person does with files, as transfers: store, request, remove, restore, look up. */

import { basename, resolve } from 'node:path'
import type { Notice, OnClash } from '../../shared/contract.ts'
import { AppError, toPlainError } from '../../shared/errors.ts'
import type { TransferView, WhereView } from '../../shared/views.ts'
import { expandPaths, type PathAndName } from './expand-paths.ts'
import type { HolderRef, RequestOptions, RequestResult, StoreOptions, StoreResult } from './peer-api.ts'
import type { PeerEvent } from './peer-events.ts'
import type { Identifier } from './protocol/identifier.ts'
import type { RingSession } from './ring-session.ts'
import { download, downloadToStream } from './transfer/download.ts'
import { readRecord } from './transfer/read-record.ts'
import { findFile } from './transfer/request-file.ts'
import { storeFile, type ClashRule } from './transfer/store-file.ts'
import type { TransferHandle, Transfers } from './transfer/transfers.ts'
import { ViewBuilder } from './view-builder.ts'

/** The shared folder has a rule of its own for clashes. */
type StoreWork = Omit<StoreOptions, 'onClash'> & { readonly onClash?: ClashRule }

export interface PeerFilesOptions {
  readonly session: () => RingSession
  readonly transfers: Transfers
  readonly downloadsFolder: () => string
  readonly onEvent: (event: PeerEvent) => void
  readonly onNotice: (notice: Notice) => void
  /** The app itself wrote `path`: the shared folder need not store it again. */
  readonly onWritten: (path: string) => void
}

/** Files of one drop that are stored at the same time; the others are not even opened yet. */
const storesAtOnce = 4

export class PeerFiles {
  readonly #options: PeerFilesOptions

  constructor(options: PeerFilesOptions) {
    this.#options = options
  }

  /** See PeerApi. */
  storeFile(path: string, options: StoreWork): Promise<StoreResult> {
    const name = options.name ?? basename(path)
    const work = {
      kind: 'store',
      name,
      path: resolve(path),
      ...(options.signal ? { signal: options.signal } : {}),
      again: (onClash: OnClash) => void this.storeAndTell({ path, name }, onClash),
    } as const
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
    const stored = await storeFile(context, path, {
      name: options.name,
      onClash: options.onClash ?? 'decline',
      signal: options.handle.signal,
      onManifest: (manifest) => {
        sizeBytes = manifest.sizeBytes
        options.handle.size(sizeBytes)
      },
      onProgress: (to, doneBytes) => {
        options.handle.moved(space.format(to), doneBytes - (sent.get(to) ?? 0))
        sent.set(to, doneBytes)
        options.onProgress?.(doneBytes, sizeBytes)
      },
    })
    options.onProgress?.(sizeBytes, sizeBytes)
    const holders = stored.holders.map((id) => this.#holder(id))
    const route = stored.route.map((id) => space.format(id))
    const ids = holders.map((holder) => holder.id)
    this.#options.onEvent({ kind: 'stored', name: stored.name, holders: ids, wanted: stored.wanted, route })
    return {
      name: stored.name,
      sizeBytes,
      sha256: stored.manifest.sha256,
      copies: holders.length,
      wanted: stored.wanted,
      state: holders.length >= stored.wanted ? 'stored' : 'partial',
      holders,
      route,
      seconds: (performance.now() - startedAt) / 1000,
    }
  }

  #holder(id: Identifier): HolderRef {
    const session = this.#options.session()
    return { id: session.space.format(id), name: session.nameOf(id) }
  }

  /** Queues all files below `paths`; their failures become notices. Throws when a path cannot be read at all. */
  async queueStores(paths: readonly string[], onClash: OnClash): Promise<number> {
    const files: PathAndName[] = []
    for await (const file of expandPaths(paths)) files.push(file)
    let next = 0
    const takeNext = async (): Promise<void> => {
      for (let file = files[next++]; file; file = files[next++]) await this.storeAndTell(file, onClash)
    }
    for (let i = 0; i < storesAtOnce; i++) void takeNext()
    return files.length
  }

  /** Never rejects: what went wrong is told to the person. */
  async storeAndTell(file: PathAndName, onClash: OnClash): Promise<void> {
    try {
      const result = await this.storeFile(file.path, { name: file.name, onClash })
      if (result.state === 'stored') return
      const text = `${file.name} is on ${result.copies} of ${result.wanted} machines; the missing copies are made when the others are back`
      this.#options.onNotice({ tone: 'warning', text, error: null, actions: ['show-transfers'], transferId: null })
    } catch (thrown) {
      const error = toPlainError(thrown)
      if (error.code === 'cancelled') return
      const ended = this.#lastEnded(file.name)
      const actions = error.code === 'already-exists' ? (['replace', 'keep-both'] as const) : (['retry'] as const)
      this.#options.onNotice({ tone: 'bad', text: error.message, error, actions, transferId: ended?.id ?? null })
    }
  }

  #lastEnded(name: string): TransferView | undefined {
    return this.#options.transfers.views().findLast((view) => view.name === name && view.endedAt !== null)
  }

  /** See PeerApi. */
  requestFile(name: string, options: RequestOptions): Promise<RequestResult> {
    return this.#request(name, options).finished
  }

  /** Starts a request; its failure becomes a notice. Resolves with the transfer's id. */
  queueRequest(name: string, options: { readonly version?: string; readonly out?: string }): Promise<string> {
    const { id, finished } = this.#request(name, options)
    finished.catch((thrown: unknown) => {
      const error = toPlainError(thrown)
      if (error.code === 'cancelled') return
      this.#options.onNotice({ tone: 'bad', text: error.message, error, actions: ['retry'], transferId: id })
    })
    return Promise.resolve(id)
  }

  #request(name: string, options: RequestOptions): { readonly id: string; readonly finished: Promise<RequestResult> } {
    let id = ''
    const work = {
      kind: 'request',
      name,
      ...(options.signal ? { signal: options.signal } : {}),
      ...(typeof options.out === 'object' ? {} : { again: () => void this.queueRequest(name, options as { out?: string }) }),
      onStart: (transferId: string) => {
        id = transferId
      },
    } as const
    const finished = this.#options.transfers.run(work, async (handle): Promise<RequestResult> => {
      const { context, space } = this.#options.session()
      const startedAt = performance.now()
      const found = await findFile(context, name, options.version ?? null)
      const { sizeBytes, sha256 } = found.manifest
      handle.size(sizeBytes)
      let doneBytes = 0
      const fetching = {
        signal: handle.signal,
        onBlock: (from: Identifier, bytes: number) => {
          doneBytes += bytes
          handle.moved(space.format(from), bytes)
          options.onProgress?.(doneBytes, sizeBytes)
        },
      }
      const { out, parts } = await this.#fetch(found, options, fetching)
      handle.path(out)
      const from = [...parts].map(([holder, bytes]) => ({ ...this.#holder(holder), bytes }))
      const holders = from.length > 0 ? from : found.holders.slice(0, 1).map((holder) => ({ ...this.#holder(holder.id), bytes: 0 }))
      this.#options.onEvent({ kind: 'requested', name: found.name, path: out, from: holders.map((holder) => holder.id) })
      const route = found.route.map((hop) => space.format(hop))
      return { name: found.name, sizeBytes, sha256, out, from: holders, route, seconds: (performance.now() - startedAt) / 1000 }
    })
    return { id, finished }
  }

  async #fetch(
    found: Awaited<ReturnType<typeof findFile>>,
    options: RequestOptions,
    fetching: { readonly signal: AbortSignal; readonly onBlock: (from: Identifier, bytes: number) => void },
  ): Promise<{ out: string; parts: ReadonlyMap<Identifier, number> }> {
    const { context } = this.#options.session()
    if (typeof options.out === 'object') {
      return { out: '-', parts: await downloadToStream(context, found, { ...fetching, stream: options.out }) }
    }
    const target = { out: options.out ?? null, folder: this.#options.downloadsFolder(), namePrefix: options.namePrefix ?? null }
    const { path, parts } = await download(context, found, { ...fetching, ...target, onWritten: this.#options.onWritten })
    return { out: path, parts }
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
