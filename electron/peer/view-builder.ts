/** What windows see, computed from the ring and the catalogue: plain data, every number from the same source. */

import type { FilesPage } from '../../shared/contract.ts'
import type {
  FileView,
  MachineView,
  NeighbourView,
  RemovedView,
  RingView,
  SafetyView,
  StatusView,
  VersionView,
  WhatIfView,
} from '../../shared/views.ts'
import { fileView, heldFile, removedViews, versionViews, type RingMoment } from './file-views.ts'
import { HeldTally, type HeldGroup } from './held-tally.ts'
import { everyPage } from './pages.ts'
import type { Contact } from './protocol/contact.ts'
import type { Identifier, IdentifierSpace } from './protocol/identifier.ts'
import type { MemberView } from './ring/ring.ts'
import { fewestCopies, judgeSafety, stateOfCopies } from './ring/safety.ts'
import type { RingState } from './ring-state.ts'
import type { Speeds } from './speed-meter.ts'
import type { Catalogue, CatalogueFile } from './transfer/catalogue.ts'

/** What the views are made of: a session, or a test's scene. */
export interface ViewSource {
  readonly ring: { readonly self: Contact; readonly predecessors: readonly Contact[]; readonly successors: readonly Contact[] }
  readonly ringId: string
  readonly space: IdentifierSpace
  readonly state: Pick<RingState, 'ringName' | 'parameters'>
  readonly catalogue: Catalogue
  readonly member: {
    machines(): readonly MemberView[]
    onlineIds(): ReadonlySet<Identifier>
    /** Not all machines have said yet what they hold. */
    isChecking(): boolean
  }
  nameOf(id: Identifier): string
  awaySince(id: Identifier): number | undefined
  wallTime(ringTimeMs: number | null): number | null
}

/** Machines keep one colour everywhere: the palette's length in the window. */
const colours = 12
/** Files looked at in one turn, some ten milliseconds. */
const filesAtOnce = 500
/** Names in one answer about many files. */
const namesShown = 1_000

export class ViewBuilder {
  readonly #session: ViewSource
  /** From the first question about safety on. */
  #tally: HeldTally | null = null

  constructor(session: ViewSource) {
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

  /** `next`: that of the page before, null for the first one. */
  files(next: number | null): FilesPage {
    const now = this.#now()
    const page = this.#session.catalogue.page(next, filesAtOnce)
    return { files: page.files.map((file) => fileView(file, now)).filter((view) => view !== null), next: page.next }
  }

  file(name: string): FileView | null {
    const file = this.#session.catalogue.get(name)
    return file && fileView(file, this.#now())
  }

  versions(file: CatalogueFile): VersionView[] {
    return versionViews(file, this.#now())
  }

  /** Names in the trash, last removed first. `now`: Unix time in ms. */
  removed(now: number): RemovedView[] {
    return removedViews(this.#session.catalogue, now)
  }

  #now(): RingMoment {
    const online = this.#session.member.onlineIds()
    return {
      selfId: this.#session.ring.self.id,
      space: this.#session.space,
      online,
      copiesWanted: this.#session.state.parameters.copies,
      machinesOnline: online.size,
      checking: this.#session.member.isChecking(),
    }
  }

  safety(speeds: Speeds): SafetyView {
    const now = this.#now()
    const counts = { files: 0, sizeBytes: 0, copying: 0, atRisk: 0, outOfReach: 0 }
    const groups = this.#groups()
    for (const group of groups) {
      const { files, sizeBytes } = group
      counts.files += files
      counts.sizeBytes += sizeBytes
      const state = stateOfCopies(fewestCopies(group, now.online), now)
      if (state === 'copying') counts.copying += files
      if (state === 'at-risk') counts.atRisk += files
      if (state === 'out-of-reach') counts.outOfReach += files
    }
    return {
      ...counts,
      machines: this.#session.member.machines().length,
      machinesOnline: now.machinesOnline,
      mayFail: judgeSafety(groups, now.online).mayFail,
      checking: now.checking,
      downloadBytesPerSecond: speeds.down,
      uploadBytesPerSecond: speeds.up,
    }
  }

  async whatIf(machineIds: readonly string[]): Promise<WhatIfView> {
    const { space, member } = this.#session
    const failing = machineIds.map((id) => space.parse(id)).filter((id) => id !== null)
    const left = new Set([...member.onlineIds()].filter((id) => !failing.includes(id)))
    const { outOfReach, oneCopyLeft } = judgeSafety(this.#groups(), left)
    const isLost = (file: CatalogueFile): boolean => {
      const held = heldFile(file)
      return held !== null && fewestCopies(held, left) === 0
    }
    return { outOfReach: await this.#namesOf(isLost, outOfReach), outOfReachCount: outOfReach, oneCopyLeftCount: oneCopyLeft }
  }

  /** Names of the files that one more failure may take, or that nobody online has. */
  async atRisk(speeds: Speeds): Promise<string[]> {
    const { atRisk, outOfReach } = this.safety(speeds)
    const now = this.#now()
    const isAtRisk = (file: CatalogueFile): boolean => ['at-risk', 'out-of-reach'].includes(fileView(file, now)?.state ?? '')
    return this.#namesOf(isAtRisk, atRisk + outOfReach)
  }

  /** Names of `count` files that are meant, as far as they are shown. */
  async #namesOf(isMeant: (file: CatalogueFile) => boolean, count: number): Promise<string[]> {
    const names: string[] = []
    const most = Math.min(count, namesShown)
    if (most === 0) return names
    for await (const { files } of everyPage((next) => this.#session.catalogue.page(next, filesAtOnce))) {
      names.push(...files.filter(isMeant).map(({ record }) => record.spelling))
      if (names.length >= most) break
    }
    return names.slice(0, most)
  }

  #groups(): HeldGroup[] {
    this.#tally ??= new HeldTally(this.#session.catalogue)
    return [...this.#tally.groups()]
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
