/** A requested file's way onto this machine's disk, or into a stream: the target, the blocks, the final name. */

import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Writable } from 'node:stream'
import { once } from 'node:events'
import { AppError, type ErrorCode } from '../../../shared/errors.ts'
import { DownloadFile } from '../disk/download-file.ts'
import { localName } from '../disk/safe-name.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { blockCount, lengthOf } from '../protocol/manifest.ts'
import { fetchBlocks, readVerified, type FetchOptions } from './fetch-blocks.ts'
import { isInterrupted } from './interrupted.ts'
import type { FoundFile } from './request-file.ts'
import type { TransferContext } from './transfer-context.ts'

export interface Target {
  /** A path to write, an existing folder to put it in, or null for `folder`. */
  readonly out: string | null
  /** The downloads folder. */
  readonly folder: string
  /** In a folder: prefix + the file's original name, replacing what is there (the classroom's `_4103.pdf`). */
  readonly namePrefix: string | null
}

interface DownloadOptions extends FetchOptions {
  readonly onWritten: (path: string) => void
  readonly onKept?: (bytes: number) => void
}

interface Downloaded {
  readonly path: string
  /** What each holder gave, in bytes. */
  readonly parts: ReadonlyMap<Identifier, number>
}

/** Fetches `found` to disk; the file appears whole or not at all. */
export async function download(context: TransferContext, found: FoundFile, to: Target & DownloadOptions): Promise<Downloaded> {
  return downloadTo(context, found, { ...to, ...(await targetPath(found, to)) })
}

interface Place {
  readonly path: string
  readonly overwrite: boolean
}

/** As `download`, with the place decided. */
export async function downloadTo(context: TransferContext, found: FoundFile, to: Place & DownloadOptions): Promise<Downloaded> {
  const { path, overwrite } = to
  const file = await DownloadFile.create(context.disk, path, found.manifest, { overwrite })
  try {
    const blocks = file.missingBlocks()
    to.onKept?.(found.manifest.sizeBytes - lengthOf(found.manifest, blocks))
    const parts = await fetchBlocks(context, found, { ...to, sink: file, blocks })
    const written = await file.commit()
    to.onWritten(written)
    return { path: written, parts }
  } catch (error) {
    // what arrived stays for the next try when only the others failed, or nobody gave it up; a full disk needs its room back
    if (isInterrupted(to.signal) || (error instanceof AppError && resumable.has(error.code))) await file.suspend()
    else await file.abort()
    throw error
  }
}

/** Removes what interrupted tries of the same request left on the disk. */
export async function discardDownload(context: TransferContext, found: FoundFile, to: Target): Promise<void> {
  const { path } = await targetPath(found, to)
  await DownloadFile.discard(context.disk, path, found.manifest)
}

const resumable: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['out-of-reach', 'peer-unreachable', 'corrupt'])

async function targetPath(found: FoundFile, to: Target): Promise<Place> {
  const base = localName(basename(found.name))
  if (to.out === null) return { path: join(to.folder, base), overwrite: false }
  const isFolder = await stat(to.out).then(
    (entry) => entry.isDirectory(),
    () => false,
  )
  if (!isFolder) return { path: to.out, overwrite: true }
  if (to.namePrefix === null) return { path: join(to.out, base), overwrite: false }
  return { path: join(to.out, localName(to.namePrefix + found.version.originalName)), overwrite: true }
}

/** Blocks asked for in one go when they are needed in order. */
const streamRunBlocks = 8

/** Writes `found` to a stream, in order, each block verified before it is passed on; the next holder takes over from a broken one. */
export async function downloadToStream(
  context: TransferContext,
  found: FoundFile,
  to: { readonly stream: Writable } & FetchOptions,
): Promise<ReadonlyMap<Identifier, number>> {
  const parts = new Map<Identifier, number>()
  const blocks = blockCount(found.manifest.sizeBytes, found.manifest.blockBytes)
  const signal = to.signal ?? new AbortController().signal
  const holders = [...found.holders]
  for (let first = 0; first < blocks;) {
    const holder = holders[0]
    if (!holder) throw new AppError('out-of-reach', `All machines that hold ${found.name} broke off`, { name: found.name })
    try {
      const run = { first, count: Math.min(streamRunBlocks, blocks - first) }
      for await (const block of readVerified(context, found, { holder, run, signal })) {
        await writeTo(to.stream, block, signal)
        first++
        parts.set(holder.id, (parts.get(holder.id) ?? 0) + block.length)
        to.onBlock?.(holder.id, block.length)
      }
    } catch (error) {
      if (!(error instanceof AppError) || error.code === 'cancelled' || signal.aborted) throw error
      holders.shift()
    }
  }
  return parts
}

async function writeTo(stream: Writable, block: Buffer, signal: AbortSignal): Promise<void> {
  if (stream.destroyed) throw new AppError('cancelled', 'The reader went away')
  if (stream.write(block)) return
  const gone = new AbortController()
  const leave = (): void => gone.abort()
  stream.once('close', leave)
  try {
    await once(stream, 'drain', { signal: AbortSignal.any([signal, gone.signal]) })
  } catch {
    throw new AppError('cancelled', 'The reader went away')
  } finally {
    stream.off('close', leave)
  }
}
