/**
 * The socket through which commands reach a running peer. Only its owner can open it: mode 0600 in a 0700 folder, and a
 * secret from a file of the same kind. One connection is one command; closing it cancels the command.
 */

import { timingSafeEqual } from 'node:crypto'
import { chmod, rm } from 'node:fs/promises'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { Writable } from 'node:stream'
import * as v from 'valibot'
import { AppError, toPlainError } from '../../shared/errors.ts'
import { announceAddress, prepareAddress, withdrawAddress, type ControlAddress } from './control-address.ts'
import type { Answer } from './control-answer.ts'
import { Interrupted } from '../peer/transfer/interrupted.ts'
import { runControl, type ControlHost } from './control-commands.ts'
import { bytesHeader, frameLimits, FrameReader } from './frames.ts'

const askedSchema = v.object({
  secret: v.pipe(v.string(), v.maxLength(200)),
  name: v.pipe(v.string(), v.maxLength(50)),
  argument: v.unknown(),
})

export const controlLimits = {
  /** Commands at the same time, `log --follow` included. */
  connections: 64,
  /** What runs when the peer ends is cancelled and has so many milliseconds to say so. */
  closeWithinMs: 1_000,
  /** A connection that has not said what it wants within so many milliseconds is closed. */
  askWithinMs: 10_000,
} as const

export interface ControlServer {
  readonly path: string
  /** Ends running commands and removes the socket. */
  close(): Promise<void>
}

/** Opens the control socket of a data folder. Rejects with `peer-running` when another process serves it. */
export async function startControlServer(host: ControlHost): Promise<ControlServer> {
  const dataFolder = host.peer.dataFolder
  const address = await prepareAddress(dataFolder)
  if (await answers(address.path)) {
    throw new AppError('peer-running', `Another process already serves ${dataFolder}; stop it or choose another --data folder`, {
      path: dataFolder,
    })
  }
  if (process.platform !== 'win32') await rm(address.path, { force: true })
  const running = new Map<Socket, AbortController>()
  const server = createServer((socket) => {
    const cancel = new AbortController()
    running.set(socket, cancel)
    socket.on('close', () => {
      running.delete(socket)
      // whoever asked may ask again: what arrived stays
      cancel.abort(new Interrupted('The one who asked went away'))
    })
    serveConnection(socket, { host, secret: address.secret, signal: cancel.signal })
  })
  server.maxConnections = controlLimits.connections
  await listen(server, address.path)
  if (process.platform !== 'win32') await chmod(address.path, 0o600)
  await announceAddress(dataFolder, address)
  return { path: address.path, close: () => close(server, { running, dataFolder, address }) }
}

/** Whether somebody listens there: a socket left by a killed process refuses. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => {
      resolve(false)
    })
  })
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(new AppError('internal', `The control socket ${path} cannot be opened: ${error.message}`, { path }))
    })
    // The socket file comes into being inside this call: closed to others from its first moment on.
    const before = process.umask(0o177)
    try {
      server.listen(path, resolve)
    } finally {
      process.umask(before)
    }
  })
}

async function close(
  server: Server,
  held: { running: Map<Socket, AbortController>; dataFolder: string; address: ControlAddress },
): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve()
    })
  })
  await withdrawAddress(held.dataFolder, held.address)
  for (const cancel of held.running.values()) cancel.abort()
  const late = setTimeout(() => {
    for (const socket of held.running.keys()) socket.destroy()
  }, controlLimits.closeWithinMs)
  await closed
  clearTimeout(late)
}

interface Context {
  readonly host: ControlHost
  readonly secret: string
  readonly signal: AbortSignal
}

function serveConnection(socket: Socket, context: Context): void {
  const reader = new FrameReader()
  let asked = false
  socket.setTimeout(controlLimits.askWithinMs, () => {
    if (!asked) socket.destroy()
  })
  socket.on('error', () => socket.destroy())
  context.signal.addEventListener('abort', () => {
    if (!asked) socket.destroy()
  })
  socket.on('data', (chunk: Buffer) => {
    // After its one line the other side has nothing more to say.
    if (asked) return
    try {
      for (const frame of reader.push(chunk)) {
        if (frame.kind !== 'line' || asked) continue
        asked = true
        socket.setTimeout(0)
        void answerLine(socket, frame.text, context)
      }
    } catch {
      socket.destroy()
    }
  })
}

async function answerLine(socket: Socket, line: string, context: Context): Promise<void> {
  try {
    await runControl(context.host, parseAsked(line, context.secret), createAnswer(socket, context.signal))
    socket.end(`{"kind":"end"}\n`)
  } catch (thrown) {
    socket.end(`${JSON.stringify({ kind: 'end', error: toPlainError(thrown) })}\n`)
  }
}

function parseAsked(line: string, secret: string): { name: string; argument: unknown } {
  let plain: unknown
  try {
    plain = JSON.parse(line)
  } catch {
    throw new AppError('protocol', 'The control socket was sent something that is not JSON')
  }
  const parsed = v.safeParse(askedSchema, plain)
  if (!parsed.success) throw new AppError('protocol', 'The control socket was sent something that is not a command')
  const given = Buffer.from(parsed.output.secret)
  const wanted = Buffer.from(secret)
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted))
    throw new AppError('not-a-member', 'The control socket is for its owner only')
  return { name: parsed.output.name, argument: parsed.output.argument }
}

/** Progress is for eyes: a line for every block would cost a tenth of the transfer. Milliseconds. */
const progressEveryMs = 250

function createAnswer(socket: Socket, signal: AbortSignal): Answer {
  let progressAt = -Infinity
  const write = (value: unknown): Promise<void> => {
    if (socket.destroyed) return Promise.resolve()
    // answers of one turn leave in one write
    if (socket.writableCorked === 0) {
      socket.cork()
      process.nextTick(() => {
        socket.uncork()
      })
    }
    if (socket.write(`${JSON.stringify(value)}\n`)) return Promise.resolve()
    return new Promise((resolve) => {
      const done = (): void => {
        socket.off('drain', done).off('close', done)
        resolve()
      }
      socket.on('drain', done).on('close', done)
    })
  }
  return {
    signal,
    item: (value) => write({ kind: 'item', value }),
    failed: (error, label) => write({ kind: 'failed', error, label }),
    progress: (label, done, total) => {
      const now = performance.now()
      if (now - progressAt < progressEveryMs || socket.writableNeedDrain || socket.destroyed) return
      progressAt = now
      void write({ kind: 'progress', label, done, total })
    },
    bytes: () => byteStream(socket),
  }
}

/** Bytes as frames; the next piece is taken only once the socket has passed this one on. */
function byteStream(socket: Socket): Writable {
  return new Writable({
    highWaterMark: 1_048_576,
    write(chunk: Buffer, _encoding, done) {
      if (socket.destroyed) {
        done(new AppError('cancelled', 'The receiver of the bytes went away'))
        return
      }
      for (let at = 0; at < chunk.length; at += frameLimits.bytesLength) {
        const piece = chunk.subarray(at, at + frameLimits.bytesLength)
        socket.cork()
        socket.write(bytesHeader(piece.length))
        const last = at + piece.length >= chunk.length
        socket.write(piece, (error) => {
          if (last) done(error ?? null)
        })
        socket.uncork()
      }
      if (chunk.length === 0) done()
    },
  })
}
