/** Changes of a record that move no bytes: remove, restore, choose between versions or keep both. Each is a version that supersedes. */

import { AppError } from '../../../shared/errors.ts'
import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { deleteMarks, liveVersions, type FileRecord, type Version } from '../protocol/record.ts'
import { sendRecord } from './exchange.ts'
import { leaving } from './intake.ts'
import { withNewVersion } from './new-version.ts'
import { readRecord, type KnownRecord } from './read-record.ts'
import { keepBothTries, numbered } from './store-file.ts'
import type { TransferContext } from './transfer-context.ts'

/** Marks `name` deleted; its copies stay, so that it can be restored. Throws `not-found`, `peer-unreachable`. */
export async function removeFile(context: TransferContext, name: string): Promise<void> {
  const known = await knownRecord(context, name)
  const [current] = liveVersions(known.record)
  if (!current) throw notFound(name)
  await supersede(context, known, { content: { ...current, deleted: true }, old: known.record.versions })
}

/**
 * Takes a removed name back (`version` null), or makes a removed or earlier version the current one: the first characters of its id are
 * enough. What was current becomes an earlier version. Throws `not-found`, `bad-argument` (too short, or several begin so),
 * `out-of-reach` (nobody who answered has its bytes), `peer-unreachable`.
 */
export async function restoreFile(context: TransferContext, name: string, version: string | null): Promise<void> {
  const known = await knownRecord(context, name)
  const live = liveVersions(known.record)
  if (version === null) {
    // without a mark: removed so long ago that it was forgotten, in a part of the ring that another one lost sight of
    const [removed = known.record.earlier[0]] = deleteMarks(known.record)
    if (!removed || live.length > 0) throw new AppError('not-found', `${name} is not in the trash`, { name })
    holdersOf(name, known, removed)
    return supersede(context, known, { content: { ...removed, deleted: false }, old: known.record.versions })
  }
  const wanted = versionOf(name, version, [...known.record.versions, ...known.record.earlier])
  if (live.length === 1 && live[0]?.sha256 === wanted.sha256) return
  holdersOf(name, known, wanted)
  await supersede(context, known, { content: { ...wanted, deleted: false }, old: known.record.versions })
}

/** Makes one of several live versions the current one; the others become earlier versions. Throws as `restoreFile`. */
export async function chooseVersion(context: TransferContext, name: string, version: string): Promise<void> {
  const known = await knownRecord(context, name)
  const chosen = versionOf(name, version, livesOf(known.record))
  await supersede(context, known, { content: chosen, old: known.record.versions })
}

/**
 * Gives one of several live versions a free name of its own, "report (2).pdf", and leaves the original name with the rest. The new name
 * comes first, so that nothing is lost when this stops half-way; done again it goes on with the same name. Result: that name. Throws
 * `not-found`, `bad-argument` (no other live version), `out-of-reach`, `peer-unreachable`.
 */
export async function keepBothVersions(context: TransferContext, name: string, version: string): Promise<string> {
  const known = await knownRecord(context, name)
  const moved = versionOf(name, version, livesOf(known.record))
  const stays = liveVersions(known.record).find((other) => other.sha256 !== moved.sha256)
  if (!stays) throw new AppError('bad-argument', `${name} has one version only`, { name })
  const holders = holdersOf(name, known, moved)
  const place = await freeName(context, known.record.spelling, moved)
  await giveName(context, place, { moved, holders })
  const settled = known.record.versions.filter((other) => other.deleted || [moved.sha256, stays.sha256].includes(other.sha256))
  await supersede(context, known, { content: stays, old: settled })
  return place.spelling
}

type Known = KnownRecord & { readonly record: FileRecord }

async function knownRecord(context: TransferContext, name: string): Promise<Known> {
  const known = await readRecord(context, name.normalize('NFC'), 'find')
  if (!known.record) throw notFound(name)
  return { ...known, record: known.record }
}

function notFound(name: string): AppError {
  return new AppError('not-found', `${name} is not in the ring`, { name })
}

/** Every live version, those with the same content too: any of their ids may be asked for. */
function livesOf(record: FileRecord): Version[] {
  return record.versions.filter((version) => !version.deleted)
}

/** Characters of an id that a person has to give at least. */
const prefixLength = 4

/** The one version among `candidates` whose id begins with `prefix`. */
function versionOf(name: string, prefix: string, candidates: readonly Version[]): Version {
  const start = prefix.toLowerCase()
  if (start.length < prefixLength) {
    throw new AppError('bad-argument', `Give at least the first ${prefixLength} characters of a version of ${name}`, { name })
  }
  const matches = candidates.filter((candidate) => candidate.version.startsWith(start))
  const [found] = matches
  if (!found) throw new AppError('not-found', `${name} has no version ${prefix}, or not any more`, { name })
  const contents = new Set(matches.map((match) => match.sha256)).size
  if (contents > 1) throw new AppError('bad-argument', `${contents} versions of ${name} begin with ${prefix}; give more of it`, { name })
  return found
}

/** Machines that answered and have the bytes of `version`. */
function holdersOf(name: string, known: Known, version: Version): readonly Contact[] {
  const holders = known.holders.get(version.sha256) ?? []
  if (holders.length > 0) return holders
  throw new AppError('out-of-reach', `No machine that answered has the bytes of this version of ${name}; try again when others are back`, {
    name,
  })
}

interface Change {
  readonly content: Version
  /** Versions that the new one takes the place of. */
  readonly old: readonly Version[]
}

/** A version with this content, told to everyone who keeps the name; one of them is enough to last. */
async function supersede(context: TransferContext, known: Known, { content, old }: Change): Promise<void> {
  const { spelling, name } = known.record
  const machines = context.catalogue.get(name)?.machines.keys() ?? []
  const keepers = [...machines].map((machine) => context.contact(machine)).filter((contact) => contact !== null)
  await withNewVersion(context, { known: known.record, spelling, content, old }, (record) =>
    tell(context, record, [...known.candidates.slice(0, context.parameters.copies), ...keepers]),
  )
}

/** Sends a record to all of `contacts`. Result: those that have it durably, at least one. Throws `peer-unreachable`. */
async function tell(context: TransferContext, record: FileRecord, contacts: readonly Contact[]): Promise<ReadonlySet<Identifier>> {
  const told = [...new Map(contacts.map((contact) => [contact.id, contact])).values()]
  const results = await Promise.allSettled(
    told.map(async (contact) => {
      if (contact.id !== context.self.id) await sendRecord(context, contact, { record })
      else if (!(await context.intake.keep(() => context.records.merge(record)))) throw leaving(context.machineName)
      return contact.id
    }),
  )
  const done = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  if (done.length > 0) return new Set(done)
  throw new AppError('peer-unreachable', `No machine that keeps ${record.spelling} answered; nothing was changed`, {
    name: record.spelling,
  })
}

interface Place {
  readonly spelling: string
  readonly known: KnownRecord
  /** The record that already has the content under this name alone. */
  readonly there: FileRecord | null
}

/** The first numbered neighbour of `spelling` that is free, or has this very content already. */
async function freeName(context: TransferContext, spelling: string, moved: Version): Promise<Place> {
  for (let number = 2; number < keepBothTries; number++) {
    const next = numbered(spelling, number)
    const known = await readRecord(context, next.normalize('NFC'), 'store')
    const live = known.record ? liveVersions(known.record) : []
    if (live.length === 0) return { spelling: known.record?.spelling ?? next, known, there: null }
    if (live.every((version) => version.sha256 === moved.sha256))
      return { spelling: known.record?.spelling ?? next, known, there: known.record }
  }
  throw new AppError('already-exists', `${spelling} has too many numbered neighbours`, { name: spelling })
}

/** The content becomes a file of its own: the machines that should keep its record are told, and those that have its bytes now. */
async function giveName(
  context: TransferContext,
  { spelling, known, there }: Place,
  { moved, holders }: { readonly moved: Version; readonly holders: readonly Contact[] },
): Promise<void> {
  const spread = async (record: FileRecord): Promise<void> => {
    const done = await tell(context, record, [...known.candidates.slice(0, context.parameters.copies), ...holders])
    if (holders.some((holder) => done.has(holder.id))) return
    throw new AppError('peer-unreachable', `No machine that has the bytes of ${spelling} answered; nothing was changed`, { name: spelling })
  }
  if (there) return spread(there)
  const old = known.record?.versions ?? []
  await withNewVersion(context, { known: known.record, spelling, content: moved, old }, spread)
}
