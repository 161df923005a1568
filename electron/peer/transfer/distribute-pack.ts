/**
 * Many small versions that belong on the same machines, sent as packs: this machine -> the first target -> the next, each passing the pack
 * on while it writes (ring.md 8). A target that is away or breaks off is replaced by the next candidate; so is, for the files that it
 * refused, one that took the others.
 */

import { AppError } from '../../../shared/errors.ts'
import { releaseBlock } from '../disk/blocks.ts'
import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { limits } from '../protocol/limits.ts'
import type { Packed, RefuseReason } from '../protocol/messages.ts'
import type { DistributeOptions } from './distribute.ts'
import { answer, exchangeWith, refusalCode } from './exchange.ts'
import { bodyOf, encodeFile, packsOf, type EncodedFile, type PackFile } from './pack-body.ts'
import { between, type TransferContext } from './transfer-context.ts'

/** How long a chain of machines may take to make a pack durable. */
const durableTimeoutMs = 300_000

/** What became of one file. */
export interface PackShare {
  readonly holders: readonly Identifier[]
  /** Why the last target that failed did so. */
  readonly failure: AppError | null
}

export const noShare: PackShare = { holders: [], failure: null }

/** Copies each of `files` to `copies` of the candidates. Fewer holders than wanted is an answer, not an error. Throws `cancelled`. */
export async function distributePack(
  context: TransferContext,
  files: readonly PackFile[],
  options: Omit<DistributeOptions, 'onProgress'>,
): Promise<PackShare[]> {
  const shares = files.map((file) => ({ file, holders: new Set<Identifier>(), failure: null as AppError | null }))
  for (const pack of packsOf(shares.map((share) => encodeFile({ ...share.file, share })))) await spreadPack(context, pack, options)
  return shares.map(({ holders, failure }) => ({ holders: [...holders], failure }))
}

interface Share extends EncodedFile {
  readonly share: { readonly holders: Set<Identifier>; failure: AppError | null }
}

async function spreadPack(
  context: TransferContext,
  files: readonly Share[],
  { candidates, copies, signal }: Omit<DistributeOptions, 'onProgress'>,
): Promise<void> {
  const waiting = candidates.filter((contact) => contact.id !== context.self.id)
  const lacking = (): readonly Share[] => files.filter(({ share }) => share.holders.size < copies)
  for (let short = lacking(); short.length > 0; short = lacking()) {
    const head = waiting.shift()
    if (!head) return
    // those that lack as much as the first: the others are next
    const count = copies - (short[0]?.share.holders.size ?? 0)
    const pack = short.filter(({ share }) => copies - share.holders.size === count)
    try {
      const packed = await push(context, pack, { head, next: waiting, copies: count, ...(signal ? { signal } : {}) })
      for (const [index, file] of pack.entries()) note(context, file, { packed, index })
      if (packed.last > 0 && !context.catalogue.readOn(head.id, packed)) context.repair.heard(head.id, packed.last)
      for (const id of [...packed.holders, ...packed.failed]) {
        const at = waiting.findIndex((contact) => contact.id === id)
        if (at >= 0) waiting.splice(at, 1)
      }
    } catch (error) {
      if (!(error instanceof AppError) || error.code === 'cancelled' || error.code === 'internal') throw error
      for (const { share } of pack) share.failure = error
    }
  }
}

/** Who acknowledged it has it from now on, whatever becomes of the others. */
function note(
  context: TransferContext,
  { share, record, manifest }: Share,
  { packed, index }: { readonly packed: Packed; readonly index: number },
): void {
  const outcome = packed.outcomes[index] ?? 'failed'
  if (typeof outcome !== 'number') {
    share.failure = new AppError(refusalCode(outcome), `The other machine refused: ${outcome}`)
    return
  }
  for (const [bit, id] of packed.holders.entries()) {
    if ((outcome & (1 << bit)) === 0) continue
    share.holders.add(id)
    context.catalogue.took(id, { record, sha256: manifest.sha256, verifiedAt: context.wallClock() })
  }
}

interface Push {
  readonly head: Contact
  readonly next: readonly Contact[]
  readonly copies: number
  readonly signal?: AbortSignal
}

async function push(context: TransferContext, files: readonly EncodedFile[], { head, next, copies, signal }: Push): Promise<Packed> {
  const blockBytes = files[0]?.manifest.blockBytes ?? 0
  const body = bodyOf(files)
  const packed = await exchangeWith(context, head, {
    ...(signal ? { signal } : {}),
    run: async (connection) => {
      await connection.send({
        command: 'pack',
        copies,
        next: next.slice(0, limits.next),
        files: files.length,
        blockBytes,
        bodyBytes: body.length,
        ...between(context, head.id),
      })
      await connection.write(body)
      const packed = await answer(connection, ['packed'], durableTimeoutMs)
      if (packed.outcomes.length !== files.length) throw new AppError('protocol', 'Not an outcome for each file of the pack')
      return packed
    },
  })
  // it was answered, so that it has left this process
  releaseBlock(body)
  return packed
}

/** The answer of one machine, its own outcomes and those of the machines behind it together. */
export function packedOf(
  self: Identifier,
  own: readonly (RefuseReason | null)[],
  behind: readonly PackShare[],
): Pick<Packed, 'holders' | 'outcomes'> {
  const holders = [...new Set([...(own.includes(null) ? [self] : []), ...behind.flatMap((share) => share.holders)])].slice(
    0,
    limits.next + 1,
  )
  const outcomes = own.map((refused, index): number | RefuseReason => {
    const has = [...(refused === null ? [self] : []), ...(behind[index]?.holders ?? [])]
    return has.reduce((bits, id) => (holders.includes(id) ? bits | (1 << holders.indexOf(id)) : bits), 0) || (refused ?? 'failed')
  })
  return { holders, outcomes }
}
