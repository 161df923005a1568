/**
 * Requesting a file: who holds it, then its blocks from all holders at once, each verified by its hash; a bad or broken
 * holder is stepped over and the rest goes on. What this machine holds itself comes from its own disk.
 */

import { AppError } from '../../../shared/errors.ts'
import { matches } from '../disk/block-writer.ts'
import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { blockLength, type Manifest } from '../protocol/manifest.ts'
import { findVersion, liveVersions, type FileRecord, type Version } from '../protocol/record.ts'
import { answer, askManifest } from './exchange.ts'
import { tellDamaged } from './arc-exchange.ts'
import { FetchPlan, type Run } from './fetch-plan.ts'
import { readRecord } from './read-record.ts'
import { between, type TransferContext } from './transfer-context.ts'

/** Where blocks go, in any order. */
export interface BlockSink {
  /** Checks the block against its hash before it touches anything: AppError('corrupt'), after which other blocks may still come. */
  writeBlock(index: number, block: Uint8Array): Promise<void>
}

export interface FoundFile {
  readonly name: string
  readonly version: Version
  readonly manifest: Manifest
  /** Nearest to the key first; this machine alone when it holds the file. */
  readonly holders: readonly Contact[]
  readonly route: readonly Identifier[]
}

/** Holders asked at once. */
const holdersAtOnce = 8

/** Finds a file's version, manifest and holders. Throws `not-found`, `out-of-reach`, `peer-unreachable`. */
export async function findFile(context: TransferContext, name: string, wanted: string | null): Promise<FoundFile> {
  const normal = name.normalize('NFC')
  const own = await findHere(context, normal, wanted)
  if (own) return own
  const known = await readRecord(context, normal, 'request')
  const version = known.record ? choose(known.record, wanted) : undefined
  if (!known.record || !version) {
    if (isHeardOf(context, normal)) {
      throw new AppError('out-of-reach', `${name} is out of reach until one of the machines that keep it is back`, { name })
    }
    if (known.certain) throw new AppError('not-found', `${name} is not in the ring`, { name })
    throw new AppError('out-of-reach', `Nobody reachable knows ${name}, and not all who may know it are here; try again later`, { name })
  }
  const holders = known.holders.get(version.sha256) ?? []
  for (const holder of holders) {
    const manifest = await askManifest(context, holder, { name: normal, ...version }).catch(() => null)
    if (manifest) return { name: known.record.spelling, version, manifest, holders, route: known.route }
  }
  throw new AppError('out-of-reach', `${name} is out of reach until one of its holders is back`, { name })
}

/** Whether this machine once heard of a live version: then nobody may say that there is none, only that it is away. */
function isHeardOf(context: TransferContext, name: string): boolean {
  const file = context.catalogue.get(name)
  return file !== null && liveVersions(file.record).length > 0
}

function choose(record: FileRecord, wanted: string | null): Version | undefined {
  return wanted === null ? liveVersions(record)[0] : findVersion(record, wanted)
}

/** The file from this machine's own store, when it has the version that the ring knows as current. */
async function findHere(context: TransferContext, name: string, wanted: string | null): Promise<FoundFile | null> {
  const record = context.catalogue.get(name)?.record ?? (await context.records.get(name))?.record
  const version = record && choose(record, wanted)
  if (!record || !version) return null
  const manifest = context.records.heldAt(version.sha256) === null ? null : await context.contents.manifest(version.sha256)
  return manifest && { name: record.spelling, version, manifest, holders: [context.self], route: [context.self.id] }
}

export interface FetchOptions {
  readonly signal?: AbortSignal
  readonly onBlock?: (from: Identifier, bytes: number) => void
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
  const take = async (holder: Contact, signal: AbortSignal): Promise<boolean> => {
    try {
      for (let run = plan.take(); run; run = plan.take()) {
        tellReceiving(holder)
        const onBlock = async (index: number, block: Buffer): Promise<void> => {
          await writeVerified(to.sink, index, block)
          plan.done()
          parts.set(holder.id, (parts.get(holder.id) ?? 0) + block.length)
          to.onBlock?.(holder.id, block.length)
        }
        await fetchRun(context, found, { holder, run, plan, signal, onBlock })
      }
      return true
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      if (error.code === 'corrupt') failure = error
      if (error.code === 'corrupt') reportDamaged(context, found, holder)
      return false
    }
  }
  // a run that one holder broke may come back after the others had run out of work: those who are well go round again
  while (!plan.complete && holders.length > 0) {
    const well = await allOrStop(holders, to.signal, take)
    if (to.signal?.aborted) throw new AppError('cancelled', `Requesting ${found.name} was cancelled`, { name: found.name })
    holders = holders.filter((_, index) => well[index])
  }
  if (!plan.complete) throw failure
  return parts
}

/** Whoever gave bad bytes looks at its copy again; that takes its time, and nobody waits for it. */
function reportDamaged(context: TransferContext, found: FoundFile, holder: Contact): void {
  if (holder.id === context.self.id) context.emit({ kind: 'copy-damaged', name: found.name })
  else void tellDamaged(context, holder, found.version.sha256).catch(() => undefined)
}

/** Runs `work` on all; when one throws (the target failed), the others are stopped and the cause is thrown. */
async function allOrStop<T, R>(
  items: readonly T[],
  outer: AbortSignal | undefined,
  work: (item: T, signal: AbortSignal) => Promise<R>,
): Promise<R[]> {
  const stop = new AbortController()
  const signal = outer ? AbortSignal.any([outer, stop.signal]) : stop.signal
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
  readonly plan: FetchPlan
  readonly signal: AbortSignal
}

/** One run from one holder; what did not arrive goes back to the plan. */
async function fetchRun(
  context: TransferContext,
  found: FoundFile,
  from: RunFrom & { readonly onBlock: (index: number, block: Buffer) => Promise<void> },
): Promise<void> {
  const { run } = from
  let arrived = 0
  try {
    for await (const block of readUnverified(context, found, from)) {
      if (from.signal.aborted) throw new AppError('cancelled', 'Cancelled')
      await from.onBlock(run.first + arrived, block)
      arrived++
    }
  } finally {
    from.plan.giveBack({ first: run.first + arrived, count: run.count - arrived })
  }
}

/** The blocks of a run, each checked against its hash. Throws `corrupt`. */
export async function* readBlocks(
  context: TransferContext,
  found: FoundFile,
  from: Pick<RunFrom, 'holder' | 'run' | 'signal'>,
): AsyncGenerator<Buffer> {
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
async function* readUnverified(
  context: TransferContext,
  found: FoundFile,
  from: Pick<RunFrom, 'holder' | 'run' | 'signal'>,
): AsyncGenerator<Buffer> {
  const { manifest, version } = found
  const offset = from.run.first * manifest.blockBytes
  const length = Math.min(manifest.sizeBytes - offset, from.run.count * manifest.blockBytes)
  const here = from.holder.id === context.self.id
  const bytes = here ? context.contents.read(version.sha256, offset, length) : readRemote(context, found, { ...from, offset, length })
  let index = from.run.first
  let filled = 0
  let block = Buffer.allocUnsafe(blockLength(manifest, index))
  for await (const chunk of bytes) {
    for (let used = 0; used < chunk.length;) {
      const count = chunk.copy(block, filled, used)
      filled += count
      used += count
      if (filled < block.length) continue
      yield block
      index++
      filled = 0
      // the sink may still be writing the old one
      block = Buffer.allocUnsafe(offset + length > index * manifest.blockBytes ? blockLength(manifest, index) : 0)
    }
  }
}

async function* readRemote(
  context: TransferContext,
  found: FoundFile,
  from: { readonly holder: Contact; readonly signal: AbortSignal; readonly offset: number; readonly length: number },
): AsyncGenerator<Buffer> {
  const connection = await context.open(from.holder, from.signal)
  const abort = (): void => connection.destroy()
  from.signal.addEventListener('abort', abort, { once: true })
  let clean = false
  try {
    const what = { name: found.name.normalize('NFC'), sha256: found.version.sha256, offsetBytes: from.offset, lengthBytes: from.length }
    await connection.send({ command: 'request', ...what, ...between(context, from.holder.id) })
    const reply = await answer(connection, ['deliver'])
    if (reply.lengthBytes !== from.length || reply.manifest) throw new AppError('protocol', 'Not the stretch that was asked for')
    yield* connection.readBody(from.length)
    clean = true
  } finally {
    from.signal.removeEventListener('abort', abort)
    if (clean) connection.release()
    else connection.destroy()
  }
}
