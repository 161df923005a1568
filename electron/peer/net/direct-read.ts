/**
 * A TLS socket's bytes, decrypted straight into memory of our own. By default Node makes a buffer and an event for each record of 16 KiB,
 * which costs more than decrypting it. Node's remedy, `onread`, is only for sockets that it dials itself; its parts are the same for
 * all, so here they are put into any TLS socket. They have no public names: a Node that has other ones reads in the usual way.
 */

import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'

export interface ReadMemory {
  /** Where the next bytes are to be put: at least one. Asked for before they come, so it may be of use much later. */
  readonly nextMemory: () => Uint8Array
  /** So many bytes are at the beginning of what was given last. */
  readonly onBytes: (count: number) => void
}

/** The names under which a socket keeps what it was given as `onread`. */
interface Names {
  readonly memory: symbol
  readonly nextMemory: symbol
  readonly onBytes: symbol
}

interface Handle {
  readonly useUserBuffer: (memory: Uint8Array) => void
}

let names: Names | null | undefined

function findNames(): Names | null {
  const symbols = Object.getOwnPropertySymbols(new Socket({ onread: { buffer: new Uint8Array(1), callback: () => true } }))
  const named = (name: string): symbol | undefined => symbols.find(({ description }) => description === name)
  const [memory, nextMemory, onBytes] = [named('kBuffer'), named('kBufferGen'), named('kBufferCb')]
  return memory && nextMemory && onBytes ? { memory, nextMemory, onBytes } : null
}

/** True when all that comes goes into `memory` from now on, without 'data' events; false where that cannot be had, or something came already. */
export function readDirectly(stream: Duplex, memory: ReadMemory): boolean {
  if (names === undefined) names = findNames()
  if (!names || !(stream instanceof TLSSocket) || stream.destroyed || stream.readableLength > 0) return false
  const socket = stream as unknown as Record<symbol, unknown> & { readonly _handle: Partial<Handle> | null }
  if (typeof socket._handle?.useUserBuffer !== 'function') return false
  const first = memory.nextMemory()
  socket[names.memory] = first
  socket[names.nextMemory] = memory.nextMemory
  socket[names.onBytes] = (count: number) => {
    memory.onBytes(count)
    return true
  }
  socket._handle.useUserBuffer(first)
  // nobody listens to 'data', and the end is to be heard of
  stream.resume()
  return true
}
