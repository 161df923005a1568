/**
 * The contract onto Electron's ipc: one channel for commands, one for news. Whoever speaks is checked first: only the main
 * frame of our own window, showing one of our own pages, is answered.
 */

import type { IpcMain, IpcMainInvokeEvent } from 'electron'
import type { CommandName, News, Outcome } from '../../shared/contract.ts'
import { newsChannel, runChannel } from '../../shared/channels.ts'
import { isWindowAddress } from './window-protocol.ts'

export interface IpcOptions {
  /** Runs a command; never rejects, whatever it is given. */
  run(name: unknown, argument: unknown): Promise<Outcome<CommandName>>
  /** Whether a sender with this id is one of our windows. */
  isOurWindow(webContentsId: number): boolean
  /** Origin of the dev server, or null. */
  readonly developmentServer: string | null
}

const refusal: Outcome<CommandName> = {
  ok: false,
  error: { code: 'bad-argument', message: 'This page may not speak to Ringdrop', facts: {} },
}

/** What the check reads of an event: Electron's own, or a test's. */
export type Sender = Pick<IpcMainInvokeEvent, 'sender' | 'senderFrame'>

/** True for the main frame of our window on our own page. A frame that is gone already is nobody. */
export function isTrusted(event: Sender, options: Pick<IpcOptions, 'isOurWindow' | 'developmentServer'>): boolean {
  const frame = event.senderFrame
  if (!frame || frame.parent !== null || !options.isOurWindow(event.sender.id)) return false
  return isWindowAddress(frame.url, options.developmentServer)
}

/** Answers commands on `ipcMain`. */
export function registerIpc(ipcMain: Pick<IpcMain, 'handle'>, options: IpcOptions): void {
  ipcMain.handle(runChannel, (event: IpcMainInvokeEvent, name: unknown, argument: unknown) =>
    isTrusted(event, options) ? options.run(name, argument) : refusal,
  )
}

export interface NewsTarget {
  isDestroyed(): boolean
  readonly webContents: { send(channel: string, news: News): void; isDestroyed(): boolean }
}

/** Sends news to windows that are still there. */
export function sendNews(windows: readonly NewsTarget[], news: News): void {
  for (const window of windows) {
    if (!window.isDestroyed() && !window.webContents.isDestroyed()) window.webContents.send(newsChannel, news)
  }
}
