/** The asking side of the control socket. */

import { createConnection, type Socket } from 'node:net'
import * as v from 'valibot'
import { AppError, errorCodes, type PlainError } from '../../shared/errors.ts'
import { readAddress } from './control-address.ts'
import type { ControlArgument, ControlItems, ControlName } from './control-shapes.ts'
import { FrameReader } from './frames.ts'

export interface Listening<K extends ControlName> {
  onItem(item: ControlItems[K]): void | Promise<void>
  onFailed?(error: PlainError, label: string): void
  onProgress?(label: string, doneBytes: number, totalBytes: number): void
  /** Nothing more is read from the peer until it resolves. */
  onBytes?(bytes: Buffer): Promise<void>
}

const errorSchema = v.object({ code: v.picklist(errorCodes), message: v.string(), facts: v.record(v.string(), v.string()) })
const answerSchema = v.variant('kind', [
  v.object({ kind: v.literal('item'), value: v.unknown() }),
  v.object({ kind: v.literal('failed'), error: errorSchema, label: v.string() }),
  v.object({ kind: v.literal('progress'), label: v.string(), done: v.number(), total: v.number() }),
  v.object({ kind: v.literal('end'), error: v.optional(errorSchema) }),
])

export interface Asked<K extends ControlName> {
  readonly dataFolder: string
  readonly name: K
  readonly argument: ControlArgument<K>
}

/** Runs one command in the peer of a data folder. Rejects with AppError; `peer-not-running` when there is none. */
export async function askPeer<K extends ControlName>(asked: Asked<K>, listening: Listening<K>): Promise<void> {
  const { socket, secret } = await connect(asked.dataFolder)
  try {
    socket.write(`${JSON.stringify({ secret, name: asked.name, argument: asked.argument })}\n`)
    if (!(await readAnswers(socket, listening))) {
      throw new AppError(
        'peer-not-running',
        `The peer of ${asked.dataFolder} stopped before it had answered; start it again with: ringdrop serve`,
      )
    }
  } finally {
    socket.destroy()
  }
}

async function connect(dataFolder: string): Promise<{ socket: Socket; secret: string }> {
  const notRunning = new AppError('peer-not-running', `No peer is running on ${dataFolder}; start one with: ringdrop serve`, {
    path: dataFolder,
  })
  const address = await readAddress(dataFolder)
  if (!address) throw notRunning
  return new Promise((resolve, reject) => {
    const socket = createConnection(address.path)
    socket.once('connect', () => {
      resolve({ socket, secret: address.secret })
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const closedToUs = error.code === 'EACCES' || error.code === 'EPERM'
      reject(
        closedToUs ? new AppError('not-a-member', `The peer of ${dataFolder} belongs to another user`, { path: dataFolder }) : notRunning,
      )
    })
  })
}

/** True when the peer said that it was done; false when it went away before. */
async function readAnswers<K extends ControlName>(socket: Socket, listening: Listening<K>): Promise<boolean> {
  const reader = new FrameReader()
  const chunks = socket[Symbol.asyncIterator]()
  for (;;) {
    const next = await chunks.next().catch(() => ({ done: true, value: undefined }) as const)
    if (next.done === true) return false
    for (const frame of reader.push(next.value as Buffer)) {
      if (frame.kind === 'bytes') await listening.onBytes?.(frame.bytes)
      else if (await take(frame.text, listening)) return true
    }
  }
}

async function take<K extends ControlName>(line: string, listening: Listening<K>): Promise<boolean> {
  const answer = v.parse(answerSchema, JSON.parse(line))
  switch (answer.kind) {
    case 'item':
      // Both ends are the same program, and the peer is our own: its objects are taken as they are.
      await listening.onItem(answer.value as ControlItems[K])
      return false
    case 'failed':
      listening.onFailed?.(answer.error, answer.label)
      return false
    case 'progress':
      listening.onProgress?.(answer.label, answer.done, answer.total)
      return false
    case 'end':
      if (answer.error) throw AppError.fromPlain(answer.error)
      return true
  }
}
