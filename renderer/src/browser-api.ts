/**
 * The contract over a WebSocket at `/api`. Requests carry an id, answers come in any order, news carry none. A broken
 * connection fails what is under way at once (the person sees it) and is tried again with growing pauses.
 */

import type { Api, CommandName, Commands, DroppedFile, News, OnClash, Outcome } from '../../shared/contract.ts'
import type { PlainError } from '../../shared/errors.ts'

export interface BrowserApi extends Api {
  onConnection(listener: (connected: boolean) => void): () => void
  close(): void
}

interface Frame {
  readonly id?: number
  readonly outcome?: Outcome<never>
  readonly news?: News
}

const pauseFirstMs = 500
const pauseMaxMs = 10_000
const lost: PlainError = { code: 'peer-not-running', message: 'The connection to Ringdrop is lost', facts: {} }

export function createBrowserApi(origin: Location | URL = window.location): BrowserApi {
  /** An answer's type is that of its question: the wire cannot say so. */
  const pending = new Map<number, (outcome: Outcome<never>) => void>()
  const newsListeners = new Set<(news: News) => void>()
  const connectionListeners = new Set<(connected: boolean) => void>()
  const waiting: string[] = []
  let socket: WebSocket | null = null
  let lastId = 0
  let pauseMs = pauseFirstMs
  let everOpen = false
  let closed = false

  function connect(): void {
    const opened = new WebSocket(`${origin.protocol === 'https:' ? 'wss:' : 'ws:'}//${origin.host}/api`)
    socket = opened
    opened.onopen = () => {
      pauseMs = pauseFirstMs
      everOpen = true
      for (const text of waiting.splice(0)) opened.send(text)
      for (const listener of connectionListeners) listener(true)
    }
    opened.onmessage = (message: MessageEvent<unknown>) => receive(message.data)
    opened.onclose = () => {
      waiting.length = 0
      for (const [id, answer] of pending) {
        pending.delete(id)
        answer({ ok: false, error: lost })
      }
      for (const listener of connectionListeners) listener(false)
      if (closed) return
      setTimeout(connect, pauseMs * (0.75 + Math.random() / 2))
      pauseMs = Math.min(pauseMs * 2, pauseMaxMs)
    }
  }

  function receive(data: unknown): void {
    if (typeof data !== 'string') return
    const frame = JSON.parse(data) as Frame
    if (frame.news) for (const listener of newsListeners) listener(frame.news)
    if (frame.id === undefined || !frame.outcome) return
    pending.get(frame.id)?.(frame.outcome)
    pending.delete(frame.id)
  }

  function run<K extends CommandName>(name: K, argument: Commands[K]['argument']): Promise<Outcome<K>> {
    const text = JSON.stringify({ id: ++lastId, name, argument })
    if (socket?.readyState === WebSocket.OPEN) socket.send(text)
    else if (!everOpen && socket?.readyState === WebSocket.CONNECTING) waiting.push(text)
    else return Promise.resolve({ ok: false, error: lost })
    const id = lastId
    return new Promise((resolve) => pending.set(id, resolve))
  }

  connect()
  return {
    host: 'browser',
    platform: 'browser',
    run,
    onNews: (listener) => subscribe(newsListeners, listener),
    onConnection: (listener) => subscribe(connectionListeners, listener),
    storeFiles: (files, onClash) => upload(files, onClash),
    downloadAddress: (name, version) =>
      `/download?${new URLSearchParams({ name, ...(version === undefined ? {} : { version }) }).toString()}`,
    close: () => {
      closed = true
      socket?.close()
    },
  }
}

function subscribe<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** One file after the other: the browser streams each from disk, so memory stays flat. Stops at the first that fails. */
async function upload(files: readonly DroppedFile[], onClash: OnClash): Promise<Awaited<ReturnType<Api['storeFiles']>>> {
  let queued = 0
  for (const { file, relativePath } of files) {
    if (!(file instanceof Blob)) continue
    try {
      const response = await fetch(`/upload?name=${encodeURIComponent(relativePath)}&onClash=${onClash}`, { method: 'POST', body: file })
      if (!response.ok) return { ok: false, error: await readError(response, relativePath) }
      queued++
    } catch {
      return { ok: false, error: { code: 'file-unreadable', message: `${relativePath} could not be sent`, facts: { name: relativePath } } }
    }
  }
  return { ok: true, queued }
}

async function readError(response: Response, name: string): Promise<PlainError> {
  try {
    const error = (await response.json()) as PlainError
    if (typeof error.code === 'string' && typeof error.message === 'string') return { ...error, facts: { name, ...error.facts } }
  } catch {
    // No JSON: the status says all there is.
  }
  return { code: 'internal', message: `${name} was not taken (${response.status})`, facts: { name } }
}
