/**
 * `app://window/…`: the built renderer under its own scheme, so that the window has a real origin, gets headers, and reaches
 * no other file of this computer (as `file:` would).
 */

import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { extname, resolve, sep } from 'node:path'
import { noncePlaceholder } from '../../shared/content-policy.ts'
import { responseHeaders } from './response-headers.ts'

export const windowScheme = 'app'
export const windowHost = 'window'
export const windowAddress = `${windowScheme}://${windowHost}/`

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
}

/** The file that an address of the window means, inside `folder` and of a kind that is served, or null. */
export function resolveWindowFile(folder: string, address: string): string | null {
  if (!URL.canParse(address)) return null
  const url = new URL(address)
  if (url.protocol !== `${windowScheme}:` || url.host !== windowHost) return null
  let path: string
  try {
    path = decodeURIComponent(url.pathname)
  } catch {
    return null
  }
  // Backslashes and colons are ordinary characters here but separators and streams on Windows.
  if (/[\0\\:]/.test(path)) return null
  const file = resolve(folder, `.${path.endsWith('/') ? `${path}index.html` : path}`)
  if (!file.startsWith(resolve(folder) + sep)) return null
  return extname(file) in contentTypes ? file : null
}

const refused = (status: number): Response => new Response(null, { status, headers: responseHeaders('text/plain', null) })

/** Answers the window's requests from `folder`. Never rejects. */
export function createWindowProtocol(folder: string): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return refused(405)
    const file = resolveWindowFile(folder, request.url)
    if (file === null) return refused(404)
    const type = contentTypes[extname(file)] ?? 'application/octet-stream'
    try {
      const bytes = await readFile(file)
      if (extname(file) !== '.html') return new Response(new Uint8Array(bytes), { headers: responseHeaders(type, null) })
      const nonce = randomBytes(16).toString('base64')
      return new Response(bytes.toString('utf8').replaceAll(noncePlaceholder, nonce), { headers: responseHeaders(type, nonce) })
    } catch {
      return refused(404)
    }
  }
}

/** Whether an address is one of the window's own pages. `developmentServer`: origin of the dev server, or null. */
export function isWindowAddress(address: string, developmentServer: string | null): boolean {
  if (!URL.canParse(address)) return false
  const url = new URL(address)
  if (developmentServer !== null) return url.origin === developmentServer
  // Not `origin`: outside of Chromium a URL of an own scheme has the origin "null".
  return url.protocol === `${windowScheme}:` && url.host === windowHost
}
