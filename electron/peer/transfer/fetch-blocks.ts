/**
 * Requesting a file, the second half: its blocks from all holders at once, each verified by its hash; a bad or broken holder is stepped
 * over and the rest goes on.
 */

import { AppError } from '../../../shared/errors.ts'
import { matches } from '../disk/block-writer.ts'
import { releaseBlock, takeBlock } from '../disk/blocks.ts'
import { InFlight } from '../disk/in-flight.ts'
import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { blockLength } from '../protocol/manifest.ts'
import { reportDamaged } from './arc-exchange.ts'
import { answer } from './exchange.ts'
import { FetchPlan, type Run } from './fetch-plan.ts'
import type { Pace } from './pace.ts'
import type { FoundFile } from './request-file.ts'
import { between, type TransferContext } from './transfer-context.ts'

/** Where blocks go, in any order. */
export interface BlockSink {
  /** Checks the block against its hash before it touches anything: AppError('corrupt'), after which other blocks may still come. Resolves when it is done with `block`. */
  writeBlock(index: number, block: Uint8Array): Promise<void>
}

/** Holders asked at once. */
const holdersAtOnce = 8
/** Blocks in memory, of all holders together: some arrive, the others are hashed and written. Fewer let busy cores rest. */
const blocksAtOnce = 12
/** Of these, blocks of one holder: at least so many, at most so many. */
const blocksOfHolder = { least: 3, most: 6 }

export interface FetchOptions {
  readonly signal?: AbortSignal
  readonly onBlock?: (from: Identifier, bytes: number) => void
  readonly pace?: Pace
}

/**
 * The given blocks of `found` into `sink`, verified. Resolves with the bytes each holder gave. Throws `out-of-reach` when every
 * holder failed, `corrupt` when the last one's bytes were bad, `cancelled`, and what the sink throws.
 */
export async function fetchBlocks(
  context: TransferContext,
  found: FoundFile,
  to: { readonly sink: BlockSink; readonly blocks: readonly number[] } & FetchOptions,
): Promise<Map<Identifier, number>> {
  let holders = found.holders.slice(0, holdersAtOnce)
  const plan = new FetchPlan(to.blocks, holders.length)
  const parts = new Map<Identifier, number>()
  const complete = new AbortController()
  const told = new Set<Identifier>()
  const tellReceiving = (holder: Contact): void => {
    if (told.has(holder.id)) return
    told.add(holder.id)
    context.emit({ kind: 'receiving', name: found.name, peer: holder.id })
  }
  // an empty file has no blocks, and came from somewhere all the same
  if (plan.complete && holders[0]) tellReceiving(holders[0])
  let failure = new AppError('out-of-reach', `All machines that hold ${found.name} broke off; try again when one is back`, {
    name: found.name,
  })
  const takeRuns = async (holder: Contact, signal: AbortSignal): Promise<void> => {
    const onBlock = async (index: number, block: Buffer): Promise<void> => {
      await writeVerified(to.sink, index, block)
      if (!plan.arrived(index)) return
      parts.set(holder.id, (parts.get(holder.id) ?? 0) + block.length)
      to.onBlock?.(holder.id, block.length)
      if (plan.complete) complete.abort()
    }
    // the next run is asked for while the last blocks of this one are being hashed and written
    let before: Arrived = { written: Promise.resolve() }
    try {
      for (;;) {
        // only what nobody has under way is sure to be missing still
        if (!plan.hasUntaken) await before.written
        const run = plan.take()
        if (!run) break
        tellReceiving(holder)
        const arrived = await fetchRun(context, found, { holder, run, plan, signal, onBlock, ...(to.pace ? { pace: to.pace } : {}) })
        await before.written
        before = arrived
      }
    } finally {
      await before.written.catch(() => undefined)
    }
    await before.written
  }
  const take = async (holder: Contact, signal: AbortSignal): Promise<boolean> => {
    try {
      await takeRuns(holder, signal)
      return true
    } catch (error) {
      if (plan.complete) return true
      if (!(error instanceof AppError)) throw error
      if (error.code === 'corrupt') failure = error
      if (error.code === 'corrupt') reportDamaged(context, holder, found.version.sha256)
      return false
    }
  }
  // a run that one holder broke may come back after the others had run out of work: those who are well go round again
  const signal = to.signal ? AbortSignal.any([to.signal, complete.signal]) : complete.signal
  while (!plan.complete && holders.length > 0) {
    const well = await allOrStop(holders, signal, take)
    if (to.signal?.aborted) throw new AppError('cancelled', `Requesting ${found.name} was cancelled`, { name: found.name })
    holders = holders.filter((_, index) => well[index])
  }
  if (!plan.complete) throw failure
  return parts
}

/** Runs `work` on all; when one throws (the target failed), the others are stopped and the cause is thrown. */
async function allOrStop<T, R>(items: readonly T[], outer: AbortSignal, work: (item: T, signal: AbortSignal) => Promise<R>): Promise<R[]> {
  const stop = new AbortController()
  const signal = AbortSignal.any([outer, stop.signal])
  const results = await Promise.allSettled(
    items.map((item) =>
      work(item, signal).catch((error: unknown) => {
        stop.abort()
        throw error
      }),
    ),
  )
  return results.map((result) => {
    if (result.status === 'fulfilled') return result.value
    throw result.reason instanceof SinkError ? result.reason.cause : result.reason
  })
}

/** The local target failed (disk full): no holder's fault. */
class SinkError extends Error {}

async function writeVerified(sink: BlockSink, index: number, block: Uint8Array): Promise<void> {
  try {
    await sink.writeBlock(index, block)
  } catch (cause) {
    // wrong bytes are the fault of whom they came from
    if (cause instanceof AppError && cause.code === 'corrupt') throw cause
    throw new SinkError('local target failed', { cause })
  }
}

interface RunFrom {
  readonly holder: Contact
  readonly run: Run
  readonly signal: AbortSignal
}

/** All bytes of a run are here. */
interface Arrived {
  /** Resolves when they are written, and throws what that threw; what did not arrive is then back in the plan. */
  readonly written: Promise<void>
}

/** Blocks of each of so many holders that may be in memory. */
function blocksOf(holders: number): number {
  return Math.min(blocksOfHolder.most, Math.max(blocksOfHolder.least, Math.floor(blocksAtOnce / holders)))
}

/** One run from one holder; what did not arrive goes back to the plan. */
async function fetchRun(
  context: TransferContext,
  found: FoundFile,
  from: RunFrom & { readonly plan: FetchPlan; readonly onBlock: (index: number, block: Buffer) => Promise<void>; readonly pace?: Pace },
): Promise<Arrived> {
  const { run, plan, pace } = from
  const machine = context.space.format(from.holder.id)
  const writing = new InFlight(blocksOf(found.holders.length))
  const end = (): Promise<void> => writing.end().finally(() => plan.giveBack(run))
  try {
    let next = run.first
    let since = performance.now()
    for await (const block of readUnverified(context, found, from)) {
      const arrivedAt = performance.now()
      pace?.waitedFor(machine, arrivedAt - since)
      if (from.signal.aborted) throw new AppError('cancelled', 'Cancelled')
      const index = next++
      await writing.add(from.onBlock(index, block).finally(() => releaseBlock(block)))
      since = performance.now()
      pace?.waitedHere(since - arrivedAt)
      if (index < run.first + run.count - 1 && plan.isHere(run)) break
    }
  } catch (error) {
    await end().catch(() => undefined)
    throw error
  }
  const written = end()
  // heard of when it is awaited
  written.catch(() => undefined)
  return { written }
}

/** The blocks of a run, each checked against its hash; to be given back with `releaseBlock`. Throws `corrupt`. */
export async function* readVerified(context: TransferContext, found: FoundFile, from: RunFrom): AsyncGenerator<Buffer> {
  let index = from.run.first
  for await (const block of readUnverified(context, found, from)) {
    if (!(await matches(found.manifest, index, block))) {
      const machine = context.space.format(from.holder.id)
      throw new AppError('corrupt', `A block of ${found.name} from machine ${machine} does not match its hash`, {
        name: found.name,
        machine,
      })
    }
    yield block
    index++
  }
}

/** The blocks of a run, whole but not checked: for a sink that checks what it takes. */
function readUnverified(context: TransferContext, found: FoundFile, from: RunFrom): AsyncIterable<Buffer> {
  const { first, count } = from.run
  const blocks = Array.from({ length: count }, (_, index) => first + index)
  return from.holder.id === context.self.id ? context.contents.readBlocks(found.manifest, blocks) : readRemote(context, found, from)
}

async function* readRemote(context: TransferContext, found: FoundFile, { holder, run, signal }: RunFrom): AsyncGenerator<Buffer> {
  const { manifest } = found
  const offsetBytes = run.first * manifest.blockBytes
  const lengthBytes = Math.min(manifest.sizeBytes - offsetBytes, run.count * manifest.blockBytes)
  const connection = await context.open(holder, signal)
  const abort = (): void => connection.destroy()
  signal.addEventListener('abort', abort, { once: true })
  let clean = false
  try {
    const what = { name: found.name.normalize('NFC'), sha256: found.version.sha256, offsetBytes, lengthBytes }
    await connection.send({ command: 'request', ...what, ...between(context, holder.id) })
    const reply = await answer(connection, ['deliver'])
    if (reply.lengthBytes !== lengthBytes || reply.manifest) throw new AppError('protocol', 'Not the stretch that was asked for')
    let next = run.first
    yield* connection.readBlocks(lengthBytes, () => takeBlock(blockLength(manifest, next++)))
    clean = true
  } finally {
    signal.removeEventListener('abort', abort)
    if (clean) connection.release()
    else connection.destroy()
  }
}
