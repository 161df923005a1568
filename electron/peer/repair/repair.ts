/**
 * Repair: keeps every file on the machines that should hold it. Reads what the others have, merges records, copies what is
 * missing, and lets go of surplus copies by the drop rule. Plain and correct: compared file by file.
 */

import { AppError } from '../../../shared/errors.ts'
import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import type { Manifest } from '../protocol/manifest.ts'
import { isRemoved, type Version } from '../protocol/record.ts'
import { currentVersion, isBehind, type CatalogueFile } from '../transfer/catalogue.ts'
import { distribute } from '../transfer/distribute.ts'
import { askCatalogue, askHave, sendRecord } from '../transfer/exchange.ts'
import type { TransferContext } from '../transfer/transfer-context.ts'
import type { Transfers } from '../transfer/transfers.ts'
import { Attendance, type RingNow } from './copies.ts'
import { mayDrop } from './drop-rule.ts'
import { planRepairs, type FileCopies, type Repair } from './repair-plan.ts'

export interface RepairOptions {
  /** How long a gap that an absence explains may last, in ms. Read at each plan. */
  readonly repairDelayMs: () => number
  /** Monotonic clock in ms. */
  readonly now: () => number
  /** A machine told its name. */
  readonly onMachineName: (machine: Identifier, name: string) => void
  /** Something threw that is no fault of another machine. */
  readonly onDefect: (error: unknown) => void
}

/** Copies begun and not ended; the rest waits in the plan. */
const repairsAtOnce = 64
/** A copy that failed (no room, gone) is tried again after so long. */
const retryAfterMs = 30_000
/** A copy that is not needed here is kept for so long: a machine that naps costs nothing. */
const dropHysteresisMs = 600_000
const dropsPerPass = 100
const lookAtLeastEveryMs = 60_000

export class Repairer {
  readonly #context: TransferContext & RingNow
  readonly #transfers: Transfers
  readonly #options: RepairOptions
  readonly #shortSince = new Map<string, number>()
  readonly #surplusSince = new Map<string, number>()
  /** Being copied now. */
  readonly #busy = new Set<string>()
  /** Could not be copied lately -> when to try again. */
  readonly #retryAt = new Map<string, number>()
  /** Changed in the catalogue since the last pass. */
  readonly #changed = new Set<string>()
  readonly #stopListening: () => void
  #lookAtAll = true
  #lookedAt = -Infinity
  #stopped = false

  constructor(context: TransferContext & RingNow, transfers: Transfers, options: RepairOptions) {
    this.#context = context
    this.#transfers = transfers
    this.#options = options
    this.#stopListening = context.catalogue.onChanged((name) => this.#changed.add(name))
  }

  stop(): void {
    this.#stopped = true
    this.#stopListening()
  }

  /** Members came or went: the next pass looks at every file. */
  ringChanged(): void {
    this.#lookAtAll = true
  }

  /** One round: news from all, then what follows from it. Never rejects for what other machines do. */
  async pass(): Promise<void> {
    await this.readCatalogues()
    if (this.#stopped) return
    const files = this.#filesToLookAt()
    const attendance = new Attendance(this.#context)
    const states: FileCopies[] = []
    for (const file of files) {
      await this.#mergeRecord(file)
      if (isRemoved(file.record)) await this.#spreadRemoval(file)
      const state = attendance.copiesOf(file, { copies: this.#context.parameters.copies })
      if (!state) continue
      this.#note(state)
      states.push(state)
    }
    this.#copyMissing(states)
    await this.#dropSurplus(attendance)
  }

  /** A calm ring costs nothing: what changed, what waits, and after a change of members or a while everything. */
  #filesToLookAt(): CatalogueFile[] {
    const { catalogue } = this.#context
    const now = this.#options.now()
    const all = this.#lookAtAll || now - this.#lookedAt >= lookAtLeastEveryMs
    const names = all ? [...catalogue.names()] : [...new Set([...this.#changed, ...this.#shortSince.keys(), ...this.#retryAt.keys()])]
    if (all) this.#lookedAt = now
    this.#lookAtAll = false
    this.#changed.clear()
    return names.map((name) => catalogue.get(name)).filter((file) => file !== null)
  }

  /** Reads what changed on every machine that is online. */
  async readCatalogues(): Promise<void> {
    const others = this.#context.online().filter((contact) => contact.id !== this.#context.self.id)
    await Promise.all(others.map((contact) => this.#readCatalogue(contact).catch(passOver)))
  }

  async #readCatalogue(contact: Contact): Promise<void> {
    const { catalogue } = this.#context
    for (let more = true; more && !this.#stopped;) {
      const since = catalogue.revisionOf(contact.id)
      const page = await askCatalogue(this.#context, contact, since)
      if (page.revision < since) {
        // its numbers began anew: its disk was emptied or replaced
        catalogue.forget(contact.id)
        continue
      }
      for (const entry of page.entries) catalogue.put(contact.id, entry)
      this.#options.onMachineName(contact.id, page.card.machineName)
      more = page.more && page.revision > since
      catalogue.setRevision(contact.id, page.revision)
    }
  }

  /** A record here that lacks what another machine's has takes it over: sets of versions converge. */
  async #mergeRecord(file: CatalogueFile): Promise<void> {
    if (!file.machines.has(this.#context.self.id)) return
    const own = await this.#context.records.get(file.record.name)
    if (own && isBehind(own.record, file.record)) await this.#context.records.merge(file.record)
  }

  /** Remembers since when a file is short of copies that could be made, or has one here that is not counted on. */
  #note({ name, onlineHolders, replicaSet }: FileCopies): void {
    const now = this.#options.now()
    const self = this.#context.self.id
    const isShort = onlineHolders.length < this.#context.parameters.copies && replicaSet.some((id) => !onlineHolders.includes(id))
    if (!isShort) this.#shortSince.delete(name)
    else if (!this.#shortSince.has(name)) this.#shortSince.set(name, now)
    const isSurplus = onlineHolders.includes(self) && !replicaSet.includes(self)
    if (!isSurplus) this.#surplusSince.delete(name)
    else if (!this.#surplusSince.has(name)) this.#surplusSince.set(name, now)
  }

  /** Starts what the plan asks for; the next pass need not wait for large files. */
  #copyMissing(states: readonly FileCopies[]): void {
    const now = this.#options.now()
    const free = states.filter(({ name }) => !this.#busy.has(name) && (this.#retryAt.get(name) ?? -Infinity) <= now)
    const delay = this.#options.repairDelayMs()
    const waitedEnough = (name: string): boolean => now - (this.#shortSince.get(name) ?? now) >= delay
    const plan = planRepairs(free, { self: this.#context.self.id, copiesWanted: this.#context.parameters.copies, waitedEnough })
    const room = Math.max(0, repairsAtOnce - this.#busy.size)
    for (const repair of plan.slice(0, room)) this.#repair(repair)
    // the rest is looked at again: nothing else may remind of it
    for (const repair of plan.slice(room)) this.#changed.add(repair.name)
  }

  #repair({ name, targets }: Repair): void {
    this.#retryAt.delete(name)
    this.copy(name, targets, 'repair').catch((error: unknown) => {
      this.#retryAt.set(name, this.#options.now() + retryAfterMs)
      if (!(error instanceof AppError)) this.#options.onDefect(error)
    })
  }

  /** Copies the current version of `name` from this machine's store to `targets`. Throws what a transfer throws. */
  async copy(name: string, targets: readonly Identifier[], kind: 'repair' | 'hand-over'): Promise<void> {
    const file = this.#context.catalogue.get(name)
    const version = file && currentVersion(file)
    if (!version || this.#busy.has(name)) return
    this.#busy.add(name)
    try {
      const manifest = await this.#context.contents.manifest(version.sha256)
      // the bytes are not where the record says: another holder has to act
      if (!manifest) await this.#context.records.setHeld(version.sha256, null)
      else await this.#copyContent({ file, version, manifest }, targets, kind)
    } finally {
      this.#busy.delete(name)
    }
  }

  async #copyContent(
    { file, version, manifest }: { readonly file: CatalogueFile; readonly version: Version; readonly manifest: Manifest },
    targets: readonly Identifier[],
    kind: 'repair' | 'hand-over',
  ): Promise<void> {
    const candidates = targets.map((id) => this.#context.contact(id)).filter((contact) => contact !== null)
    await this.#transfers.run({ kind, name: file.record.spelling }, async (handle) => {
      handle.size(manifest.sizeBytes * candidates.length)
      const cargo = { record: file.record, manifest, read: () => this.#context.contents.read(version.sha256, 0, manifest.sizeBytes) }
      const { holders, failure } = await distribute(this.#context, cargo, {
        candidates,
        copies: candidates.length,
        signal: handle.signal,
        onProgress: (_, doneBytes) => handle.done(doneBytes * candidates.length),
      })
      for (const holder of holders) {
        this.#context.catalogue.put(holder, {
          record: file.record,
          held: { ...file.machines.get(holder), [version.sha256]: this.#context.wallClock() },
        })
      }
      if (holders.length === 0) throw failure ?? new AppError('peer-unreachable', `No machine took a copy of ${file.record.spelling}`)
      this.#context.emit({ kind: 'repaired', name: file.record.spelling, to: holders })
    })
  }

  /** A removed name has no bytes to copy: the machines that should know of the removal are told. */
  async #spreadRemoval(file: CatalogueFile): Promise<void> {
    if (!file.machines.has(this.#context.self.id)) return
    const key = this.#context.keyOf(file.record.name)
    for (const contact of this.#context.replicaSet(key, this.#context.parameters.copies)) {
      if (file.machines.has(contact.id) || contact.id === this.#context.self.id) continue
      await sendRecord(this.#context, contact, file).catch(passOver)
    }
  }

  /** Copies here that the ring no longer counts on go, once the drop rule allows it. */
  async #dropSurplus(attendance: Attendance): Promise<void> {
    const now = this.#options.now()
    const due = [...this.#surplusSince].filter(([, since]) => now - since >= dropHysteresisMs).slice(0, dropsPerPass)
    for (const [name] of due) {
      const file = this.#context.catalogue.get(name)
      const version = file && currentVersion(file)
      const state = file && attendance.copiesOf(file, { copies: this.#context.parameters.copies })
      if (state) this.#note(state)
      if (!version || !this.#surplusSince.has(name)) continue
      if (await this.#isConfirmed(file, version.sha256)) await this.#drop(file, version.sha256)
    }
  }

  async #isConfirmed(file: CatalogueFile, sha256: string): Promise<boolean> {
    const context = this.#context
    const key = context.keyOf(file.record.name)
    const { copies } = context.parameters
    const confirmations = await Promise.all(
      context.replicaSet(key, copies).map(async (contact) => {
        const verifiedAt = await askHave(context, contact, sha256).catch(() => 0)
        return { machine: contact.id, at: verifiedAt > 0 ? this.#options.now() : -Infinity }
      }),
    )
    const distance = (machine: Identifier): bigint => context.space.distance(key, machine)
    return mayDrop({ self: context.self.id, copies, confirmations, now: this.#options.now(), distance })
  }

  async #drop(file: CatalogueFile, sha256: string): Promise<void> {
    const names = await this.#context.records.namesOf(sha256)
    if (names.some((name) => name !== file.record.name)) return
    await this.#context.records.setHeld(sha256, null)
    await this.#context.contents.remove(sha256)
    this.#surplusSince.delete(file.record.name)
    this.#context.emit({ kind: 'copy-dropped', name: file.record.spelling })
  }
}

/** Another machine's failure: the next pass tries again. Defects are not passed over. */
function passOver(error: unknown): void {
  if (!(error instanceof AppError)) throw error
}
