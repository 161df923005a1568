/** Reads an open connection line by line and says what each line is: the ring's, or the beginning of an exchange about files. */

import { AppError } from '../../../shared/errors.ts'
import { decodeMessage } from '../protocol/codec.ts'
import type { Identifier, IdentifierSpace } from '../protocol/identifier.ts'
import type { FileMessage, LinkMessage, Message, RingMessage } from '../protocol/messages.ts'
import type { Connection } from './connection.ts'

const ringCommands: Readonly<Record<RingMessage['command'], true>> = {
  ping: true,
  response: true,
  probe: true,
  probed: true,
  join: true,
  accept: true,
  decline: true,
  successor: true,
  leave: true,
  find: true,
  found: true,
  closer: true,
  view: true,
}

export function isRingMessage(message: Message): message is RingMessage {
  return Object.hasOwn(ringCommands, message.command)
}

/** The ring's message that a datagram's line brings to `self`, or why there is none: null = it is for, or from, the wrong machine. Never throws. */
export function ringMessageIn(space: IdentifierSpace, line: string, self: Identifier): RingMessage | { readonly reason: string | null } {
  const message = decodeMessage(space, line)
  if (!('command' in message)) return message
  if (!isRingMessage(message)) return { reason: `/${message.command} in a datagram` }
  return message.destination === self && message.source !== self ? message : { reason: null }
}

function isLinkMessage(message: Message): message is LinkMessage {
  return message.command === 'callback' || message.command === 'called'
}

export interface DispatcherOptions {
  readonly self: Identifier
  readonly onRingMessage: (message: RingMessage, connection: Connection) => void
  /** Why it is not taken, or null. After a `called` that is taken, the connection is another's. */
  readonly onLinkMessage: (message: LinkMessage, connection: Connection) => string | null
  /** May read and write until its promise settles; a rejection closes the connection. */
  readonly onExchange: (connection: Connection, first: FileMessage) => Promise<void>
  readonly onRefused: (text: string) => void
  /** Milliseconds without a byte in either direction after which a connection is closed. */
  readonly idleMs: number
}

/** Serves `connection` until it is over, idle or broken; it is closed then, unless somebody waited for the call that it is. Never rejects. */
export async function dispatch(connection: Connection, options: DispatcherOptions): Promise<void> {
  try {
    for (;;) {
      const message = await nextMessage(connection, options.idleMs)
      if (message === null) break
      const refusal =
        refusalOf(message, connection.peerId, options.self) ?? (isLinkMessage(message) ? options.onLinkMessage(message, connection) : null)
      if (refusal !== null) {
        options.onRefused(`${refusal} from ${connection.remoteAddress}`)
        // a ring's line stands alone; a file's line has bytes behind it that cannot be told from lines
        if ((isRingMessage(message) || message.command === 'callback') && connection.peerId !== null) continue
        break
      }
      if (message.command === 'called') return
      if (isRingMessage(message)) options.onRingMessage(message, connection)
      else if (!isLinkMessage(message)) await options.onExchange(connection, message)
    }
    await connection.end()
  } catch (error) {
    connection.destroy()
    if (!(error instanceof AppError)) options.onRefused(`A defect while serving ${connection.remoteAddress}: ${describe(error)}`)
    else if (error.code === 'protocol') options.onRefused(`${error.message} (${connection.remoteAddress})`)
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** The next message, or null at the end of the stream or when the connection is idle. */
async function nextMessage(connection: Connection, idleMs: number): Promise<Message | null> {
  // a stranger has come to say one thing
  const waitMs = connection.peerId === null ? Math.min(idleMs, 30_000) : idleMs
  for (;;) {
    const before = connection.activity
    try {
      return await connection.receive({ timeoutMs: waitMs })
    } catch (error) {
      // lines may have been sent meanwhile on a connection that only the other side reads
      const used = connection.activity !== before && connection.peerId !== null && connection.writable
      if (!(error instanceof AppError) || error.code !== 'peer-unreachable' || !used) throw error
    }
  }
}

/** Why a message is not taken, or null. Whoever speaks does so in the name of its certificate, and to us. */
function refusalOf(message: Message, peerId: Identifier | null, self: Identifier): string | null {
  if (peerId === null) return message.command === 'enroll' ? null : `/${message.command} of a stranger`
  if (message.source !== peerId) return `/${message.command} in another machine's name`
  if (message.destination !== self) return `/${message.command} for another machine`
  return null
}
