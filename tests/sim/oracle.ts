/**
 * What people were told, and what must therefore be true: every store, remove and restore with its answer. Knows nothing of how
 * the ring works; it looks at disks, records and what comes when a file is asked for.
 */

import type { Identifier } from '../../electron/peer/protocol/identifier.ts'
import { hasDot } from '../../electron/peer/protocol/dots.ts'
import { confirmationMaxAgeMs } from '../../electron/peer/repair/drop-rule.ts'
import { liveVersions, mergeRecords, wantedContents, type FileRecord, type Version } from '../../electron/peer/protocol/record.ts'
import type { Machine } from './machine.ts'
import type { FileMoment } from './observer.ts'
import type { World } from './world.ts'

export interface Operation {
  readonly kind: 'store' | 'remove' | 'restore'
  readonly name: string
  readonly machine: Machine
  readonly startedAt: number
  /** Of what is stored. */
  readonly sha256: string
  outcome: 'pending' | 'stored' | 'partial' | 'failed'
  endedAt: number
  /** What it made, where that is known. */
  version: Version | null
  /** Machines that were said to hold it. */
  holders: readonly Identifier[]
}

export class Oracle {
  readonly operations: Operation[] = []
  /** Bytes of everything that was ever handed over to be stored, by hash. */
  readonly contents = new Map<string, Uint8Array>()
  /** Every version that was ever seen in a record, by name. */
  readonly #seen = new Map<string, Map<string, Version>>()
  /**
   * When a machine back after long kept what it knew of a name out of the ring: whether the ring takes that back is for a person to say,
   * and what it alone had done to the name before is undone.
   */
  readonly #putAsideAt = new Map<string, number>()
  /** When which machine let go of which surplus copy, rightly. */
  readonly #letGoAt = new Map<string, number>()
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  begin(kind: Operation['kind'], what: { readonly name: string; readonly machine: Machine; readonly sha256: string }): Operation {
    const operation: Operation = {
      kind,
      ...what,
      startedAt: this.#world.now,
      outcome: 'pending',
      endedAt: Infinity,
      version: null,
      holders: [],
    }
    this.operations.push(operation)
    return operation
  }

  /** An answer came. Result: what is wrong with it, or null. */
  end(operation: Operation, outcome: Operation['outcome'], holders: readonly Identifier[] = []): string | null {
    operation.outcome = outcome
    operation.endedAt = this.#world.now
    operation.holders = holders
    if (outcome === 'failed') return null
    this.look()
    const record = operation.machine.process?.member.catalogue.get(operation.name)?.record
    operation.version = (record && this.#made(operation, record)) ?? null
    return operation.kind === 'store' ? this.#checkAcknowledged(operation) : null
  }

  #made(operation: Operation, record: FileRecord): Version | undefined {
    const own = (version: Version): boolean => version.writerId === this.#world.simulator.space.format(operation.machine.id)
    if (operation.kind === 'store') return record.versions.find((version) => version.sha256 === operation.sha256)
    return record.versions
      .filter((version) => own(version) && version.deleted === (operation.kind === 'remove'))
      .sort(byLamport)
      .at(-1)
  }

  /** Who is said to hold it does, for sure; and when it is said to be stored, they are as many as there should be. */
  #checkAcknowledged(operation: Operation): string | null {
    const { sha256, name, holders, startedAt } = operation
    for (const id of holders) {
      const holder = this.#world.machineOf(id)
      if (!holder || holder.diskSince >= startedAt) continue
      // who was asleep reads an answer late, when others may have the copy (what it has itself it knows), or the version is given up
      const letGoAt = holder === operation.machine ? -Infinity : (this.#letGoAt.get(`${id} ${sha256}`) ?? -Infinity)
      if (letGoAt < startedAt && !holder.keepsDurably(sha256) && !this.#isGivenUp(name, sha256)) {
        return `${name} was acknowledged as kept by ${holder.name}, whose disk does not have it for sure`
      }
    }
    const expected = Math.min(this.#world.plan.parameters.copies, this.#settledMembers(operation))
    if (operation.outcome === 'stored' && new Set(holders).size < expected) {
      return `${name} was acknowledged as stored with ${holders.length} of ${expected} copies`
    }
    return null
  }

  /** Whether its versions are superseded, and too many came after them for it to be kept as an earlier one. */
  #isGivenUp(name: string, sha256: string): boolean {
    const records = this.#world.up.flatMap((machine) => machine.process?.member?.catalogue.get(name)?.record ?? [])
    const [first, ...others] = records
    if (!first) return false
    const known = others.reduce(mergeRecords, first)
    const made = [...(this.#seen.get(name)?.values() ?? [])].filter((version) => version.sha256 === sha256)
    const isSuperseded = made.length > 0 && made.every((version) => hasDot(known.superseded, version))
    return isSuperseded && !wantedContents(known).some((wanted) => wanted.sha256 === sha256)
  }

  /**
   * Machines that the storing one must have known: in the ring, awake and reachable, since well before it began; and one of the two has
   * heard of the other. Two rings that never did count by themselves.
   */
  #settledMembers({ machine, startedAt }: Operation): number {
    return this.#world.members.filter((other) => {
      if (other === machine) return true
      if (!hasHeardOf(machine, other) && !hasHeardOf(other, machine)) return false
      const isCalm = other.asleepUntil <= startedAt - settleMs && !this.#world.isCut(machine, other) && !this.#world.isCut(other, machine)
      return isCalm && other.memberSince <= startedAt - settleMs && this.#world.calmSince <= startedAt - settleMs
    }).length
  }

  /** Whether somebody still waits for an answer that may come. */
  isBusy(): boolean {
    return this.operations.some(isUnderWay)
  }

  /** Whether somebody has changed `name`, or was about to, since then. */
  isTouched(name: string, since: number): boolean {
    return this.operations.some((other) => other.name === name && lastTouch(other) > since)
  }

  /** A machine let go of a surplus copy: what is wrong with that, or null. Those who confirmed theirs may have lost them since. */
  checkDrop(machine: Machine, sha256: string): string | null {
    const { machines, now, lossAt, plan } = this.#world
    const { copies } = plan.parameters
    if (now - lossAt > confirmationMaxAgeMs && this.#isLive(sha256)) {
      const left = machines.filter((other) => other !== machine && !other.gone && other.keepsDurably(sha256)).length
      if (left < copies) return `${machine.name} let go of a copy and left ${left} of ${copies}`
    }
    this.#letGoAt.set(`${machine.id} ${sha256}`, now)
    return null
  }

  /** Whether some name wants this content and nobody knows of anything that took its place. */
  #isLive(sha256: string): boolean {
    this.look()
    for (const seen of this.#seen.values()) {
      const versions = [...seen.values()]
      const wants = versions.find((version) => version.sha256 === sha256 && !version.deleted)
      if (wants && !versions.some((other) => replaces(other, wants))) return true
    }
    return false
  }

  /** Takes in what records say now: a version may be superseded out of them later. */
  look(): void {
    for (const machine of this.#world.up) {
      for (const file of machine.process?.member?.catalogue.files() ?? []) {
        const seen = this.#seen.get(file.record.name) ?? new Map<string, Version>()
        this.#seen.set(file.record.name, seen)
        for (const version of [...file.record.versions, ...file.record.earlier]) seen.set(version.version, version)
      }
    }
  }

  /** A machine that was away for long keeps what it knows of a name out of the ring. */
  notePutAside(name: string): void {
    this.#putAsideAt.set(name, this.#world.now)
  }

  /** Who has a copy of which name now, for sure. */
  filesNow(): FileMoment[] {
    return this.names().map((name) => {
      const versions = liveVersions(this.record(name) ?? noRecord)
      const has = (machine: Machine): boolean => versions.some((version) => machine.keepsDurably(version.sha256))
      return { name, holders: this.#world.machines.filter((machine) => has(machine)).map((machine) => machine.name) }
    })
  }

  /** Names that were ever stored. */
  names(): string[] {
    return [...new Set(this.operations.map((operation) => operation.name))].sort()
  }

  /**
   * The ring's record of a name: what all that run know of each other, merged. Call once the ring is calm. What is remembered only of machines that
   * are gone for good is shown as out of reach, and nobody has it: it counts as lost, unless it was put aside (584).
   */
  record(name: string): FileRecord | null {
    let merged: FileRecord | null = null
    for (const machine of this.#world.up) {
      const file = machine.process?.member?.catalogue.get(name)
      if (!file || [...file.machines.keys()].every((id) => this.#world.machineOf(id)?.gone)) continue
      merged = merged ? mergeRecords(merged, file.record) : file.record
    }
    return merged
  }

  /** What is lost, or back from the dead, or null. Call once the ring is calm. */
  checkVersions(): string | null {
    this.look()
    for (const name of this.names()) {
      const record = this.record(name)
      // each by itself: two people may have stored, or taken back, the same content, and to a person it is one
      const versions = record?.versions.filter((version) => !version.deleted) ?? []
      const live = new Map(versions.map((version) => [version.version, version]))
      for (const operation of this.operations.filter((other) => other.name === name)) {
        const flaw = this.#checkOperation(operation, live)
        if (flaw) return flaw
      }
    }
    return null
  }

  #checkOperation(operation: Operation, live: ReadonlyMap<string, Version>): string | null {
    const { version, name } = operation
    if (operation.outcome !== 'stored' || !version || operation.startedAt < (this.#putAsideAt.get(name) ?? 0)) return null
    for (const other of live.values()) {
      if (replaces(version, other)) return `${name}: a version of ${other.writerName} is back that ${version.writerName} had superseded`
    }
    if (version.deleted || live.has(version.version) || this.#isReplaced(operation, version)) return null
    return `${name}: the version that ${operation.machine.name} stored at ${seconds(operation.startedAt)} is lost`
  }

  /** Whether something that somebody did took its place: a version that says so, or an operation of which nobody heard the end. */
  #isReplaced(operation: Operation, version: Version): boolean {
    for (const other of this.#seen.get(operation.name)?.values() ?? []) if (replaces(other, version)) return true
    return this.operations.some(
      (other) => other !== operation && other.name === operation.name && other.version === null && lastTouch(other) > operation.startedAt,
    )
  }
}

function isUnderWay({ outcome, machine, startedAt }: Operation): boolean {
  return outcome === 'pending' && machine.memberSince < startedAt
}

/** What somebody began whose machine died meanwhile may go on elsewhere for so long, in virtual ms. */
const orphanMs = 60_000

function lastTouch(operation: Operation): number {
  if (operation.outcome !== 'pending') return operation.endedAt
  return isUnderWay(operation) ? Infinity : operation.startedAt + orphanMs
}

const noRecord: FileRecord = { name: '', spelling: '', versions: [], earlier: [], superseded: {} }

/** A machine that joined, woke or came back is known to everybody after so long, in virtual ms. */
const settleMs = 30_000

function hasHeardOf(machine: Machine, other: Machine): boolean {
  return machine.process?.member?.ring.members().some(({ contact }) => contact.id === other.id) === true
}

function replaces(version: Version, other: Version): boolean {
  return hasDot(version.supersedes, other)
}

function byLamport(a: Version, b: Version): number {
  return a.lamport - b.lamport
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
