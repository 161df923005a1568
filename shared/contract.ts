/**
 * Every command and every piece of news between a window and the peer: the one source that preload, main process, web
 * server, browser carrier and the window's stores derive from. A command that is missing on either side does not compile.
 */

import type { PlainError } from './errors.ts'
import type { Settings } from './settings.ts'
import type {
  ActivityView,
  FileView,
  InviteView,
  LeavingView,
  NearbyRingView,
  RemovedView,
  RingView,
  SafetyView,
  TransferView,
  WhatIfView,
  WhereView,
} from './views.ts'

/** What to do when a name is stored already with other content. */
export type OnClash = 'decline' | 'replace' | 'keep-both'

/** Some of the ring's files: a hundred thousand in one message would hold both sides up, and fill their memory. */
export interface FilesPage {
  readonly files: readonly FileView[]
  /** To be asked with for those that follow; null: these were the last. */
  readonly next: number | null
}

/** Everything that a window needs when it opens. */
export interface Snapshot {
  readonly ring: RingView
  /** The first of them: those that became known last. */
  readonly files: FilesPage
  readonly transfers: readonly TransferView[]
  readonly activity: readonly ActivityView[]
  readonly safety: SafetyView
  readonly settings: Settings
  readonly nearby: readonly NearbyRingView[]
  /** `desktop`: paths, dialogs and folders are there; `browser`: upload and download take their place. */
  readonly host: 'desktop' | 'browser'
  readonly version: string
}

/** Command name -> its argument and its result. Errors are rejected with a PlainError's code and message. */
export interface Commands {
  open: { argument: null; result: Snapshot }
  /** The files after those of an earlier page. What comes, changes or goes meanwhile is told as news. */
  listFiles: { argument: { next: number }; result: FilesPage }
  /** Stores files and folders of this machine. Resolves when they are queued; progress comes as transfers. Desktop only. */
  storePaths: { argument: { paths: string[]; onClash: OnClash }; result: { queued: number } }
  /** Opens the system's file dialog and stores what was picked. Desktop only. */
  pickAndStore: { argument: null; result: { queued: number } }
  /** Requests a file into the downloads folder; progress comes as transfers. */
  requestFile: { argument: { name: string; version: string | null }; result: { transferId: string } }
  /** Asks for a place first (desktop only); null when the person cancelled. */
  requestFileAs: { argument: { name: string }; result: { transferId: string } | null }
  removeFile: { argument: { name: string }; result: null }
  /** Takes a removed file back from the trash; with `version`, makes that removed or earlier version the current one. */
  restoreFile: { argument: { name: string; version?: string }; result: null }
  /** The trash, last removed first. */
  listRemoved: { argument: null; result: RemovedView[] }
  whereIs: { argument: { name: string }; result: WhereView }
  /** Keeps one of several live versions as the current one. */
  chooseVersion: { argument: { name: string; version: string }; result: null }
  /** Ends a conflict by giving one of its versions a name of its own beside the file: that new name. */
  keepBothVersions: { argument: { name: string; version: string }; result: { name: string } }
  verifyFile: { argument: { name: string }; result: null }
  /** For the next four, null: all of them, as far as a person asked for them. */
  cancelTransfer: { argument: { id: string | null }; result: null }
  /** What arrived stays; it goes on when it is resumed. */
  pauseTransfer: { argument: { id: string | null }; result: null }
  /** Also ends the wait for a machine that is away. */
  resumeTransfer: { argument: { id: string | null }; result: null }
  /** Null: all that failed. */
  retryTransfer: { argument: { id: string | null; onClash: OnClash }; result: null }
  clearFinished: { argument: null; result: null }
  whatIf: { argument: { machineIds: string[] }; result: WhatIfView }
  createInvite: { argument: null; result: InviteView }
  /** Leaves this ring of one (or hands over first) and joins by link. `bringFiles`: store this ring's files in the new one. */
  joinRing: { argument: { link: string; bringFiles: boolean }; result: null }
  updateSettings: { argument: Partial<Settings>; result: Settings }
  /** Shows the requested or stored file in the system's file manager. Desktop only. */
  showInFolder: { argument: { path: string }; result: null }
  pickFolder: { argument: { title: string }; result: { path: string } | null }
  /** Hands over and stops the peer. */
  leaveAndQuit: { argument: null; result: null }
}

export type CommandName = keyof Commands

/** All command names, as values: a carrier refuses anything else. */
const commandTable: Record<CommandName, true> = {
  open: true,
  listFiles: true,
  storePaths: true,
  pickAndStore: true,
  requestFile: true,
  requestFileAs: true,
  removeFile: true,
  restoreFile: true,
  listRemoved: true,
  whereIs: true,
  chooseVersion: true,
  keepBothVersions: true,
  verifyFile: true,
  cancelTransfer: true,
  pauseTransfer: true,
  resumeTransfer: true,
  retryTransfer: true,
  clearFinished: true,
  whatIf: true,
  createInvite: true,
  joinRing: true,
  updateSettings: true,
  showInFolder: true,
  pickFolder: true,
  leaveAndQuit: true,
}
export const commandNames = Object.keys(commandTable) as readonly CommandName[]

/** News from the peer to every window, at most four a second of each latest-wins kind. */
export type News =
  | { readonly kind: 'ring'; readonly ring: RingView }
  | { readonly kind: 'files'; readonly changed: readonly FileView[]; readonly removed: readonly string[] }
  | { readonly kind: 'transfers'; readonly changed: readonly TransferView[]; readonly removed: readonly string[] }
  | { readonly kind: 'activity'; readonly lines: readonly ActivityView[] }
  | { readonly kind: 'safety'; readonly safety: SafetyView }
  | { readonly kind: 'settings'; readonly settings: Settings }
  | { readonly kind: 'nearby'; readonly rings: readonly NearbyRingView[] }
  | { readonly kind: 'leaving'; readonly leaving: LeavingView }
  /** Something a person should read now; `actions` are offered as buttons. */
  | { readonly kind: 'notice'; readonly notice: Notice }
  /** The menu or the tray asks the window to do something. */
  | { readonly kind: 'menu'; readonly action: MenuAction }

export interface Notice {
  readonly tone: 'good' | 'warning' | 'bad'
  readonly text: string
  readonly error: PlainError | null
  readonly actions: readonly ('replace' | 'keep-both' | 'retry' | 'show-transfers')[]
  /** The transfer that the actions are about. */
  readonly transferId: string | null
}

export type MenuAction = 'files' | 'ring' | 'transfers' | 'activity' | 'settings' | 'find' | 'add' | 'invite'

export type Outcome<K extends CommandName> =
  { readonly ok: true; readonly value: Commands[K]['result'] } | { readonly ok: false; readonly error: PlainError }

/**
 * What preload puts on `window.api`, and what the browser carrier builds over a WebSocket. `run` never rejects: the outcome
 * says how it ended, since an error's code would be lost on its way through a context bridge.
 */
export interface Api {
  readonly host: 'desktop' | 'browser'
  readonly platform: string
  run<K extends CommandName>(name: K, argument: Commands[K]['argument']): Promise<Outcome<K>>
  onNews(listener: (news: News) => void): () => void
  /** Stores dropped or picked File objects: the preload hands their paths to main, the browser uploads their bytes. */
  storeFiles(
    files: readonly DroppedFile[],
    onClash: OnClash,
  ): Promise<{ readonly ok: true; readonly queued: number } | { readonly ok: false; readonly error: PlainError }>
  /** In a browser: the address that downloads a file, or one version of it. On the desktop: null. */
  downloadAddress(name: string, version?: string): string | null
}

/** A dropped File (a DOM object, opaque here) and its path inside the dropped folder, with `/`. */
export interface DroppedFile {
  readonly file: unknown
  readonly relativePath: string
}
