/** Serves the window of a peer: the contract, the pages and what connects them. */

import { createCommandHost } from '../peer/command-host.ts'
import type { PeerApi } from '../peer/peer-api.ts'
import { appVersion, rendererFolder } from './data-folder.ts'
import { startWebServer, type WebServer } from './web-server.ts'

/** `quit` is called for the window's "leave and quit". */
export function openWindow(peer: PeerApi, at: { readonly address: string; readonly port: number }, quit: () => void): Promise<WebServer> {
  const host = createCommandHost(peer, { desktop: null, version: appVersion(), quit })
  return startWebServer({ peer, host, root: rendererFolder, address: at.address, port: at.port })
}
