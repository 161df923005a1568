/**
 * What the desktop app, the headless server and the command line may ask of a peer. Calls go down and answer with return
 * values; news goes up through one subscription. `peer.ts` is the one that does it; tests may use a fake.
 */

import type { Writable } from 'node:stream'
import type { FilesPage, News, OnClash } from '../../shared/contract.ts'
import type { AppError } from '../../shared/errors.ts'
import type { Settings } from '../../shared/settings.ts'
import type {
  ActivityView,
  FileView,
  InviteView,
  LeavingView,
  NearbyRingView,
  RemovedView,
  RingView,
  SafetyView,
  StatusView,
  TransferView,
  WhatIfView,
  WhereView,
} from '../../shared/views.ts'
import type { PeerEvent } from './peer-events.ts'

export interface HolderRef {
  readonly id: string
  readonly name: string
}

export interface StoreResult {
  readonly name: string
  readonly sizeBytes: number
  readonly sha256: string
  readonly copies: number
  readonly wanted: number
  readonly state: 'stored' | 'partial'
  readonly holders: readonly HolderRef[]
  readonly route: readonly string[]
  readonly seconds: number
}

export interface RequestResult {
  readonly name: string
  readonly sizeBytes: number
  readonly sha256: string
  /** Absolute path, or '-' when it went to a stream. */
  readonly out: string
  readonly from: readonly { readonly id: string; readonly name: string; readonly bytes: number }[]
  readonly route: readonly string[]
  readonly seconds: number
}

export interface WorkOptions {
  readonly signal?: AbortSignal
  /** Latest-wins, at most four a second. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void
  /** Should this process end before the work does, the next start goes on with it. Not for streams and files that do not last. */
  readonly outlives?: boolean
}

export interface StoreOptions extends WorkOptions {
  /** Name in the ring; default: the file's base name. */
  readonly name?: string
  readonly onClash?: OnClash
}

export interface StoreFilesOptions {
  readonly signal?: AbortSignal
  readonly onClash?: OnClash
  /** Of files that are stored alone. */
  readonly onProgress?: (file: { readonly name: string }, doneBytes: number, totalBytes: number) => void
  /** What became of one file, in no order; the next ones wait for it now and then. */
  readonly onDone: (file: { readonly path: string; readonly name: string }, outcome: StoreResult | AppError) => Promise<void> | void
}

export interface RequestFilesOptions {
  /** An existing folder. What is there stays: a file becomes `name (2)`. */
  readonly folder: string
  readonly signal?: AbortSignal
  /** Of files that are requested alone. */
  readonly onProgress?: (name: string, doneBytes: number, totalBytes: number) => void
  /** What became of one file, in no order. */
  readonly onDone: (name: string, outcome: RequestResult | AppError) => Promise<void> | void
}

export interface RequestOptions extends WorkOptions {
  /** Version id; default: the current one. */
  readonly version?: string
  /** A file path to write (replaced when it exists), an existing folder, or a stream. Default: the downloads folder, `name (2)` on a clash. */
  readonly out?: string | Writable
  /** When `out` is a folder: the file is called this and the version's original name there, replacing an earlier one. */
  readonly namePrefix?: string
}

export interface VerifyResult {
  readonly name: string
  readonly good: boolean
}

/** All methods reject with AppError. */
export interface PeerApi {
  readonly id: string
  readonly address: string
  readonly dataFolder: string
  /** Stores one regular file. Resolves when durable on min(k, ring size) machines, or `partial`. */
  storeFile(path: string, options?: StoreOptions): Promise<StoreResult>
  /** Stores many files, small ones together. The failure of one is its outcome, and no other's. */
  storeFiles(files: AsyncIterable<{ readonly path: string; readonly name: string }>, options: StoreFilesOptions): Promise<void>
  /** Every file below the paths with its ring name: base name, or for a folder the paths from its own name on. */
  expandPaths(paths: readonly string[]): AsyncIterable<{ readonly path: string; readonly name: string }>
  /** Queues files and folders; returns when counted. Progress comes as transfers. */
  queueStores(paths: readonly string[], onClash: OnClash): Promise<number>
  /** Requests many files, small ones together. A name that is no file's but begins others', as a folder's does, stands for all of them. */
  requestFiles(names: readonly string[], options: RequestFilesOptions): Promise<void>
  requestFile(name: string, options?: RequestOptions): Promise<RequestResult>
  /** Queues a request; `out` as in RequestOptions. */
  queueRequest(name: string, options: { readonly version?: string; readonly out?: string }): Promise<string>
  removeFile(name: string): Promise<void>
  /** Takes a removed name back; with `version`, makes that removed or earlier version the current one. */
  restoreFile(name: string, version?: string): Promise<void>
  /** Names in the trash, last removed first. */
  listRemoved(): RemovedView[]
  /** Ends a conflict: the others become earlier versions. */
  chooseVersion(name: string, version: string): Promise<void>
  /** Ends a conflict by giving one of its versions a name of its own; resolves with that name. */
  keepBothVersions(name: string, version: string): Promise<string>
  whereIs(name: string): Promise<WhereView>
  /** Re-reads this machine's copies (of one name, or all) and checks their hashes. */
  verify(name: string | null): AsyncIterable<VerifyResult>
  /** Some of the ring's files; `next`: that of the page before, null for the first one. */
  files(next: number | null): FilesPage
  /** Null: no such file. */
  file(name: string): FileView | null
  transfers(): TransferView[]
  /** For these four, null: all that a person asked for (retry: all of them that failed). */
  cancelTransfer(id: string | null): void
  pauseTransfer(id: string | null): void
  resumeTransfer(id: string | null): void
  retryTransfer(id: string | null, onClash: OnClash): void
  clearFinished(): void
  activity(limit: number): ActivityView[]
  ring(): RingView
  safety(): SafetyView
  status(): StatusView
  /** Names of files that have one copy, or none within reach: a thousand at most. */
  atRisk(): Promise<string[]>
  nearby(): NearbyRingView[]
  whatIf(machineIds: readonly string[]): Promise<WhatIfView>
  invite(): Promise<InviteView>
  join(link: string, bringFiles: boolean): Promise<void>
  settings(): Settings
  updateSettings(patch: Partial<Settings>): Promise<Settings>
  /** Hands over, tells the neighbours, stops. Ring and files stay on disk: the next start resumes. `forget`: they do not. */
  leave(options: {
    readonly forget: boolean
    readonly onProgress?: (leaving: LeavingView) => void
    readonly signal?: AbortSignal
  }): Promise<void>
  /** Stops at once, without a word to the others: what a crash would be, but with files closed. */
  stop(): Promise<void>
  /** News for windows. */
  onNews(listener: (news: News) => void): () => void
  /** The peer's own events, for logs, tests and the classroom. */
  onEvent(listener: (event: PeerEvent) => void): () => void
}
