/** The window's one way to the peer: the desktop's preload, or in a browser a WebSocket to the headless peer. */

import type { Api } from '../../shared/contract.ts'
import { createBrowserApi, type BrowserApi } from './browser-api.ts'

export type WindowApi = Api | BrowserApi

export function findApi(): WindowApi {
  return window.api ?? createBrowserApi()
}

/** Calls back with false when the connection is lost and true when it is there again. The desktop's never breaks. */
export function watchConnection(api: WindowApi, listener: (connected: boolean) => void): () => void {
  return 'onConnection' in api ? api.onConnection(listener) : () => undefined
}
