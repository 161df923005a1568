/**
 * `window.api` of the desktop app. Runs sandboxed between page and main process: hands on only what the contract lists, and
 * takes the paths of dropped files itself, so that the page never sees one.
 */

import { contextBridge, ipcRenderer, webUtils, type IpcRendererEvent } from 'electron'
import { newsChannel, runChannel } from '../../shared/channels.ts'
import {
  commandNames,
  type Api,
  type CommandName,
  type Commands,
  type DroppedFile,
  type News,
  type OnClash,
  type Outcome,
} from '../../shared/contract.ts'
import { toPlainError, type ErrorCode } from '../../shared/errors.ts'
import { pathsOfDrop } from './dropped-paths.ts'

/** Paths in one command; the contract's limit is 10 000. */
const pathsPerCommand = 5000

const failed = (
  code: ErrorCode,
  message: string,
): { readonly ok: false; readonly error: { code: ErrorCode; message: string; facts: Record<string, string> } } => ({
  ok: false,
  error: { code, message, facts: {} },
})

async function ask<K extends CommandName>(name: K, argument: Commands[K]['argument']): Promise<Outcome<K>> {
  try {
    return (await ipcRenderer.invoke(runChannel, name, argument)) as Outcome<K>
  } catch (thrown) {
    return { ok: false, error: toPlainError(thrown) }
  }
}

function run<K extends CommandName>(name: K, argument: Commands[K]['argument']): Promise<Outcome<K>> {
  // A page has no paths to give: it drops, or picks in the system's dialog. So nothing that runs in it can have any file stored.
  if (!commandNames.includes(name) || name === 'storePaths') return Promise.resolve(failed('bad-argument', `No such command: ${name}`))
  return ask(name, argument)
}

function onNews(listener: (news: News) => void): () => void {
  const hear = (_event: IpcRendererEvent, news: News): void => {
    listener(news)
  }
  ipcRenderer.on(newsChannel, hear)
  return () => {
    ipcRenderer.off(newsChannel, hear)
  }
}

function pathOf(file: unknown): string {
  try {
    return webUtils.getPathForFile(file as File)
  } catch {
    return ''
  }
}

async function storeFiles(files: readonly DroppedFile[], onClash: OnClash): ReturnType<Api['storeFiles']> {
  const dropped = files.map(({ file, relativePath }) => ({ path: pathOf(file), relativePath }))
  const paths = pathsOfDrop(dropped)
  let queued = 0
  for (let start = 0; start < paths.length; start += pathsPerCommand) {
    const outcome = await ask('storePaths', { paths: paths.slice(start, start + pathsPerCommand), onClash })
    if (!outcome.ok) return outcome
    queued += outcome.value.queued
  }
  const missing = dropped.filter(({ path }) => path === '')
  const [first] = missing
  if (!first) return { ok: true, queued }
  const what = missing.length === 1 ? `"${first.relativePath}" is` : `"${first.relativePath}" and ${String(missing.length - 1)} more are`
  return failed(
    'file-unreadable',
    `${what} not on a disk of this computer and cannot be stored. Save it to a folder first, then drop it again.`,
  )
}

const api: Api = {
  host: 'desktop',
  platform: process.platform,
  run,
  onNews,
  storeFiles,
  downloadAddress: () => null,
}

contextBridge.exposeInMainWorld('api', api)
