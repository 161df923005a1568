/**
 * A record: what the ring knows of a file name, a set of versions. Each version lists the versions it supersedes.
 * merge(A, B) = union, minus all superseded: commutative, associative, idempotent (ring.md 9). A delete is a version
 * marked deleted. Nothing here trusts a clock: `storedAt` is shown to people and decides nothing.
 */

import { limits } from './limits.ts'

export interface Version {
  /** First 160 bits of SHA-256 over content, superseded versions and the deleted mark: a retry yields the same id. */
  readonly version: string
  readonly sha256: string
  readonly sizeBytes: number
  /** SHA-256 of the manifest's bytes, hexadecimal: a manifest from any holder is checked against it. Empty for a delete. */
  readonly manifestSha256: string
  /** Lamport number: one more than the highest it supersedes. */
  readonly lamport: number
  readonly writerId: string
  readonly writerName: string
  /** Unix time in ms at the writer: for people only. */
  readonly storedAt: number
  readonly supersedes: readonly string[]
  readonly deleted: boolean
  /** The file's base name where it was stored from (a classroom name has no extension, its file may). */
  readonly originalName: string
}

export interface FileRecord {
  /** Unicode NFC: what names are matched by. */
  readonly name: string
  /** The spelling first stored: what is shown. */
  readonly spelling: string
  /** Live versions, and superseded ids in their `supersedes`. Sorted by id. */
  readonly versions: readonly Version[]
  /** Every version id that was ever superseded here: keeps a merge with an old record from bringing it back. Sorted. */
  readonly superseded: readonly string[]
}

/** Union minus superseded. The spelling of the version stored first (lowest lamport, then id) is kept: the lower string on a tie of records. */
export function mergeRecords(a: FileRecord, b: FileRecord): FileRecord {
  const superseded = new Set([...a.superseded, ...b.superseded])
  const versions = new Map<string, Version>()
  for (const version of [...a.versions, ...b.versions]) {
    for (const id of version.supersedes) superseded.add(id)
    const known = versions.get(version.version)
    // the same content stored twice by different writers is one version: the lower writer stands, so that merging commutes
    if (!known || writerOrder(version, known) < 0) versions.set(version.version, version)
  }
  for (const id of superseded) versions.delete(id)
  return {
    name: a.name,
    spelling: a.spelling < b.spelling ? a.spelling : b.spelling,
    versions: [...versions.values()].sort((x, y) => (x.version < y.version ? -1 : 1)),
    superseded: [...superseded].sort(),
  }
}

function writerOrder(a: Version, b: Version): number {
  const left = JSON.stringify([a.lamport, a.writerId, a.storedAt, a.writerName, a.originalName, a.supersedes])
  const right = JSON.stringify([b.lamport, b.writerId, b.storedAt, b.writerName, b.originalName, b.supersedes])
  return left < right ? -1 : left > right ? 1 : 0
}

/** Live versions that are not deletes, default first: highest (lamport, writer). */
export function liveVersions(record: FileRecord): Version[] {
  return record.versions
    .filter((version) => !version.deleted)
    .sort((a, b) => b.lamport - a.lamport || (a.writerId < b.writerId ? 1 : a.writerId > b.writerId ? -1 : a.version < b.version ? 1 : -1))
}

/** A removed name: it has a delete and no live version. */
export function isRemoved(record: FileRecord): boolean {
  return liveVersions(record).length === 0
}

export function sameRecord(a: FileRecord, b: FileRecord): boolean {
  return JSON.stringify([a.spelling, a.versions, a.superseded]) === JSON.stringify([b.spelling, b.versions, b.superseded])
}

const hex = (text: unknown, length: number): text is string =>
  typeof text === 'string' && text.length === length && /^[0-9a-f]+$/.test(text)
const counter = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
const text = (value: unknown, max: number): value is string => typeof value === 'string' && value.length <= max
const ids = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length <= limits.versions * 16 && value.every((id) => hex(id, 40))

function isVersion(value: unknown): value is Version {
  if (typeof value !== 'object' || value === null) return false
  const v = value as Record<keyof Version, unknown>
  return (
    hex(v.version, 40) &&
    hex(v.sha256, 64) &&
    counter(v.sizeBytes) &&
    v.sizeBytes <= limits.fileBytes &&
    (hex(v.manifestSha256, 64) || v.manifestSha256 === '') &&
    counter(v.lamport) &&
    text(v.writerId, 40) &&
    text(v.writerName, 64) &&
    counter(v.storedAt) &&
    ids(v.supersedes) &&
    typeof v.deleted === 'boolean' &&
    text(v.originalName, 1024)
  )
}

/** A record out of JSON text from elsewhere, or the reason why it is refused. */
export function decodeRecord(json: string): FileRecord | { readonly reason: string } {
  if (json.length > limits.recordBytes) return { reason: 'record too long' }
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return { reason: 'record is not JSON' }
  }
  if (typeof value !== 'object' || value === null) return { reason: 'record is not an object' }
  const r = value as Record<keyof FileRecord, unknown>
  if (!text(r.name, limits.nameBytes) || r.name.length === 0 || r.name.normalize('NFC') !== r.name)
    return { reason: 'record has no name in NFC' }
  if (!text(r.spelling, limits.nameBytes) || r.spelling.normalize('NFC') !== r.name) return { reason: 'spelling is not of this name' }
  if (!Array.isArray(r.versions) || r.versions.length > limits.versions || !r.versions.every(isVersion))
    return { reason: 'record has bad versions' }
  if (!ids(r.superseded)) return { reason: 'record has bad superseded ids' }
  return { name: r.name, spelling: r.spelling, versions: r.versions, superseded: r.superseded }
}
