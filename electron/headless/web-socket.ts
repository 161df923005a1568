/** The contract over a WebSocket: commands in, outcomes and news out, as JSON text frames. */

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import * as v from 'valibot'
import { WebSocketServer, type RawData, type WebSocket } from 'ws'
import type { CommandHost } from '../peer/command-host.ts'
import { NewsQueue } from './news-queue.ts'

export const socketLimits = {
  /** Windows at the same time. */
  sockets: 32,
  /** A command with its argument, in bytes: 4 096 machine ids, settings with all their patterns. */
  frameBytes: 1_048_576,
  /** Commands of one window that run at the same time. */
  commands: 64,
  /** Bytes that wait for a slow window; beyond that, news is merged instead of sent. */
  bufferedBytes: 1_048_576,
  /** A window that did not answer a ping of the one before is gone. */
  pingEveryMs: 30_000,
} as const

const askedSchema = v.object({ id: v.pipe(v.number(), v.safeInteger()), name: v.string(), argument: v.unknown() })
const goingAway = 1001
const policyViolation = 1008
const tryAgainLater = 1013

export interface WebSockets {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  close(): void
}

/** Carries the contract for any number of windows. */
export function createWebSockets(host: CommandHost): WebSockets {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: socketLimits.frameBytes,
    perMessageDeflate: false,
    clientTracking: true,
  })
  const heard = new WeakSet<WebSocket>()
  const pings = setInterval(() => {
    for (const socket of server.clients) {
      if (!heard.delete(socket)) socket.terminate()
      else socket.ping()
    }
  }, socketLimits.pingEveryMs)
  pings.unref()
  server.on('connection', (socket: WebSocket) => {
    heard.add(socket)
    socket.on('pong', () => heard.add(socket))
    if (server.clients.size > socketLimits.sockets) socket.close(tryAgainLater, 'Too many windows')
    else serveSocket(socket, host)
  })
  return {
    upgrade: (request, socket, head) => {
      server.handleUpgrade(request, socket, head, (made) => {
        server.emit('connection', made, request)
      })
    },
    close: () => {
      clearInterval(pings)
      for (const socket of server.clients) {
        socket.close(goingAway)
        socket.terminate()
      }
      server.close()
    },
  }
}

function serveSocket(socket: WebSocket, host: CommandHost): void {
  const queue = new NewsQueue()
  let running = 0
  let flushWaits = false
  const send = (value: unknown): void => {
    if (socket.readyState !== socket.OPEN) return
    socket.send(JSON.stringify(value), () => {
      flush()
    })
  }
  const flush = (): void => {
    if (!flushWaits || socket.bufferedAmount > socketLimits.bufferedBytes) return
    flushWaits = false
    for (const news of queue.take()) send({ news })
  }
  const stop = host.onNews((news) => {
    // Outcomes are small beside news and are always sent: only news may make a slow window's memory ours.
    if (flushWaits || socket.bufferedAmount > socketLimits.bufferedBytes) {
      queue.add(news)
      flushWaits = true
    } else send({ news })
  })
  socket.on('close', stop)
  socket.on('error', () => {
    socket.terminate()
  })
  socket.on('message', (data: RawData, isBinary: boolean) => {
    const asked = isBinary ? null : parseAsked(data)
    if (asked === null) {
      socket.close(policyViolation, 'Not a command')
      return
    }
    if (running >= socketLimits.commands) {
      send({ id: asked.id, outcome: { ok: false, error: { code: 'internal', message: 'Too many commands at the same time', facts: {} } } })
      return
    }
    running++
    void host.run(asked.name, asked.argument).then((outcome) => {
      running--
      send({ id: asked.id, outcome })
    })
  })
}

function parseAsked(data: RawData): v.InferOutput<typeof askedSchema> | null {
  try {
    const text = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)
    const parsed = v.safeParse(askedSchema, JSON.parse(text.toString('utf8')))
    return parsed.success ? parsed.output : null
  } catch {
    return null
  }
}
