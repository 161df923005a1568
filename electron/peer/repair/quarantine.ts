/**
 * Back after a long absence (ring.md 10): what the ring still knows wins, and what only this machine knows is put aside instead of being
 * brought back: the ring may have removed it meanwhile, and forgotten that it did. Put aside = kept on this disk, out of the ring, until
 * a person takes it back. Until that is settled, this machine tells the others nothing of what it has.
 */

import { join } from 'node:path'
import type { Disk } from '../disk/disk.ts'
import type { CatalogueEntry } from '../disk/record-store.ts'
import { StateFile } from '../disk/state-file.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { limits } from '../protocol/limits.ts'
import { decodeRecord, liveVersions, mergeRecords, sameRecord, type FileRecord } from '../protocol/record.ts'
import { askRecord, type MachineCard } from '../transfer/exchange.ts'
import { absenceAt, inCompany, togetherMs, wentOn, type Company } from './company.ts'
import type { RepairContext } from './repair-context.ts'

/** Where a machine keeps what must outlast it. */
export interface RepairMemory {
  readonly disk: Disk
  readonly folder: string
  /** Which ring this is: what is remembered of another one does not count. */
  readonly ring: string
}

export interface QuarantinedFile {
  readonly record: FileRecord
  /** Contents of it that are kept here. */
  readonly held: readonly string[]
}

interface AsideState {
  readonly files: readonly QuarantinedFile[]
}

type CompanyFile = Company & { readonly ring: string }

/** Time in company is written down so often: days are what counts. Where absences of less count, as in a simulator, so often in one. */
const writeEveryMs = 600_000
const writesPerAbsence = 10
const settleEveryMs = 5_000
/** Names asked about at the same time. */
const namesAtOnce = 16

export class Quarantine {
  readonly #repair: RepairContext
  readonly #company: StateFile<CompanyFile> | null
  readonly #aside: StateFile<AsideState> | null
  readonly #ring: string
  readonly #readAll: () => Promise<void>
  readonly #onSettled: () => void
  readonly #files = new Map<string, QuarantinedFile>()
  /** Contents of what is put aside. */
  #kept: ReadonlySet<string> = new Set()
  readonly #cards = new Map<Identifier, number>()
  #state: Company | null = null
  #writtenAt = -Infinity
  #settleAt = -Infinity
  #apart = false

  constructor(
    repair: RepairContext,
    memory: RepairMemory | null,
    hooks: { readonly readAll: () => Promise<void>; readonly onSettled: () => void },
  ) {
    this.#repair = repair
    this.#ring = memory?.ring ?? ''
    this.#company = memory && new StateFile(memory.disk, join(memory.folder, 'company.json'), parseCompany)
    this.#aside = memory && new StateFile(memory.disk, join(memory.folder, 'quarantine.json'), parseAside)
    this.#readAll = hooks.readAll
    this.#onSettled = hooks.onSettled
  }

  async load(): Promise<void> {
    const company = (await this.#company?.read())?.value ?? null
    if (company?.ring === this.#ring) this.#state = { lastAt: company.lastAt, since: company.since }
    // whatever ring it is: what was put aside belongs to this machine, as long as its bytes are here
    const { contents } = this.#repair.context
    for (const file of (await this.#aside?.read())?.value?.files ?? []) {
      const here = await Promise.all(file.held.map((sha256) => contents.has(sha256)))
      if (here.includes(true)) this.#files.set(file.record.name, file)
    }
    this.#noteKept()
  }

  /** True from the first encounter after a long absence until it is settled what of this machine's the ring still wants. */
  get isApart(): boolean {
    this.look()
    return this.#apart
  }

  /** What is put aside, by name. */
  files(): readonly QuarantinedFile[] {
    return [...this.#files.values()]
  }

  isKept(sha256: string): boolean {
    return this.#kept.has(sha256)
  }

  togetherMs(): number {
    return this.#apart ? 0 : togetherMs(this.#state, this.#repair.context.wallClock(), this.#repair.times.quarantineMs)
  }

  /** A machine told how long it has been in company. */
  heard(machine: Identifier, card: MachineCard): void {
    this.#cards.set(machine, card.togetherMs)
  }

  /** Looks who is there; to be called whenever that may have changed. */
  look(): void {
    if (this.#repair.context.online().length >= 2) this.meet()
  }

  /** Another machine is there. It may not be known yet: back after long, this one tells it nothing all the same. */
  meet(): void {
    const { context, times } = this.#repair
    if (this.#apart) return
    const now = context.wallClock()
    if (absenceAt(this.#state, now, times.quarantineMs) === 'long') {
      this.#apart = true
      this.#cards.clear()
    } else this.#state = inCompany(this.#state, now)
  }

  tick(): void {
    const { context, jobs, now, times } = this.#repair
    this.look()
    if (this.#apart && now() >= this.#settleAt) {
      this.#settleAt = now() + settleEveryMs
      jobs.start('quarantine', () => this.#settle())
    }
    const isWritten = now() - this.#writtenAt < Math.min(writeEveryMs, times.quarantineMs / writesPerAbsence)
    if (this.#apart || this.#state === null || context.online().length < 2 || isWritten) return
    this.#writtenAt = now()
    jobs.start('company', () => this.#writeCompany())
  }

  get(name: string): QuarantinedFile | null {
    return this.#files.get(name.normalize('NFC')) ?? null
  }

  /** The name is not put aside any more; what only it kept is freed with the next sweep. */
  async release(name: string): Promise<void> {
    if (this.#files.delete(name.normalize('NFC'))) await this.#writeAside()
  }

  async #settle(): Promise<void> {
    const { context, own, times } = this.#repair
    await this.#readAll()
    const others = context.online().filter((contact) => contact.id !== context.self.id)
    const heard = others.map((contact) => this.#cards.get(contact.id)).filter((ms) => ms !== undefined)
    if (heard.length === 0) return
    if (wentOn(heard, times.quarantineMs)) {
      if (!(await this.#sort(own.names()))) return
    } else if (heard.length < others.length) return
    this.#state = inCompany(this.#state, context.wallClock(), 'settled')
    await this.#writeCompany()
    this.#apart = false
    this.#onSettled()
  }

  /** Asks the ring about every name here. False when some of those who should know did not answer: tried again. */
  async #sort(names: readonly string[]): Promise<boolean> {
    let complete = true
    const aside: CatalogueEntry[] = []
    for (let next = 0; next < names.length; next += namesAtOnce) {
      const some = names.slice(next, next + namesAtOnce)
      const found = await Promise.all(some.map((name) => this.#judge(name)))
      if (found.includes('unclear')) complete = false
      aside.push(...found.filter((entry) => entry !== null && entry !== 'unclear'))
    }
    if (aside.length > 0) await this.#putAside(aside)
    return complete
  }

  /** Null when the ring's record says all that this machine's does. */
  async #judge(name: string): Promise<CatalogueEntry | null | 'unclear'> {
    const ring = await this.#askRing(name)
    if (ring === 'unclear') return ring
    const entry = await this.#repair.context.records.get(name)
    if (!entry) return null
    return ring && sameRecord(mergeRecords(ring, entry.record), mergeRecords(ring, ring)) ? null : entry
  }

  /**
   * What the ring knows of a name: as many as keep copies have said so; 'unclear' while one of them cannot. Others that are back from a
   * long absence, too, have nothing to say: those behind them are asked instead, or two that came back together would wait for each
   * other for ever.
   */
  async #askRing(name: string): Promise<FileRecord | null | 'unclear'> {
    const { context, times } = this.#repair
    const { copies } = context.parameters
    const nearest = context.replicaSet(context.keyOf(name), limits.next)
    const answerable = new Set(nearest.slice(0, copies).map((contact) => contact.id))
    const others = nearest.filter((contact) => contact.id !== context.self.id)
    let ring: FileRecord | null = null
    let heard = 0
    while (heard < copies && others.length > 0) {
      const some = others.splice(0, copies - heard)
      const answers = await Promise.all(some.map((contact) => askRecord(context, contact, name).catch(() => null)))
      for (const [index, answer] of answers.entries()) {
        const isNearest = answerable.has(some[index]?.id as Identifier)
        if (!answer || (isNearest && !answer.synced && answer.togetherMs > 0)) return 'unclear'
        // who does not answer for the name has not compared it: but who was here all the time has heard of it
        if (answer.synced || answer.togetherMs >= times.quarantineMs) heard++
        const record = answer.entry?.record
        if (record) ring = ring ? mergeRecords(ring, record) : record
      }
    }
    return heard > 0 ? ring : 'unclear'
  }

  /** First written down, then taken out of the records: a crash in between leaves a name in both, and the next start settles it again. */
  async #putAside(entries: readonly CatalogueEntry[]): Promise<void> {
    const { context } = this.#repair
    for (const { record, held } of entries) {
      // without a content there is nothing to take back
      const contents = held.map(([sha256]) => sha256)
      if (liveVersions(record).length > 0 && contents.length > 0) this.#files.set(record.name, { record, held: contents })
    }
    await this.#writeAside()
    for (const { record } of entries) {
      await context.records.putAside(record.name)
      // the ring's own versions of the name, without what is put aside, are read anew
      context.catalogue.forgetName(record.name)
      if (this.#files.has(record.name)) context.emit({ kind: 'put-aside', name: record.spelling })
    }
    for (const { id } of context.online()) if (id !== context.self.id) context.catalogue.forget(id)
  }

  async #writeCompany(): Promise<void> {
    if (this.#state) await this.#company?.write({ ...this.#state, ring: this.#ring })
  }

  async #writeAside(): Promise<void> {
    this.#noteKept()
    await this.#aside?.write({ files: this.files() })
  }

  #noteKept(): void {
    this.#kept = new Set(this.files().flatMap((file) => file.held))
  }
}

function parseCompany(value: unknown): CompanyFile | null {
  if (typeof value !== 'object' || value === null) return null
  const { ring, lastAt, since } = value as Record<string, unknown>
  const isTime = (time: unknown): time is number => typeof time === 'number' && Number.isFinite(time)
  return typeof ring === 'string' && isTime(lastAt) && isTime(since) ? { ring, lastAt, since } : null
}

function parseAside(value: unknown): AsideState | null {
  if (typeof value !== 'object' || value === null) return null
  const { files } = value as Record<string, unknown>
  if (!Array.isArray(files)) return null
  const parsed: QuarantinedFile[] = []
  for (const file of files as { record?: unknown; held?: unknown }[]) {
    const record = decodeRecord(JSON.stringify(file.record ?? null))
    const held = Array.isArray(file.held) ? file.held.filter((sha256) => typeof sha256 === 'string') : []
    if (!('reason' in record)) parsed.push({ record, held })
  }
  return { files: parsed }
}
