/** What windows see, computed from the ring and the catalogue: plain data, every number from the same source. */

import type {
  FileState,
  FileView,
  HolderView,
  MachineView,
  NeighbourView,
  RemovedView,
  RingView,
  SafetyView,
  StatusView,
  VersionView,
  WhatIfView,
} from '../../shared/views.ts'
import type { Identifier } from './protocol/identifier.ts'
import { isRemoved, liveVersions, type Version } from './protocol/record.ts'
import { mayFail, whatIf, type HeldFile } from './ring/safety.ts'
import type { RingSession } from './ring-session.ts'
import type { Speeds } from './speed-meter.ts'
import { currentVersion, holdersOf, type CatalogueFile } from './transfer/catalogue.ts'

/** Machines keep one colour everywhere: the palette's length in the window. */
const colours = 12
/** Names in one answer about many files. */
const namesShown = 1_000
/** Names of the trash in one answer: the last removed are those that somebody looks for. */
const removedShown = 10_000
/** Days that a removed name can be taken back (ring.md 9). */
const trashDays = 30
const dayMs = 86_400_000

export class ViewBuilder {
  readonly #session: RingSession

  constructor(session: RingSession) {
    this.#session = session
  }

  ring(): RingView {
    const { ring, space, state } = this.#session
    const self = ring.self.id
    const machines = this.#session.member.machines().map((member): MachineView => {
      const id = space.format(member.contact.id)
      return {
        id,
        name: this.#session.nameOf(member.contact.id),
        state: member.state === 'dead' ? 'away' : member.state === 'suspect' ? 'suspect' : 'online',
        isSelf: member.contact.id === self,
        position: space.position(member.contact.id),
        address: member.contact.ways[0] ?? null,
        roundTripMs: member.roundTripMs,
        lastHeardAt: this.#session.wallTime(member.lastHeardAt),
        awaySince: member.state === 'dead' ? (this.#session.awaySince(member.contact.id) ?? null) : null,
        colour: Number.parseInt(member.contact.id.slice(0, 6), 16) % colours,
      }
    })
    return {
      name: state.ringName,
      ringId: this.#session.ringId,
      selfId: space.format(self),
      copiesWanted: state.parameters.copies,
      bits: state.parameters.bits,
      machines: spreadColours(machines.sort((a, b) => a.position - b.position)),
      neighbours: this.#neighbours(),
    }
  }

  #neighbours(): NeighbourView[] {
    const { ring, space } = this.#session
    const before = ring.predecessors.slice(0, 2).map((contact, index) => ({ offset: -1 - index, machineId: space.format(contact.id) }))
    const after = ring.successors.slice(0, 2).map((contact, index) => ({ offset: 1 + index, machineId: space.format(contact.id) }))
    return [...before.reverse(), ...after]
  }

  files(): FileView[] {
    const views: FileView[] = []
    for (const file of this.#session.catalogue.files()) {
      const view = this.#file(file)
      if (view) views.push(view)
    }
    return views
  }

  file(name: string): FileView | null {
    const file = this.#session.catalogue.get(name)
    return file && this.#file(file)
  }

  #file(file: CatalogueFile): FileView | null {
    const version = currentVersion(file)
    if (!version) return null
    const holders = this.holders(file, version)
    return {
      name: file.record.spelling,
      sizeBytes: version.sizeBytes,
      storedAt: version.storedAt,
      writerId: version.writerId,
      writerName: version.writerName,
      sha256: version.sha256,
      state: this.#stateOf(holders.filter((holder) => holder.online).length),
      holders,
      copiesWanted: this.#session.state.parameters.copies,
      here: (file.machines.get(this.#session.ring.self.id)?.[version.sha256] ?? 0) > 0,
      liveVersions: liveVersions(file.record).length,
    }
  }

  holders(file: CatalogueFile, version: Version): HolderView[] {
    const online = this.#session.member.onlineIds()
    const { space } = this.#session
    const holders = [...holdersOf(file, version)].map(([id, verifiedAt]) => ({
      machineId: space.format(id),
      verifiedAt,
      online: online.has(id),
    }))
    return holders.sort((a, b) => Number(b.online) - Number(a.online))
  }

  versions(file: CatalogueFile): VersionView[] {
    return liveVersions(file.record).map((version, index) => ({
      version: version.version,
      state: index === 0 ? 'current' : 'conflict',
      sizeBytes: version.sizeBytes,
      sha256: version.sha256,
      storedAt: version.storedAt,
      writerId: version.writerId,
      writerName: version.writerName,
      holders: this.holders(file, version),
    }))
  }

  /** Names in the trash, last removed first. `now`: Unix time in ms. */
  removed(now: number): RemovedView[] {
    const views: RemovedView[] = []
    for (const { record } of this.#session.catalogue.files()) {
      if (!isRemoved(record)) continue
      const [version] = record.versions.filter(({ deleted }) => deleted).sort((a, b) => b.lamport - a.lamport)
      if (!version) continue
      const daysLeft = trashDays - Math.floor((now - version.storedAt) / dayMs)
      if (daysLeft < 1) continue
      const { sizeBytes, storedAt: removedAt, writerName: removedBy } = version
      views.push({ name: record.spelling, sizeBytes, removedAt, removedBy, daysLeft: Math.min(daysLeft, trashDays) })
    }
    return views.sort((a, b) => b.removedAt - a.removedAt || (a.name < b.name ? -1 : 1)).slice(0, removedShown)
  }

  /** Green only after the holders confirmed: two copies at least (or as many as the ring wants), and none that could be made. */
  #stateOf(copies: number): FileState {
    const wanted = this.#session.state.parameters.copies
    const machines = this.#session.member.onlineIds().size
    if (copies === 0) return this.#session.member.isChecking() ? 'checking' : 'out-of-reach'
    if (copies < Math.min(wanted, machines)) return 'copying'
    return copies === 1 && wanted > 1 ? 'at-risk' : 'safe'
  }

  safety(speeds: Speeds): SafetyView {
    const counts = { files: 0, sizeBytes: 0, copying: 0, atRisk: 0, outOfReach: 0 }
    const reachable: HeldFile[] = []
    for (const held of this.#heldFiles()) {
      counts.files++
      counts.sizeBytes += held.version.sizeBytes
      const state = this.#stateOf(held.holders.length)
      if (state === 'copying') counts.copying++
      if (state === 'at-risk') counts.atRisk++
      if (state === 'out-of-reach') counts.outOfReach++
      else reachable.push(held)
    }
    const online = [...this.#session.member.onlineIds()]
    return {
      ...counts,
      machines: this.#session.member.machines().length,
      machinesOnline: online.length,
      mayFail: Math.max(0, mayFail(reachable, online)),
      checking: this.#session.member.isChecking(),
      downloadBytesPerSecond: speeds.down,
      uploadBytesPerSecond: speeds.up,
    }
  }

  whatIf(machineIds: readonly string[]): WhatIfView {
    const { space } = this.#session
    const failing = machineIds.map((id) => space.parse(id)).filter((id) => id !== null)
    const { outOfReach, oneCopyLeft } = whatIf([...this.#heldFiles()], [...this.#session.member.onlineIds()], failing)
    return { outOfReach: outOfReach.slice(0, namesShown), outOfReachCount: outOfReach.length, oneCopyLeftCount: oneCopyLeft }
  }

  /** Every file that is not removed, with the machines that hold its current version and are online. */
  *#heldFiles(): Generator<HeldFile & { readonly version: Version }> {
    const online = this.#session.member.onlineIds()
    for (const file of this.#session.catalogue.files()) {
      const version = currentVersion(file)
      if (!version) continue
      yield { name: file.record.spelling, version, holders: [...holdersOf(file, version).keys()].filter((id) => online.has(id)) }
    }
  }

  status(speeds: Speeds): StatusView {
    const { ring, space, state } = this.#session
    const safety = this.safety(speeds)
    const format = (contacts: readonly { readonly id: Identifier }[]): string[] => contacts.map((contact) => space.format(contact.id))
    return {
      id: space.format(ring.self.id),
      name: this.#session.nameOf(ring.self.id),
      ring: state.ringName,
      copiesWanted: state.parameters.copies,
      predecessors: format(ring.predecessors),
      successors: format(ring.successors),
      peers: this.#session.member.onlineIds().size,
      files: safety.files,
      bytes: safety.sizeBytes,
      mayFail: safety.mayFail,
      atRisk: this.files()
        .filter((file) => file.state === 'at-risk' || file.state === 'out-of-reach')
        .slice(0, namesShown)
        .map((file) => file.name),
    }
  }
}

/** Two machines that drew the same colour: the later one on the circle takes the next free one, as long as there are any. */
function spreadColours(machines: readonly MachineView[]): MachineView[] {
  const taken = new Set<number>()
  return machines.map((machine) => {
    let colour = machine.colour
    for (let tries = 0; taken.has(colour) && tries < colours; tries++) colour = (colour + 1) % colours
    taken.add(colour)
    return { ...machine, colour }
  })
}
