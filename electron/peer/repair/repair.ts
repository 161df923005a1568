/**
 * Repair: keeps every file on the machines that should hold it. Reads what the others have, merges records, copies what is
 * missing, and lets go of surplus copies by the drop rule. Plain and correct: compared file by file.
 */

import { AppError } from '../../../shared/errors.ts'
import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { isRemoved } from '../protocol/record.ts'
import { currentVersion, isBehind, type CatalogueFile } from '../transfer/catalogue.ts'
import { distribute } from '../transfer/distribute.ts'
import { askCatalogue, askHave, sendRecord } from '../transfer/exchange.ts'
import type { TransferContext } from '../transfer/transfer-context.ts'
import type { Transfers } from '../transfer/transfers.ts'
import { copiesOf, type RingNow } from './copies.ts'
import { mayDrop } from './drop-rule.ts'
import { planRepairs, type Repair } from './repair-plan.ts'

export interface RepairOptions {
  /** How long a gap that an absence explains may last, in ms. Read at each plan. */
  readonly repairDelayMs: () => number
  /** Monotonic clock in ms. */
  readonly now: () => number
  /** A machine told its name. */
  readonly onMachineName: (machine: Identifier, name: string) => void
}

/** Copies made at the same time; the rest waits in the plan. */
const repairsPerPass = 64
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
  readonly #busy = new Set<string>()
  readonly #changed = new Set<string>()
  readonly #stopListening: () => void
  #lookAgain = true
  #lookedAt = -Infinity
  #stopped = false

  constructor(context: TransferContext & RingNow, transfers: Transfers, options: RepairOptions) {
    this.#context = context
    this.#transfers = transfers
    this.#options = options
    this.#stopListening = context.catalogue.onChanged((name) => {
      this.#changed.add(name)
      this.#lookAgain = true
    })
  }

  stop(): void {
    this.#stopped = true
    this.#stopListening()
  }

  /** Members came or went: the next pass looks at every file. */
  ringChanged(): void {
    this.#lookAgain = true
  }

  /** One round: news from all, then what the plan asks for. Never rejects for what other machines do. */
  async pass(): Promise<void> {
    await this.readCatalogues()
    if (this.#stopped) return
    await this.#mergeRecords()
    // a calm ring costs nothing: files are looked at when something changed, waits for its delay, or after a while
    const now = this.#options.now()
    if (!this.#lookAgain && this.#shortSince.size === 0 && now - this.#lookedAt < lookAtLeastEveryMs) return
    this.#lookAgain = false
    this.#lookedAt = now
    await this.#copyMissing()
    await this.#spreadRemovals()
    await this.#dropSurplus()
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
  async #mergeRecords(): Promise<void> {
    const names = [...this.#changed]
    this.#changed.clear()
    for (const name of names) {
      const file = this.#context.catalogue.get(name)
      if (!file?.machines.has(this.#context.self.id)) continue
      const own = await this.#context.records.get(file.record.name)
      if (own && isBehind(own.record, file.record)) await this.#context.records.merge(file.record)
    }
  }

  #plan(): Repair[] {
    const copies = this.#context.parameters.copies
    const now = this.#options.now()
    const all = []
    for (const file of this.#context.catalogue.files()) {
      const state = this.#busy.has(file.record.name) ? null : copiesOf(this.#context, file, { copies })
      if (!state) continue
      if (state.onlineHolders.length >= copies) this.#shortSince.delete(state.name)
      else if (!this.#shortSince.has(state.name)) this.#shortSince.set(state.name, now)
      all.push(state)
    }
    const delay = this.#options.repairDelayMs()
    const waitedEnough = (name: string): boolean => now - (this.#shortSince.get(name) ?? now) >= delay
    return planRepairs(all, { self: this.#context.self.id, copiesWanted: copies, waitedEnough }).slice(0, repairsPerPass)
  }

  async #copyMissing(): Promise<void> {
    await Promise.all(this.#plan().map((repair) => this.copy(repair.name, repair.targets, 'repair').catch(passOver)))
  }

  /** Copies the current version of `name` from this machine's store to `targets`. Throws what a transfer throws. */
  async copy(name: string, targets: readonly Identifier[], kind: 'repair' | 'hand-over'): Promise<void> {
    const file = this.#context.catalogue.get(name)
    const version = file && currentVersion(file)
    const manifest = version && (await this.#context.contents.manifest(version.sha256))
    if (!manifest) return
    const candidates = targets.map((id) => this.#context.contact(id)).filter((contact) => contact !== null)
    this.#busy.add(name)
    try {
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
    } finally {
      this.#busy.delete(name)
    }
  }

  /** A removed name has no bytes to copy: the machines that should know of the removal are told. */
  async #spreadRemovals(): Promise<void> {
    for (const file of [...this.#context.catalogue.files()]) {
      if (!isRemoved(file.record) || !file.machines.has(this.#context.self.id)) continue
      const key = this.#context.keyOf(file.record.name)
      for (const contact of this.#context.replicaSet(key, this.#context.parameters.copies)) {
        if (file.machines.has(contact.id) || contact.id === this.#context.self.id) continue
        await sendRecord(this.#context, contact, file).catch(passOver)
      }
    }
  }

  /** Copies here that the ring no longer counts on go, once the drop rule allows it. */
  async #dropSurplus(): Promise<void> {
    const { context, now } = { context: this.#context, now: this.#options.now() }
    let asked = 0
    for (const file of [...context.catalogue.files()]) {
      const state = copiesOf(context, file, { copies: context.parameters.copies })
      const version = currentVersion(file)
      const isSurplus = version && state?.onlineHolders.includes(context.self.id) && !state.replicaSet.includes(context.self.id)
      if (!isSurplus) {
        this.#surplusSince.delete(file.record.name)
        continue
      }
      const since = this.#surplusSince.get(file.record.name) ?? now
      this.#surplusSince.set(file.record.name, since)
      if (now - since < dropHysteresisMs || asked++ >= dropsPerPass) continue
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
