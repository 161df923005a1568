/**
 * The window in a browser: the same pages as the desktop's, the contract over a WebSocket, upload and download over HTTP.
 * Order of the checks: is it us that is meant (Host), who asks (token or cookie), from which page (Origin), and only then what.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { isIPv6, type AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { STATUS_CODES } from 'node:http'
import { AppError } from '../../shared/errors.ts'
import type { CommandHost } from '../peer/command-host.ts'
import type { PeerApi } from '../peer/peer-api.ts'
import { WebAuth } from './web-auth.ts'
import { clearUploads, download, Uploads } from './web-files.ts'
import { createWebSockets, type WebSockets } from './web-socket.ts'
import { findStatic, sendStatic, sendText, setSafeHeaders } from './web-static.ts'

export const webLimits = {
  /** Connections at the same time: windows, their files, uploads and downloads. */
  connections: 256,
  /** Headers must be here within so many milliseconds; a body may take as long as it takes. */
  headersMs: 20_000,
} as const

export interface WebServerOptions {
  readonly peer: PeerApi
  readonly host: CommandHost
  /** Folder of the built window. */
  readonly root: string
  readonly address: string
  readonly port: number
}

export interface WebServer {
  readonly port: number
  /** The address with its token: whoever opens it is in. */
  readonly url: string
  close(): Promise<void>
}

interface Parts {
  readonly options: WebServerOptions
  readonly auth: WebAuth
  readonly uploads: Uploads
  readonly sockets: WebSockets
}

/** `ADDR:PORT` of the command line; IPv6 in brackets. Throws AppError `bad-argument`. */
export function parseWebAddress(text: string): { address: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]\s]+)):([0-9]{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (!match || port > 65_535)
    throw new AppError('bad-argument', `--web ${text}: give an address and a port, such as 127.0.0.1:8080 or [::1]:0`)
  return { address: match[1] ?? match[2] ?? '', port }
}

/** Starts the web server. Rejects with `port-in-use`, or `bad-argument` for an address that is not this machine's. */
export async function startWebServer(options: WebServerOptions): Promise<WebServer> {
  await clearUploads(options.peer)
  const parts: Parts = { options, auth: new WebAuth(), uploads: new Uploads(options.peer), sockets: createWebSockets(options.host) }
  const server = createServer({ headersTimeout: webLimits.headersMs, requestTimeout: 0 }, (request, response) => {
    setSafeHeaders(response)
    response.on('error', () => response.destroy())
    handle(parts, request, response).catch(() => {
      sendText(response, 500, 'Something went wrong here')
    })
  })
  server.maxConnections = webLimits.connections
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    const refused = refuseUpgrade(parts.auth, request)
    if (refused === null) parts.sockets.upgrade(request, socket, head)
    else socket.end(`HTTP/1.1 ${refused} ${STATUS_CODES[refused] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  })
  try {
    await listen(server, options)
  } catch (thrown) {
    parts.sockets.close()
    throw thrown
  }
  const bound = server.address() as AddressInfo
  return {
    port: bound.port,
    url: `http://${shownHost(bound.address)}:${bound.port}/?token=${parts.auth.token}`,
    close: () =>
      new Promise((resolve) => {
        parts.sockets.close()
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, { address, port }: WebServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const inUse = error.code === 'EADDRINUSE'
      const message = inUse
        ? `Port ${port} of ${address} is in use; choose another with --web, or --web ${address}:0 for any`
        : `The window cannot be served on ${address}:${port}: ${error.code ?? error.message}; choose another address with --web`
      reject(new AppError(inUse ? 'port-in-use' : 'bad-argument', message, { address: `${address}:${port}` }))
    })
    server.listen(port, address, resolve)
  })
}

/** An address that a person can open: "all interfaces" is none. */
function shownHost(address: string): string {
  if (address !== '0.0.0.0' && address !== '::') return isIPv6(address) ? `[${address}]` : address
  const outer = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find((found) => !found.internal && found.family === 'IPv4')
  return outer?.address ?? '127.0.0.1'
}

function refuseUpgrade(auth: WebAuth, request: IncomingMessage): number | null {
  if (!auth.isOwnHost(request)) return 421
  if (!auth.isSignedIn(request)) return 401
  if (!auth.isOwnOrigin(request)) return 403
  return pathOf(request).pathname === '/api' ? null : 404
}

/** Path as sent (dots and all: containment is checked on the file), and query. */
function pathOf(request: IncomingMessage): { pathname: string; query: URLSearchParams } {
  const target = request.url ?? '/'
  const mark = target.indexOf('?')
  return { pathname: mark < 0 ? target : target.slice(0, mark), query: new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)) }
}

const signInText = 'Open this window by the address that ringdrop printed when it started: it ends with ?token=…'

async function handle(parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { auth, options } = parts
  const { pathname, query } = pathOf(request)
  if (!auth.isOwnHost(request)) {
    sendText(response, 421, 'This server answers to its IP address and to localhost only')
    return
  }
  const token = query.get('token')
  if (pathname === '/' && token !== null && request.method === 'GET' && auth.isToken(token)) {
    response.writeHead(302, {
      Location: '/',
      'Set-Cookie': auth.cookieFor(request.socket.localPort ?? 0),
      'Cache-Control': 'no-store',
      'Content-Length': 0,
    })
    response.end()
    return
  }
  if (!auth.isSignedIn(request)) {
    response.setHeader('Connection', 'close')
    sendText(response, 401, signInText)
    return
  }
  if (request.method === 'POST') {
    if (!auth.isOwnOrigin(request)) sendText(response, 403, 'Uploads come from the window itself only')
    else if (pathname === '/upload') await parts.uploads.handle(request, response, query)
    else sendText(response, 404, 'There is nothing here')
    return
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD, POST')
    sendText(response, 405, 'That cannot be done here')
    return
  }
  if (pathname === '/download' && request.method === 'GET') await download(options.peer, response, query)
  else await sendPage(options.root, pathname, { response, headOnly: request.method === 'HEAD' })
}

async function sendPage(root: string, pathname: string, to: { response: ServerResponse; headOnly: boolean }): Promise<void> {
  const path = await findStatic(root, pathname)
  if (path !== null) await sendStatic(to.response, path, to.headOnly)
  else if (pathname === '/') sendText(to.response, 404, 'The window has not been built; run: npm run build')
  else sendText(to.response, 404, 'There is nothing here')
}
