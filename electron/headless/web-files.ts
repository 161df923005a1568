/** Upload and download in a browser, in place of a desktop's paths: streamed both ways, with memory that does not grow. */

import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rm, statfs } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { Transform, Writable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import * as v from 'valibot'
import { AppError, toPlainError, type ErrorCode } from '../../shared/errors.ts'
import type { PeerApi } from '../peer/peer-api.ts'
import { mimeType } from './web-static.ts'

export const fileLimits = {
  /** Uploads at the same time; a browser sends few, and each needs room for its file. */
  uploads: 16,
  /** Space that uploads leave free on disks that have it, in bytes; a tenth of smaller ones. */
  reserveBytes: 5_000_000_000,
  /** Free space is looked at again after so many bytes, since others write too. */
  spaceEveryBytes: 64 * 1_048_576,
} as const

const uploadSchema = v.object({
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(4096)),
  onClash: v.picklist(['decline', 'replace', 'keep-both']),
})

const statusOf: Partial<Record<ErrorCode, number>> = {
  'already-exists': 409,
  'bad-argument': 400,
  'disk-full': 507,
  'not-found': 404,
  'out-of-reach': 503,
  'not-a-member': 403,
  'peer-unreachable': 503,
}

const uploadsFolder = (peer: PeerApi): string => join(peer.dataFolder, 'uploads')

/** Removes what a killed process left of uploads. */
export async function clearUploads(peer: PeerApi): Promise<void> {
  await rm(uploadsFolder(peer), { recursive: true, force: true })
}

/** An error as JSON, with the HTTP status that fits its code. */
export function sendError(response: ServerResponse, thrown: unknown): void {
  const error = toPlainError(thrown)
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  sendJson(response, statusOf[error.code] ?? 500, error)
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value))
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
  })
  response.end(body)
}

/** `POST /upload?name=…&onClash=…`: the body becomes a file of the ring. Whatever breaks leaves nothing behind. */
export class Uploads {
  readonly #peer: PeerApi
  #running = 0

  constructor(peer: PeerApi) {
    this.#peer = peer
  }

  async handle(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): Promise<void> {
    if (this.#running >= fileLimits.uploads) {
      response.setHeader('Connection', 'close')
      sendJson(response, 429, { code: 'internal', message: 'Too many uploads at the same time; try again in a moment', facts: {} })
      return
    }
    this.#running++
    try {
      sendJson(response, 200, await this.#store(request, query))
    } catch (thrown) {
      // The rest of a refused body is not read: the connection ends with the answer.
      if (!response.headersSent) response.setHeader('Connection', 'close')
      sendError(response, thrown)
    } finally {
      this.#running--
    }
  }

  async #store(request: IncomingMessage, query: URLSearchParams): Promise<object> {
    const asked = v.safeParse(uploadSchema, { name: query.get('name'), onClash: query.get('onClash') ?? 'decline' })
    if (!asked.success) throw new AppError('bad-argument', `Upload: ${asked.issues[0].message}`)
    const path = join(uploadsFolder(this.#peer), `${randomUUID()}.part`)
    try {
      await receive(request, path)
      const done = await this.#peer.storeFile(path, { name: asked.output.name.normalize('NFC'), onClash: asked.output.onClash })
      const { name, sizeBytes, sha256, copies, wanted, state } = done
      return { queued: 1, name, size: sizeBytes, sha256, copies, wanted, state }
    } finally {
      await rm(path, { force: true })
    }
  }
}

async function receive(request: IncomingMessage, path: string): Promise<void> {
  const folder = join(path, '..')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const announced = Number(request.headers['content-length'] ?? 0)
  let spaceLeft = await freeSpace(folder)
  let sinceLooked = 0
  const full = (): AppError => new AppError('disk-full', 'There is no room for this file on the machine that serves this window')
  if (announced > spaceLeft) throw full()
  const bounded = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      spaceLeft -= chunk.length
      sinceLooked += chunk.length
      if (spaceLeft < 0) {
        done(full())
        return
      }
      if (sinceLooked < fileLimits.spaceEveryBytes) {
        done(null, chunk)
        return
      }
      sinceLooked = 0
      freeSpace(folder).then(
        (free) => {
          spaceLeft = free
          done(null, chunk)
        },
        (error: unknown) => {
          done(error as Error)
        },
      )
    },
  })
  try {
    await pipeline(request, bounded, createWriteStream(path, { mode: 0o600, flags: 'wx' }))
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown
    if ((thrown as NodeJS.ErrnoException).code === 'ENOSPC') throw full()
    throw new AppError('cancelled', 'The upload broke off')
  }
}

async function freeSpace(folder: string): Promise<number> {
  const { bavail, blocks, bsize } = await statfs(folder)
  return bavail * bsize - Math.min(fileLimits.reserveBytes, (blocks * bsize) / 10)
}

/** `GET /download?name=…[&version=…]`: the file's bytes, as an attachment under its base name. */
export async function download(peer: PeerApi, response: ServerResponse, query: URLSearchParams): Promise<void> {
  const gone = new AbortController()
  response.on('close', () => {
    gone.abort()
  })
  try {
    const name = (query.get('name') ?? '').normalize('NFC')
    if (name === '') throw new AppError('bad-argument', 'Download: which file?')
    const { version, sizeBytes } = await findVersion(peer, name, query.get('version'))
    const body = bodyStream(response, () => {
      response.writeHead(200, {
        'Content-Type': downloadType(name),
        'Content-Length': sizeBytes,
        'Content-Disposition': contentDisposition(name),
        'Cache-Control': 'no-store',
      })
    })
    await peer.requestFile(name, { version, out: body, signal: gone.signal })
    if (!body.writableEnded) body.end()
    await finished(body)
  } catch (thrown) {
    sendError(response, thrown)
  }
}

/** The size must be known before the first byte, so the version is fixed here and asked for by its id. */
async function findVersion(peer: PeerApi, name: string, wanted: string | null): Promise<{ version: string; sizeBytes: number }> {
  const { versions } = await peer.whereIs(name)
  const found = versions.find((version) => (wanted === null ? version.state === 'current' : version.version === wanted))
  if (!found) throw new AppError('not-found', `${name} is not stored in this ring`, { name })
  return { version: found.version, sizeBytes: found.sizeBytes }
}

/** Headers go out with the first byte: until then a failure can still be answered with a status. */
function bodyStream(response: ServerResponse, writeHead: () => void): Writable {
  const head = (): void => {
    if (!response.headersSent) writeHead()
  }
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (response.destroyed) {
        done(new AppError('cancelled', 'The browser went away'))
        return
      }
      head()
      response.write(chunk, (error) => {
        done(error ?? null)
      })
    },
    final(done) {
      head()
      response.end(() => {
        done()
      })
    },
  })
}

/** Pictures may be shown in the page; everything else is bytes, so that no stored file becomes a page of this server. */
function downloadType(name: string): string {
  const type = mimeType(name)
  return /^image\/(png|jpeg|gif|webp|avif)$/.test(type) ? type : 'application/octet-stream'
}

/** RFC 6266 with RFC 5987's encoding: a plain name for old readers, the true one beside it. */
export function contentDisposition(name: string): string {
  const base = name.split('/').at(-1) ?? name
  const plain = base.replace(/[^\x20-\x7e]|["\\%]/g, '_')
  const encoded = encodeURIComponent(base).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}
