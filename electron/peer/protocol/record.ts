/**
 * A record: what the ring knows of a file name. It has the versions that nothing superseded, the last few that were superseded, and
 * the set of all that ever were, by writer and count (a dotted version vector; Preguiça et al., 2010).
 * merge(A, B) = union, minus all superseded: commutative, associative, idempotent (ring.md 9). A delete is a version marked deleted.
 * Nothing here trusts a clock: `storedAt` is shown to people and decides nothing.
 */

import { hasDot, highestCounter, isCounter, isWriterId, readDots, sameDots, unite, type Dot, type Dots } from './dots.ts'
import { limits } from './limits.ts'

export interface Version extends Dot {
  /** First 160 bits of SHA-256 over content, writer, counter, what it supersedes and the deleted mark: no two versions share one. */
  readonly version: string
  readonly sha256: string
  readonly sizeBytes: number
  /** SHA-256 of the manifest's bytes, hexadecimal: a manifest from any holder is checked against it. */
  readonly manifestSha256: string
  /** Lamport number: one more than the highest that its writer knew of this name. */
  readonly lamport: number
  /** 1 + the highest that this writer ever gave for this name: never used twice. */
  readonly counter: number
  readonly writerId: string
  readonly writerName: string
  /** Unix time in ms at the writer: for people only. */
  readonly storedAt: number
  readonly supersedes: Dots
  /** A delete. Its content is what it deleted, so that it can be undone. */
  readonly deleted: boolean
  /** The file's base name where it was stored from (a classroom name has no extension, its file may). */
  readonly originalName: string
}

export interface FileRecord {
  /** Unicode NFC: what names are matched by. */
  readonly name: string
  /** The spelling first stored: what is shown. */
  readonly spelling: string
  /** What nothing superseded, deletes among it. Sorted by id. */
  readonly versions: readonly Version[]
  /** The last superseded versions that are no deletes, each with another content, newest first; `limits.keptEarlier` of them. */
  readonly earlier: readonly Version[]
  /** Every version that was ever superseded here: keeps a merge with an old record from bringing it back. */
  readonly superseded: Dots
}

/** A content that the ring keeps for this name. */
export interface WantedContent {
  readonly sha256: string
  readonly sizeBytes: number
  readonly manifestSha256: string
  /** A version with this content: the newest of its kind. */
  readonly version: Version
  /** A version's own; what a delete can be undone to; what a change can be taken back to. */
  readonly kind: 'live' | 'trash' | 'earlier'
}

/** Union minus superseded. Of two spellings the lower string is kept. Result: `b` itself when it is as the merge leaves it. */
export function mergeRecords(a: FileRecord, b: FileRecord): FileRecord {
  return withOnlyVersion(a, b) ?? mergeVersions(a, b)
}

/** The merge where both know the same single version, or `a` none: nearly all are so, and this costs a tenth. Else null. */
function withOnlyVersion(a: FileRecord, b: FileRecord): FileRecord | null {
  const [version] = b.versions
  if (!version || b.versions.length > 1 || a.earlier.length > 0 || b.earlier.length > 0) return null
  if (a.versions.length > 1 || (a.versions[0] && a.versions[0] !== version)) return null
  const superseded = unite([b.superseded, a.superseded, version.supersedes])
  if (hasDot(superseded, version)) return null
  const spelling = a.spelling < b.spelling ? a.spelling : b.spelling
  return spelling === b.spelling && superseded === b.superseded
    ? b
    : { name: b.name, spelling, versions: b.versions, earlier: [], superseded }
}

function mergeVersions(a: FileRecord, b: FileRecord): FileRecord {
  const all = [...a.versions, ...a.earlier, ...b.versions, ...b.earlier]
  const superseded = unite([a.superseded, b.superseded, ...all.map((version) => version.supersedes)])
  const byId = new Map<string, Version>()
  for (const version of all) {
    const known = byId.get(version.version)
    // ids are hashes, so two that share one are the same or one is forged: either may stand, as long as it is the same everywhere
    if (!known || (!isSameVersion(known, version) && textOf(version) < textOf(known))) byId.set(version.version, version)
  }
  const known = [...byId.values()]
  return {
    name: a.name,
    spelling: a.spelling < b.spelling ? a.spelling : b.spelling,
    versions: known.filter((version) => !hasDot(superseded, version)).sort((x, y) => (x.version < y.version ? -1 : 1)),
    earlier: lastContents(known.filter((version) => !version.deleted && hasDot(superseded, version))).slice(0, limits.keptEarlier),
    superseded,
  }
}

/**
 * One version a content, the newest, newest first. Cut to a number it still merges in any order: what is superseded stays so, thus
 * whatever pushed a version out is there, or was itself pushed out by newer ones, in every later merge.
 */
function lastContents(versions: readonly Version[]): Version[] {
  if (versions.length < 2) return [...versions]
  const contents = new Set<string>()
  return [...versions].sort(newestFirst).filter(({ sha256 }) => !contents.has(sha256) && contents.add(sha256))
}

/** By (lamport, writer, id): a total order that is the same everywhere. */
function newestFirst(a: Version, b: Version): number {
  if (a.lamport !== b.lamport) return b.lamport - a.lamport
  if (a.writerId !== b.writerId) return a.writerId < b.writerId ? 1 : -1
  return a.version < b.version ? 1 : -1
}

/** Live versions that are not deletes, the default first. The same content from several writers is one. */
export function liveVersions(record: FileRecord): Version[] {
  return lastContents(record.versions.filter((version) => !version.deleted))
}

/** Deletes that nothing superseded, the newest first. */
export function deleteMarks(record: FileRecord): Version[] {
  return record.versions.filter((version) => version.deleted).sort(newestFirst)
}

/** A removed name: it has a delete and no live version. */
export function isRemoved(record: FileRecord): boolean {
  return record.versions.every((version) => version.deleted)
}

/** Every content that has to be kept, once: the live ones, those in the trash, the earlier ones. */
export function wantedContents(record: FileRecord): WantedContent[] {
  const [only] = record.versions
  if (only && record.versions.length === 1 && record.earlier.length === 0) return [wantedOf(only, only.deleted ? 'trash' : 'live')]
  const wanted = new Map<string, WantedContent>()
  const want = (kind: WantedContent['kind'], versions: readonly Version[]): void => {
    for (const version of versions) if (!wanted.has(version.sha256)) wanted.set(version.sha256, wantedOf(version, kind))
  }
  want('live', liveVersions(record))
  want('trash', deleteMarks(record))
  want('earlier', record.earlier)
  return [...wanted.values()]
}

function wantedOf(version: Version, kind: WantedContent['kind']): WantedContent {
  const { sha256, sizeBytes, manifestSha256 } = version
  return { sha256, sizeBytes, manifestSha256, version, kind }
}

/** A version with this id, superseded or not, if it is remembered. */
export function findVersion(record: FileRecord, id: string): Version | undefined {
  return [...record.versions, ...record.earlier].find((version) => version.version === id)
}

/** What the next version of a name starts from: the counts of those before it. */
export function highestKnown(record: FileRecord | null, writerId: string): { readonly counter: number; readonly lamport: number } {
  const versions = record ? [...record.versions, ...record.earlier] : []
  const own = versions.filter((version) => version.writerId === writerId).map((version) => version.counter)
  return {
    counter: Math.max(0, ...own, highestCounter(record?.superseded ?? {}, writerId)),
    lamport: Math.max(0, ...versions.map((version) => version.lamport)),
  }
}

/** `known` (null: none yet) with `version` added, less what it supersedes. */
export function withVersion(known: FileRecord | null, spelling: string, version: Version): FileRecord {
  const added: FileRecord = { name: spelling.normalize('NFC'), spelling, versions: [version], earlier: [], superseded: {} }
  return mergeRecords(known ?? added, { ...added, spelling: known?.spelling ?? spelling })
}

const plainFields = [
  'version',
  'sha256',
  'sizeBytes',
  'manifestSha256',
  'lamport',
  'counter',
  'writerId',
  'writerName',
  'storedAt',
  'deleted',
  'originalName',
] as const satisfies readonly Exclude<keyof Version, 'supersedes'>[]

export function sameRecord(a: FileRecord, b: FileRecord): boolean {
  return (
    a === b ||
    (a.spelling === b.spelling &&
      sameVersions(a.versions, b.versions) &&
      sameVersions(a.earlier, b.earlier) &&
      sameDots(a.superseded, b.superseded))
  )
}

function sameVersions(a: readonly Version[], b: readonly Version[]): boolean {
  return (
    a === b ||
    (a.length === b.length &&
      a.every((version, index) => {
        const other = b[index]
        return other !== undefined && isSameVersion(version, other)
      }))
  )
}

function isSameVersion(a: Version, b: Version): boolean {
  return a === b || (plainFields.every((field) => a[field] === b[field]) && sameDots(a.supersedes, b.supersedes))
}

/** Equal for equal versions, whoever put them together. */
function textOf(v: Version): string {
  const numbers = [v.sizeBytes, v.lamport, v.counter, v.storedAt]
  return JSON.stringify([
    v.version,
    v.sha256,
    v.manifestSha256,
    ...numbers,
    v.writerId,
    v.writerName,
    v.supersedes,
    v.deleted,
    v.originalName,
  ])
}

const isHex = (value: unknown, length: number): value is string =>
  typeof value === 'string' && value.length === length && /^[0-9a-f]+$/.test(value)
const isNumber = (value: unknown, max: number): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max
const isText = (value: unknown, max: number): value is string => typeof value === 'string' && value.length <= max

/** A version with its own fields only, or null. */
function readVersion(value: unknown): Version | null {
  if (typeof value !== 'object' || value === null) return null
  const { version, sha256, sizeBytes, manifestSha256, lamport, counter, writerId, writerName, storedAt, deleted, originalName, ...rest } =
    value as Record<keyof Version, unknown>
  const supersedes = readDots(rest.supersedes)
  if (!isHex(version, 40) || !isHex(sha256, 64) || !isHex(manifestSha256, 64)) return null
  if (!isNumber(sizeBytes, limits.fileBytes) || !isNumber(lamport, limits.counter) || !isNumber(storedAt, limits.counter)) return null
  if (!isCounter(counter) || !isWriterId(writerId) || !isText(writerName, 64) || !isText(originalName, 1024)) return null
  if (!supersedes || typeof deleted !== 'boolean') return null
  return { version, sha256, sizeBytes, manifestSha256, lamport, counter, writerId, writerName, storedAt, supersedes, deleted, originalName }
}

function readVersions(value: unknown, max: number): Version[] | null {
  if (!Array.isArray(value) || value.length > max) return null
  const versions = value.map(readVersion).filter((version) => version !== null)
  return versions.length === value.length ? versions : null
}

/** A record out of JSON text from elsewhere, or the reason why it is refused. */
export function decodeRecord(json: string): FileRecord | { readonly reason: string } {
  return merged(parseRecord(json))
}

/** As `decodeRecord`, of a value that was in JSON text whose length the caller has bounded. */
export function recordOf(value: unknown): FileRecord | { readonly reason: string } {
  return merged(readRecord(value))
}

/** Refuses a record that is not as a merge leaves it. */
function merged(record: FileRecord | { readonly reason: string }): FileRecord | { readonly reason: string } {
  if ('reason' in record) return record
  const nothing = { ...record, versions: [], earlier: [], superseded: {} }
  return sameRecord(record, mergeRecords(record, nothing)) ? record : { reason: 'record is not as a merge leaves it' }
}

/** As `decodeRecord`, for what a merge here made: fields and bounds only. */
export function parseRecord(json: string): FileRecord | { readonly reason: string } {
  if (json.length > limits.recordBytes) return { reason: 'record too long' }
  try {
    return readRecord(JSON.parse(json))
  } catch {
    return { reason: 'record is not JSON' }
  }
}

/** Why a record could not be read again by `parseRecord`, or null. */
export function unreadable(record: FileRecord): string | null {
  if (JSON.stringify(record).length > limits.recordBytes) return 'record too long'
  const read = readRecord(record)
  return 'reason' in read ? read.reason : null
}

function readRecord(value: unknown): FileRecord | { readonly reason: string } {
  if (typeof value !== 'object' || value === null) return { reason: 'record is not an object' }
  const { name, spelling, ...r } = value as Record<keyof FileRecord, unknown>
  if (!isText(name, limits.nameBytes) || name.length === 0 || name.normalize('NFC') !== name) return { reason: 'record has no name in NFC' }
  if (!isText(spelling, limits.nameBytes) || spelling.normalize('NFC') !== name) return { reason: 'spelling is not of this name' }
  const versions = readVersions(r.versions, limits.versions)
  if (!versions) return { reason: 'record has bad versions' }
  const earlier = readVersions(r.earlier, limits.keptEarlier)
  if (!earlier) return { reason: 'record has bad earlier versions' }
  const superseded = readDots(r.superseded)
  if (!superseded) return { reason: 'record has a bad set of superseded versions' }
  return { name, spelling, versions, earlier, superseded }
}
