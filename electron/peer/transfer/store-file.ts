/**
 * Storing a file: hash it, find who keeps its name, decide which version it is, then copy it to the replica set and answer
 * only when enough machines have it on disk (ring.md 8).
 */

import { basename } from 'node:path'
import type { OnClash } from '../../../shared/contract.ts'
import { AppError } from '../../../shared/errors.ts'
import { checkRingName } from '../disk/safe-name.ts'
import type { Identifier } from '../protocol/identifier.ts'
import type { Manifest } from '../protocol/manifest.ts'
import { liveVersions, type FileRecord, type Version } from '../protocol/record.ts'
import { buildManifest, manifestHash, readFileBlocks } from './build-manifest.ts'
import { distribute, copiesWanted, storeTargets, type Cargo, type Distributed } from './distribute.ts'
import { leaving } from './intake.ts'
import { withNewVersion } from './new-version.ts'
import type { Pace } from './pace.ts'
import { readRecord, type KnownRecord } from './read-record.ts'
import { Staging } from './staging.ts'
import type { TransferContext } from './transfer-context.ts'

/** `replace-own`: takes the place of what this machine stored; another machine's version stays beside it, for a person to decide. */
export type ClashRule = OnClash | 'replace-own'

export interface StoreFileOptions {
  readonly name: string
  readonly onClash: ClashRule
  readonly signal?: AbortSignal
  /** Told once, before anything else is. */
  readonly onSize?: (sizeBytes: number) => void
  readonly onProgress?: (to: Identifier, doneBytes: number) => void
  readonly pace?: Pace
}

export interface StoredFile {
  readonly name: string
  readonly manifest: Manifest
  readonly holders: readonly Identifier[]
  /** Copies that make the answer complete: min(k, ring size). */
  readonly wanted: number
  readonly route: readonly Identifier[]
}

/** Names tried for "keep both" before giving up. */
export const keepBothTries = 1000

/**
 * Stores one local file. Throws `already-exists` (declined: the name has other content), `file-unreadable`,
 * `changed-while-reading`, `bad-argument` (name), `peer-unreachable`, `disk-full` (nobody has room), `cancelled`.
 */
export async function storeFile(context: TransferContext, path: string, options: StoreFileOptions): Promise<StoredFile> {
  const checked = checkRingName(options.name)
  if (!checked.ok)
    throw new AppError('bad-argument', `${options.name} cannot be a name in the ring: ${checked.reason}`, { name: options.name })
  const manifest = await readOnce(context, path, options)
  const { known, spelling } = await findPlace(context, { spelling: checked.spelling, manifest, onClash: options.onClash })
  const mayReplace = replaceableBy(context, options.onClash)
  const wanted = copiesWanted(context)
  const stored = { known: known.record, spelling, manifest, originalName: basename(path), mayReplace }
  return withRecord(context, stored, async (record) => {
    const cargo: Cargo = { record, manifest, read: (blocks) => readFileBlocks(context.disk, path, { manifest, blocks }) }
    const holders = await spread(context, cargo, { path, known, wanted, options })
    const taken = { record, sha256: manifest.sha256, verifiedAt: context.wallClock() }
    for (const holder of holders) context.catalogue.took(holder, taken)
    return { name: record.spelling, manifest, holders, wanted, route: known.route }
  })
}

/** Hashes the file; what is large and new is on its way to its holders meanwhile. */
async function readOnce(context: TransferContext, path: string, options: StoreFileOptions): Promise<Manifest> {
  const { signal, onSize, onProgress, pace } = options
  const ahead: { staging: Staging | null } = { staging: null }
  try {
    const manifest = await buildManifest(context.disk, path, {
      blockBytes: context.contents.blockBytes,
      onOpened: async (sizeBytes) => {
        onSize?.(sizeBytes)
        const name = options.name.normalize('NFC')
        ahead.staging = await Staging.begin(context, { name, sizeBytes, ...(onProgress ? { onProgress } : {}), ...(pace ? { pace } : {}) })
      },
      onBlock: (index, block) => ahead.staging?.write(index, block),
      ...(signal ? { signal } : {}),
    })
    await ahead.staging?.end()
    return manifest
  } finally {
    ahead.staging?.abort()
  }
}

interface Place {
  readonly spelling: string
  readonly manifest: Manifest
  readonly onClash: ClashRule
}

/** The record to add to; a clash is declined, replaced, or led to a free name next to it. */
async function findPlace(context: TransferContext, place: Place): Promise<{ known: KnownRecord; spelling: string }> {
  let spelling = place.spelling
  for (let number = 2; number < keepBothTries; number++) {
    const known = await readRecord(context, spelling.normalize('NFC'), 'store')
    const free = spellingFor(known.record, { ...place, spelling })
    if (free !== null) return { known, spelling: free }
    spelling = numbered(place.spelling, number)
  }
  throw new AppError('already-exists', `${place.spelling} has too many numbered neighbours`, { name: place.spelling })
}

/** The spelling to store under, or null when the name is taken and both are to be kept. Throws `already-exists` when declined. */
export function spellingFor(known: FileRecord | null, { spelling, manifest, onClash }: Place): string | null {
  const live = known ? liveVersions(known) : []
  const clash = live.length > 0 && !live.some((version) => version.sha256 === manifest.sha256)
  if (!clash || onClash === 'replace' || onClash === 'replace-own') return known?.spelling ?? spelling
  if (onClash !== 'decline') return null
  const newest = live[0]
  const by = newest ? ` by ${newest.writerName}` : ''
  throw new AppError('already-exists', `${spelling} is stored already with other content${by}; replace it or keep both`, {
    name: spelling,
    versions: live.map((version) => version.version).join(' '),
  })
}

/** "a/report.pdf", 2 -> "a/report (2).pdf". */
export function numbered(name: string, number: number): string {
  const [, stem = name, extension = ''] = /^(.*[^/])(\.[^./]+)$/s.exec(name) ?? []
  return `${stem} (${number})${extension}`
}

/** Which versions a new one takes the place of. */
export function replaceableBy(context: TransferContext, onClash: ClashRule): (version: Version) => boolean {
  const writerId = context.space.format(context.self.id)
  return (version) => onClash !== 'replace-own' || version.deleted || version.writerId === writerId
}

interface StoredContent {
  readonly known: FileRecord | null
  readonly spelling: string
  readonly manifest: Manifest
  readonly originalName: string
  readonly mayReplace: (version: Version) => boolean
}

/** Runs `work` with the record that has this content as a version. The same content as a live version is that version: a retry is no change. */
export async function withRecord<T>(context: TransferContext, stored: StoredContent, work: (record: FileRecord) => Promise<T>): Promise<T> {
  const { known, spelling, manifest, originalName, mayReplace } = stored
  if (known && liveVersions(known).some((version) => version.sha256 === manifest.sha256)) return work(known)
  const { sha256, sizeBytes } = manifest
  const content = { sha256, sizeBytes, manifestSha256: manifestHash(manifest), originalName, deleted: false }
  return withNewVersion(context, { known, spelling, content, old: known?.versions.filter(mayReplace) ?? [] }, work)
}

interface Spread {
  readonly path: string
  readonly known: KnownRecord
  readonly wanted: number
  readonly options: StoreFileOptions
}

/** Copies to the replica set. What this machine kept of it stays until all have answered: it is told as a copy then. */
function spread(context: TransferContext, cargo: Cargo, spreading: Spread): Promise<Identifier[]> {
  return context.use.during([cargo.manifest.sha256], () => spreadInUse(context, cargo, spreading))
}

/** Who has a copy now, and why the last one that should have failed to keep it. */
type Kept = Pick<Distributed, 'holders' | 'failure'>

const nobody: Kept = { holders: [], failure: null }

/** This machine's share from its own disk, the others' over the network, both at once; then each makes up for what the other could not do. */
async function spreadInUse(context: TransferContext, cargo: Cargo, { path, known, wanted, options }: Spread): Promise<Identifier[]> {
  const { keepsHere, mayKeepHere, remotes, copies } = storeTargets(context, known, cargo.record.name)
  const { signal, onProgress, pace } = options
  const forward = { ...(signal ? { signal } : {}), ...(onProgress ? { onProgress } : {}), ...(pace ? { pace } : {}) }
  const keep = (): Promise<Kept> => keepHere(context, cargo, { path, signal })
  const send = (candidates: typeof remotes, count: number): Promise<Kept> =>
    distribute(context, cargo, { candidates, copies: count, ...forward })
  const [there, here] = await bothEnded(send(remotes, copies), keepsHere ? keep() : Promise.resolve(nobody))
  const holders = [...here.holders, ...there.holders]
  const missing = wanted - holders.length
  let more = nobody
  if (missing > 0 && mayKeepHere && !keepsHere && isAbsence(there.failure)) more = await keep()
  else if (missing > 0 && here.failure) {
    const rest = remotes.filter((contact) => !holders.includes(contact.id))
    more = await send(rest, missing)
  }
  holders.push(...more.holders)
  if (holders.length > 0) return holders
  throw nobodyTook(context, cargo.record, here.failure ?? there.failure)
}

/** Others are away or leave, or who passed on did not say why: this machine stands in for them, but not for one that is full or finds fault. */
export function isAbsence(failure: AppError | null): boolean {
  return failure === null || failure.code === 'peer-unreachable'
}

/** Both results once both have ended; the first one's error comes first. */
async function bothEnded<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second])
  return [await first, await second]
}

/** Why a version has no copy at all. */
export function nobodyTook(context: TransferContext, { spelling }: FileRecord, failure: AppError | null): AppError {
  if (!context.intake.isOpen) return leaving(context.machineName)
  return failure ?? new AppError('peer-unreachable', `No machine took ${spelling}; try again when the ring is whole`)
}

/** This machine as a holder once the copy is durable here, or why it is not. Throws when the file itself is the cause. */
async function keepHere(
  context: TransferContext,
  { record, manifest }: Cargo,
  from: { readonly path: string; readonly signal: AbortSignal | undefined },
): Promise<Kept> {
  try {
    if (!(await context.contents.holds(manifest))) await context.contents.importFile(from.path, manifest, from.signal)
    const isKept = await context.intake.keep(async () => {
      await context.records.merge(record)
      await context.records.setHeld(manifest.sha256, context.wallClock())
    })
    return isKept ? { holders: [context.self.id], failure: null } : { holders: [], failure: leaving(context.machineName) }
  } catch (error) {
    if (error instanceof AppError && error.code === 'disk-full') return { holders: [], failure: error }
    throw error
  }
}
