/**
 * Bytes flow once: this machine -> the first target -> the next -> the next, each passing on while it writes (ring.md 8).
 * A target that is away, full or breaks off is replaced by the next candidate.
 */

import { AppError } from '../../../shared/errors.ts'
import type { Connection } from '../net/connection.ts'
import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { limits } from '../protocol/limits.ts'
import type { Continue, Stored } from '../protocol/messages.ts'
import { encodeManifest, lengthOf, type Manifest } from '../protocol/manifest.ts'
import type { FileRecord } from '../protocol/record.ts'
import { releaseBlock } from '../disk/blocks.ts'
import { answer, exchangeWith } from './exchange.ts'
import type { Pace } from './pace.ts'
import type { KnownRecord } from './read-record.ts'
import { decodeWanted } from './wanted-blocks.ts'
import { between, type TransferContext } from './transfer-context.ts'

/** A version on its way: its record, its manifest, and its blocks as often as they are asked for. */
export interface Cargo {
  readonly record: FileRecord
  readonly manifest: Manifest
  /** The given blocks, ascending, each in memory that may be given back with `releaseBlock`. */
  read(blocks: readonly number[]): AsyncIterable<Uint8Array>
}

export interface DistributeOptions {
  /** Machines to try, best first; never this one. */
  readonly candidates: readonly Contact[]
  /** Copies wanted on them. */
  readonly copies: number
  readonly signal?: AbortSignal
  readonly onProgress?: (to: Identifier, doneBytes: number) => void
  readonly pace?: Pace
}

export interface Distributed {
  readonly holders: readonly Identifier[]
  /** Why the last target that failed did so. */
  readonly failure: AppError | null
  /** Targets that had no room. */
  readonly full: readonly Identifier[]
  /** A target got bytes that do not match their hash: this machine's copy has to be looked at. */
  readonly damaged: boolean
}

/** Copies that make a store complete: k, or one on each machine when there are fewer. */
export function copiesWanted(context: TransferContext): number {
  return Math.min(context.parameters.copies, context.ringSize())
}

export interface StoreTargets {
  /** This machine is one of those that should have a copy. */
  readonly keepsHere: boolean
  /** It may have one in place of others that take none. Neither, while it leaves. */
  readonly mayKeepHere: boolean
  /** All others that may take one, best first. */
  readonly remotes: readonly Contact[]
  /** Copies wanted on them. */
  readonly copies: number
}

/** Where a version of a name goes, after `known` was read. */
export function storeTargets(context: TransferContext, known: KnownRecord, name: string): StoreTargets {
  const wanted = copiesWanted(context)
  const candidates = answeredFirst(context, known, context.keyOf(name))
  const place = context.intake.isOpen ? candidates.findIndex((contact) => contact.id === context.self.id) : -1
  const mayKeepHere = place >= 0
  const keepsHere = mayKeepHere && place < wanted
  const remotes = candidates.filter((contact) => contact.id !== context.self.id)
  return { keepsHere, mayKeepHere, remotes, copies: keepsHere ? wanted - 1 : wanted }
}

/**
 * The look-up's candidates, then those that this machine's own view has beyond them: an owner that just came back may not know
 * all of its successors yet. Who did not answer comes last.
 */
function answeredFirst(context: TransferContext, known: KnownRecord, key: Identifier): Contact[] {
  const silent = new Set(known.silent.map((contact) => contact.id))
  const all = new Map([...known.candidates, ...context.replicaSet(key, limits.next)].map((contact) => [contact.id, contact]))
  const contacts = [...all.values()]
  return [...contacts.filter((contact) => !silent.has(contact.id)), ...contacts.filter((contact) => silent.has(contact.id))]
}

/** How long a chain of machines may take to make everything durable after the last byte. */
const durableTimeoutMs = 300_000

/** Copies `cargo` to `copies` of the candidates. Fewer holders than wanted is an answer, not an error. Throws `cancelled` and the local file's own errors. */
export async function distribute(context: TransferContext, cargo: Cargo, options: DistributeOptions): Promise<Distributed> {
  const holders = new Set<Identifier>()
  const waiting = options.candidates.filter((contact) => contact.id !== context.self.id)
  const full: Identifier[] = []
  let failure: AppError | null = null
  let damaged = false
  while (holders.size < options.copies && waiting.length > 0) {
    const head = waiting.shift()
    if (!head) break
    try {
      const stored = await push(context, cargo, { ...options, head, next: waiting, copies: options.copies - holders.size })
      for (const id of stored.holders) holders.add(id)
      for (const id of [...stored.holders, ...stored.failed]) {
        const at = waiting.findIndex((contact) => contact.id === id)
        if (at >= 0) waiting.splice(at, 1)
      }
    } catch (error) {
      failure = asTargetFailure(error)
      if (failure.code === 'disk-full') full.push(head.id)
      damaged ||= failure.code === 'corrupt'
    }
  }
  return { holders: [...holders], failure, full, damaged }
}

/** Errors of this machine, its file or its person end the work; anything else concerns one target only. */
function asTargetFailure(error: unknown): AppError {
  if (!(error instanceof AppError)) throw error
  const own = ['cancelled', 'changed-while-reading', 'file-unreadable', 'internal', 'bad-argument']
  if (own.includes(error.code)) throw error
  return error
}

interface Push extends DistributeOptions {
  readonly head: Contact
  readonly next: readonly Contact[]
}

function push(context: TransferContext, cargo: Cargo, options: Push): Promise<Stored> {
  return exchangeWith(context, options.head, {
    ...(options.signal ? { signal: options.signal } : {}),
    run: async (connection) => {
      const reply = await offer(context, cargo, { ...options, connection })
      if (reply.command === 'stored') return reply
      let missingBytes = lengthOf(cargo.manifest, reply.wanted)
      const machine = context.space.format(options.head.id)
      let since = performance.now()
      for await (const block of cargo.read(reply.wanted)) {
        const readAt = performance.now()
        options.pace?.waitedHere(readAt - since)
        await connection.write(block)
        since = performance.now()
        options.pace?.waitedFor(machine, since - readAt)
        missingBytes -= block.length
        releaseBlock(block)
        options.onProgress?.(options.head.id, cargo.manifest.sizeBytes - missingBytes)
      }
      return answer(connection, ['stored'], durableTimeoutMs)
    },
  })
}

/** The bytes are wanted, of those blocks. */
type Wanted = Continue & { readonly wanted: readonly number[] }

/** The answer of who was offered blocks: it has them, or which it wants; null: all. */
export type Offered = Stored | (Continue & { readonly wanted: readonly number[] | null })

export interface Offer {
  readonly connection: Connection
  readonly head: Contact
  readonly next: readonly Contact[]
  readonly copies: number
}

/** Sends `/store` with record and manifest; the answer says which blocks are wanted, if any. */
export async function offer(context: TransferContext, cargo: Pick<Cargo, 'record' | 'manifest'>, to: Offer): Promise<Stored | Wanted> {
  const record = Buffer.from(JSON.stringify(cargo.record), 'utf8')
  const manifest = encodeManifest(cargo.manifest)
  await to.connection.send({
    command: 'store',
    key: context.keyOf(cargo.record.name),
    copies: to.copies,
    next: to.next.slice(0, limits.next),
    recordBytes: record.length,
    manifestBytes: manifest.length,
    ...between(context, to.head.id),
  })
  await to.connection.write(record)
  await to.connection.write(manifest)
  const reply = await answer(to.connection, ['continue', 'stored'], durableTimeoutMs)
  if (reply.command === 'stored') return reply
  const wanted = decodeWanted(cargo.manifest, await to.connection.readBodyBuffer(reply.bodyBytes))
  if (!wanted) throw new AppError('protocol', 'The other machine wants blocks that there are not')
  return { ...reply, wanted }
}
