/**
 * Keeps the catalogue true at the cost of what changes: a machine is asked when it announced another revision than the one read last,
 * and now and then in case an announcement was lost. And this machine announces its own changes, until it is sure that they were heard.
 */

import { passOver } from '../../../shared/errors.ts'
import type { Revisions } from '../disk/record-store.ts'
import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { tellChanged } from '../transfer/arc-exchange.ts'
import { askCatalogue, type MachineCard } from '../transfer/exchange.ts'
import type { RepairContext } from './repair-context.ts'
import { matesOf } from './segments.ts'

/** In larger rings a machine reads, and tells, only those with whom it shares arcs: everybody reading everybody is too much. */
const readEverybodyUpTo = 64
/** Without an announcement; longer where many are read, so that the sum stays the same. */
const readAtLeastEveryMs = 60_000
const readAtLeastEveryMsPerMachine = 2_000
const retryAfterMs = 2_000
/** Changes come in bursts: they are told together, soon enough for a window. */
const tellAfterMs = 250
const atOnce = 8
/** Without news of its own, a look at what is due so often, should anything else have changed. */
const lookAtLeastEveryMs = 1_000

interface Reading {
  announced: number | null
  readAt: number
  retryAt: number
  /** Revision of this machine's records that it is known to have heard of. */
  told: number | null
  tellAt: number
}

export class CatalogueReader {
  readonly #repair: RepairContext
  readonly #onCard: (machine: Identifier, card: MachineCard) => void
  readonly #readings = new Map<Identifier, Reading>()
  /** Being read or told now. */
  readonly #busy = new Set<Identifier>()
  /** Not their addresses, which change while the members stay the same. */
  #mates: readonly Identifier[] | null = null
  #revision: number
  /** Nothing is due before. */
  #lookAt = -Infinity

  /** @param onCard a machine told of itself */
  constructor(repair: RepairContext, onCard: (machine: Identifier, card: MachineCard) => void) {
    this.#repair = repair
    this.#onCard = onCard
    this.#revision = repair.context.records.revision
  }

  /** `machine` says that its records have this revision now. */
  heard(machine: Identifier, revision: number): void {
    const reading = this.#readingOf(machine)
    this.#lookAt = -Infinity
    reading.announced = revision
    if (revision !== this.#repair.context.catalogue.revisionOf(machine)) reading.retryAt = -Infinity
  }

  /** This machine's records have this revision now. */
  changed(revision: number): void {
    this.#lookAt = -Infinity
    this.#revision = revision
  }

  /** An answer told `machine` of these changes; where it had heard of all before them, it need not be told of any. */
  told(machine: Identifier, { first, last }: Revisions): void {
    const reading = this.#readingOf(machine)
    if (reading.told !== first - 1) return
    reading.told = last
    reading.tellAt = -Infinity
  }

  /** Members came, went or moved. */
  ringChanged(): void {
    this.#lookAt = -Infinity
    this.#mates = null
    const online = new Set(this.#repair.context.online().map((contact) => contact.id))
    for (const [machine, reading] of this.#readings) {
      // who was away missed what was told meanwhile
      if (!online.has(machine)) reading.told = null
    }
  }

  /** The machines whose catalogues this one reads. */
  mates(): readonly Identifier[] {
    this.#mates ??= this.#chooseMates()
    return this.#mates
  }

  /** Clock time from which a tick has something to do: on every one while somebody is being read or told. */
  get dueAt(): number {
    return this.#busy.size > 0 ? -Infinity : this.#lookAt
  }

  /** Starts what is due; to be called often. */
  tick(): void {
    const now = this.#repair.now()
    if (now < this.#lookAt || this.#repair.jobs.stopped) return
    this.#lookAt = now + lookAtLeastEveryMs
    for (const id of this.mates()) {
      // whoever ends has it looked at again
      if (this.#busy.size >= atOnce) return
      if (this.#busy.has(id)) continue
      const readAt = this.#readDueAt(id)
      const tellAt = this.#tellDueAt(id, now)
      if (now >= readAt) this.#start(id, (contact) => this.#read(contact))
      else if (now >= tellAt) this.#start(id, (contact) => this.#tell(contact))
      else this.#lookAt = Math.min(this.#lookAt, readAt, tellAt)
    }
  }

  /** Reads everybody who may have news, now. Never rejects for what other machines do. */
  async readAll(): Promise<void> {
    const contacts = this.mates().map((id) => this.#repair.context.contact(id))
    await Promise.all(contacts.flatMap((contact) => (contact ? [this.#read(contact).catch(passOver)] : [])))
  }

  #chooseMates(): Identifier[] {
    const { context } = this.#repair
    const { self, parameters } = context
    const ids = context
      .online()
      .map((member) => member.id)
      .sort()
    return ids.length <= readEverybodyUpTo ? ids.filter((id) => id !== self.id) : matesOf(ids, self.id, parameters.copies)
  }

  #readingOf(machine: Identifier): Reading {
    let reading = this.#readings.get(machine)
    if (!reading) {
      reading = { announced: null, readAt: -Infinity, retryAt: -Infinity, told: null, tellAt: -Infinity }
      this.#readings.set(machine, reading)
    }
    return reading
  }

  #readDueAt(machine: Identifier): number {
    const { catalogue } = this.#repair.context
    const { announced, readAt, retryAt } = this.#readingOf(machine)
    const isNews = announced !== null && announced !== catalogue.revisionOf(machine)
    if (isNews || !catalogue.heardFrom(machine)) return retryAt
    return Math.max(retryAt, readAt + Math.max(readAtLeastEveryMs, readAtLeastEveryMsPerMachine * this.mates().length))
  }

  /** Infinity when it has heard of all that changed here. */
  #tellDueAt(machine: Identifier, now: number): number {
    const reading = this.#readingOf(machine)
    if (reading.told === this.#revision) return Infinity
    if (reading.tellAt === -Infinity) reading.tellAt = now + tellAfterMs
    return reading.tellAt
  }

  #start(id: Identifier, work: (contact: Contact) => Promise<void>): void {
    const contact = this.#repair.context.contact(id)
    if (!contact) return
    // busy only while the job runs: one that ended this very moment is not started again yet, and nobody would say that it ended
    this.#repair.jobs.start(`catalogue ${id}`, async () => {
      this.#busy.add(id)
      try {
        await work(contact)
      } finally {
        this.#busy.delete(id)
        this.#lookAt = -Infinity
      }
    })
  }

  async #tell(contact: Contact): Promise<void> {
    const reading = this.#readingOf(contact.id)
    const revision = this.#revision
    reading.tellAt = this.#repair.now() + retryAfterMs
    await tellChanged(this.#repair.context, contact, revision)
    // an answer may have told it of more meanwhile
    reading.told = Math.max(revision, reading.told ?? 0)
    reading.tellAt = -Infinity
  }

  async #read(contact: Contact): Promise<void> {
    const { context, jobs, now } = this.#repair
    const { catalogue } = context
    const reading = this.#readingOf(contact.id)
    const { announced } = reading
    reading.retryAt = now() + retryAfterMs
    for (let more = true; more && !jobs.stopped;) {
      const since = catalogue.revisionOf(contact.id)
      const page = await askCatalogue(context, contact, since)
      // read by another question meanwhile: this answer may be the older one
      if (catalogue.revisionOf(contact.id) !== since) continue
      if (page.revision < since) {
        // its numbers began anew: its disk was emptied or replaced
        catalogue.forget(contact.id)
        continue
      }
      catalogue.hear(contact.id, page)
      this.#onCard(contact.id, page.card)
      more = page.more && page.revision > since
      catalogue.setRevision(contact.id, page.revision)
    }
    reading.readAt = now()
    reading.retryAt = -Infinity
    // what is announced while this reads may be newer
    if (reading.announced === announced) reading.announced = null
  }
}
