/** The built window's files over HTTP: nothing outside its folder, correct types, and the strict policy of the desktop. */

import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, realpath, stat } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { extname, resolve, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { contentSecurityPolicy, noncePlaceholder } from '../../shared/content-policy.ts'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.ico': 'image/x-icon',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.wasm': 'application/wasm',
}

/** MIME type by a name's ending. */
export function mimeType(name: string): string {
  return types[extname(name).toLowerCase()] ?? 'application/octet-stream'
}

/** Headers of every response. */
export function setSafeHeaders(response: ServerResponse): void {
  response.setHeader('X-Content-Type-Options', 'nosniff')
  response.setHeader('Referrer-Policy', 'no-referrer')
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin')
  response.setHeader('Content-Security-Policy', "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox")
}

/** A short page of text, for a person who came to the wrong place. */
export function sendText(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const body = Buffer.from(`${text}\n`)
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': body.length, 'Cache-Control': 'no-store' })
  response.end(body)
}

/** The file that a request's path names, or null: not there, not a file, or outside the folder. */
export async function findStatic(root: string, requestPath: string): Promise<string | null> {
  let decoded: string
  try {
    decoded = decodeURIComponent(requestPath)
  } catch {
    return null
  }
  if (decoded.includes('\0') || decoded.includes('\\')) return null
  try {
    const rootPath = await realpath(root)
    const path = await realpath(resolve(rootPath, `.${decoded === '/' ? '/index.html' : decoded}`))
    if (!path.startsWith(rootPath + sep)) return null
    return (await stat(path)).isFile() ? path : null
  } catch {
    return null
  }
}

/** Sends one file of the window. */
export async function sendStatic(response: ServerResponse, path: string, headOnly: boolean): Promise<void> {
  if (extname(path) === '.html') {
    const nonce = randomBytes(18).toString('base64')
    const page = Buffer.from((await readFile(path, 'utf8')).replaceAll(noncePlaceholder, nonce))
    response.setHeader('Content-Security-Policy', contentSecurityPolicy(nonce))
    response.writeHead(200, { 'Content-Type': mimeType(path), 'Content-Length': page.length, 'Cache-Control': 'no-store' })
    response.end(headOnly ? undefined : page)
    return
  }
  const { size } = await stat(path)
  // The build puts a hash into the name of everything below assets/: such a file never changes.
  const cache = path.includes(`${sep}assets${sep}`) ? 'private, max-age=31536000, immutable' : 'no-cache'
  response.writeHead(200, { 'Content-Type': mimeType(path), 'Content-Length': size, 'Cache-Control': cache })
  if (headOnly || size === 0) response.end()
  else await pipeline(createReadStream(path, { end: size - 1 }), response)
}
