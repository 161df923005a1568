/** Files as windows see them: rows, versions, the trash. Plain data out of the catalogue. */

import type { FileView, HolderView, RemovedView, VersionState, VersionView } from '../../shared/views.ts'
import { verifiedAtOf } from './protocol/holdings.ts'
import type { Identifier, IdentifierSpace } from './protocol/identifier.ts'
import { deleteMarks, isRemoved, liveVersions, wantedContents, type FileRecord, type Version } from './protocol/record.ts'
import { stateOfCopies, type HeldFile, type RingToday } from './ring/safety.ts'
import { holdersOf, type Catalogue, type CatalogueFile } from './transfer/catalogue.ts'

/** What is known of the ring at one moment: asked for once, used for all files. */
export interface RingMoment extends RingToday {
  readonly selfId: Identifier
  readonly space: IdentifierSpace
  readonly online: ReadonlySet<Identifier>
}

/** Names of the trash in one answer: the last removed are those that somebody looks for. */
const removedShown = 10_000
/** Days that a removed name can be taken back (ring.md 9). */
const trashDays = 30
const dayMs = 86_400_000

/** A row of the list, or null when the name was removed. A conflict is as safe as its live version with the fewest copies. */
export function fileView(file: CatalogueFile, now: RingMoment): FileView | null {
  const live = liveVersions(file.record)
  const [current] = live
  if (!current) return null
  const reached = (holders: readonly HolderView[]): number => holders.filter((holder) => holder.online).length
  const holders = live.map((version) => holderViews(file, version, now)).reduce((a, b) => (reached(b) < reached(a) ? b : a))
  return {
    name: file.record.spelling,
    sizeBytes: current.sizeBytes,
    storedAt: current.storedAt,
    writerId: current.writerId,
    writerName: current.writerName,
    sha256: current.sha256,
    state: stateOfCopies(reached(holders), now),
    holders,
    copiesWanted: now.copiesWanted,
    here: verifiedAtOf(file.machines.get(now.selfId) ?? [], current.sha256) > 0,
    liveVersions: live.length,
  }
}

/** Machines with a durable copy of one version, online ones first. */
function holderViews(file: CatalogueFile, version: Version, now: RingMoment): HolderView[] {
  const holders = [...holdersOf(file, version)].map(([id, verifiedAt]) => ({
    machineId: now.space.format(id),
    verifiedAt,
    online: now.online.has(id),
  }))
  return holders.sort((a, b) => Number(b.online) - Number(a.online))
}

/** All versions that can be had: see WhereView. Empty when the name is unknown, or gone from the trash. */
export function versionViews(file: CatalogueFile, now: RingMoment): VersionView[] {
  return keptVersions(file.record).map(({ version, state }) => ({
    version: version.version,
    state,
    sizeBytes: version.sizeBytes,
    sha256: version.sha256,
    storedAt: version.storedAt,
    writerId: version.writerId,
    writerName: version.writerName,
    holders: holderViews(file, version, now),
  }))
}

function keptVersions(record: FileRecord): { readonly version: Version; readonly state: VersionState }[] {
  const removed = isRemoved(record) ? removedVersion(record) : undefined
  return wantedContents(record).map(({ version, kind }, index) => {
    if (kind === 'live') return { version, state: index === 0 ? 'current' : 'conflict' }
    return { version, state: version === removed ? 'removed' : 'earlier' }
  })
}

/** The latest mark of removal: it carries the content that was removed. */
function removedVersion(record: FileRecord): Version | undefined {
  return deleteMarks(record)[0]
}

/** Names in the trash, last removed first. `now`: Unix time in ms. */
export function removedViews(catalogue: Catalogue, now: number): RemovedView[] {
  const views: RemovedView[] = []
  for (const { record } of catalogue.removedFiles()) {
    const version = removedVersion(record)
    if (!version) continue
    const daysLeft = trashDays - Math.floor((now - version.storedAt) / dayMs)
    if (daysLeft < 1) continue
    const { sizeBytes, storedAt: removedAt, writerName: removedBy } = version
    // another machine's clock may be ahead
    views.push({ name: record.spelling, sizeBytes, removedAt, removedBy, daysLeft: Math.min(daysLeft, trashDays) })
  }
  return views.sort((a, b) => b.removedAt - a.removedAt || (a.name < b.name ? -1 : 1)).slice(0, removedShown)
}

/** A file as safety counts it, one list of holders for each content that is live; null when the name was removed. */
export function heldFile(file: CatalogueFile): (HeldFile & { readonly current: Version }) | null {
  const live = liveVersions(file.record)
  const [current] = live
  return current ? { name: file.record.spelling, current, contents: live.map((version) => [...holdersOf(file, version).keys()]) } : null
}
