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
import { distribute, copiesWanted, storeTargets, type Cargo } from './distribute.ts'
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
    for (const holder of holders) rememberHolder(context, holder, { record, manifest })
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
async function spread(context: TransferContext, cargo: Cargo, spreading: Spread): Promise<Identifier[]> {
  const leave = await context.use.enter(cargo.manifest.sha256)
  try {
    return await spreadInUse(context, cargo, spreading)
  } finally {
    leave()
  }
}

/** This machine's share from its own disk, the others' over the network, both at once. */
async function spreadInUse(context: TransferContext, cargo: Cargo, { path, known, wanted, options }: Spread): Promise<Identifier[]> {
  const { keepsHere, remotes, copies } = storeTargets(context, known, cargo.record.name)
  const forward = {
    ...(options.signal ? { signal: options.signal } : {}),
    ...(options.onProgress ? { onProgress: options.onProgress } : {}),
    ...(options.pace ? { pace: options.pace } : {}),
  }
  const here = keepsHere
    ? keepHere(context, cargo, { path, signal: options.signal })
    : Promise.resolve(new AppError('disk-full', 'not asked'))
  here.catch(() => undefined) // awaited below; a failure of the other half comes first
  const first = await distribute(context, cargo, { candidates: remotes, copies, ...forward })
  const failedHere = await here
  const holders = failedHere === null ? [context.self.id, ...first.holders] : [...first.holders]
  if (keepsHere && failedHere && holders.length < wanted) {
    const rest = remotes.filter((contact) => !holders.includes(contact.id))
    holders.push(...(await distribute(context, cargo, { candidates: rest, copies: wanted - holders.length, ...forward })).holders)
  }
  if (holders.length > 0) return holders
  const failure = (keepsHere ? failedHere : null) ?? first.failure
  throw failure ?? new AppError('peer-unreachable', `No machine took ${cargo.record.spelling}; try again when the ring is whole`)
}

/** Null when the copy is durable here, else why not. Throws when the file itself is the cause. */
async function keepHere(
  context: TransferContext,
  cargo: Cargo,
  from: { readonly path: string; readonly signal: AbortSignal | undefined },
): Promise<AppError | null> {
  try {
    if (!(await context.contents.holds(cargo.manifest))) await context.contents.importFile(from.path, cargo.manifest, from.signal)
    await context.records.merge(cargo.record)
    await context.records.setHeld(cargo.manifest.sha256, context.wallClock())
    return null
  } catch (error) {
    if (error instanceof AppError && error.code === 'disk-full') return error
    throw error
  }
}

/** What was just acknowledged is shown at once, before the holders' next news says so. */
export function rememberHolder(context: TransferContext, holder: Identifier, what: { record: FileRecord; manifest: Manifest }): void {
  const held = context.catalogue.get(what.record.name)?.machines.get(holder) ?? {}
  context.catalogue.put(holder, { record: what.record, held: { ...held, [what.manifest.sha256]: context.wallClock() } })
}
