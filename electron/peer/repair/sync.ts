/**
 * Compares what this machine knows and holds with the machines that share its arcs (ring.md 10). Its own arc with the next ones, now and
 * then and when neighbours change: in two short lines when all is equal. And, when it is new to an arc, that arc with those who know it,
 * before it says of any name there that there is none.
 */

import { passOver } from '../../../shared/errors.ts'
import type { Holdings } from '../protocol/holdings.ts'
import type { CatalogueFile } from '../transfer/catalogue.ts'
import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { askBuckets, askDigest, askEntries, sendRecords, type ComparedAnswer, type TimedEntry } from '../transfer/arc-exchange.ts'
import { isBehind } from '../transfer/catalogue.ts'
import type { FileRecord } from '../protocol/record.ts'
import { inArc } from '../ring/interval.ts'
import { pageOf } from './arc-pages.ts'
import { unequalParts, type Arc } from './digests.ts'
import type { RepairContext } from './repair-context.ts'
import { segmentsOf, SyncedArc, type Segment } from './segments.ts'

/** Neighbours change in bursts. */
const afterChangeMs = 500
/** A new arc that could not be compared, because who knows it did not answer. */
const retryAfterMs = 5_000
/** Machines compared with over one new arc, in multiples of the copies: newcomers may stand before those who know it. */
const partnersRounds = 2
/** Pages of one comparison: what more there is waits for the next. */
const pagesMax = 10_000
/** Records merged at once: a batch of one synced write. */
const mergedAtOnce = 256

export class ArcSync {
  readonly #repair: RepairContext
  readonly #synced: SyncedArc
  #dueAt: number
  #ids: readonly Identifier[] = []

  constructor(repair: RepairContext) {
    this.#repair = repair
    this.#synced = new SyncedArc(repair.context.self.id)
    this.#dueAt = repair.now() + afterChangeMs
  }

  isSynced(key: Identifier): boolean {
    return this.#synced.has(key)
  }

  hasSynced(arc: Arc): boolean {
    return this.#synced.hasAll(arc)
  }

  /** All that this machine answers for has been compared. */
  get complete(): boolean {
    return this.#segments().every((segment) => this.#synced.hasAll(segment.arc))
  }

  /** What was compared counts no more. */
  reset(): void {
    this.#synced.reset()
    this.ringChanged()
  }

  ringChanged(): void {
    this.#readRing()
    this.#dueAt = Math.min(this.#dueAt, this.#repair.now() + afterChangeMs)
  }

  tick(): void {
    const { jobs, now, times } = this.#repair
    if (now() < this.#dueAt || jobs.isRunning('sync')) return
    this.#dueAt = now() + times.syncEveryMs
    jobs.start('sync', () => this.#round())
  }

  async #round(): Promise<void> {
    const { now } = this.#repair
    this.#readRing()
    const begunWith = this.#ids.join()
    if (!(await this.#compareNew())) this.#dueAt = Math.min(this.#dueAt, now() + retryAfterMs)
    else if (begunWith === this.#ids.join()) this.#synced.done()
    await this.#compareOwn()
  }

  #readRing(): void {
    const { context } = this.#repair
    this.#ids = context
      .online()
      .map((contact) => contact.id)
      .sort()
    this.#synced.answersFor(this.#segments().at(-1)?.arc.from ?? context.self.id)
  }

  #segments(): Segment[] {
    const { context } = this.#repair
    return segmentsOf(this.#ids, context.self.id, context.parameters.copies)
  }

  /** Compares every arc that this machine answers for and has not compared yet. False when some could not be. */
  async #compareNew(): Promise<boolean> {
    const { context } = this.#repair
    // alone, and not all there are: nobody to learn from yet
    if (this.#ids.length === 1 && context.away().length > 0) return false
    let complete = true
    for (const segment of this.#segments()) {
      if (!this.#synced.hasAll(segment.arc) && !(await this.#learn(segment))) complete = false
    }
    return complete
  }

  /** Compares one arc with machines that have compared it; without such, with as many as may know of it. */
  async #learn({ arc, others }: Segment): Promise<boolean> {
    const { context, jobs } = this.#repair
    const { copies } = context.parameters
    const partners = others.slice(0, copies * partnersRounds)
    const wanted = Math.min(partners.length, Math.max(1, copies - 1))
    let synced = 0
    let silent = 0
    for (const id of partners) {
      if (synced >= wanted || jobs.stopped) break
      const contact = context.contact(id)
      const answered = contact && (await this.#compareBuckets(contact, arc).catch(passOver))
      if (answered) synced += answered.synced ? 1 : 0
      else silent++
    }
    return synced >= wanted || silent === 0
  }

  /** This machine's own arc, with the others that keep copies of what is in it. */
  async #compareOwn(): Promise<void> {
    const { context, own, jobs } = this.#repair
    const segment = this.#segments()[0]
    if (!segment) return
    for (const id of segment.others.slice(0, context.parameters.copies - 1)) {
      const contact = context.contact(id)
      if (!contact || jobs.stopped) continue
      const work = async (): Promise<void> => {
        if (!(await askDigest(context, contact, own.arcs.hashOf(segment.arc)))) await this.#compareBuckets(contact, segment.arc)
      }
      await work().catch(passOver)
    }
  }

  /** A machine back from a long absence has nothing to say yet: whoever waited for it, while it waits for them, would wait for ever. */
  async #compareBuckets(contact: Contact, arc: Arc): Promise<{ readonly synced: boolean }> {
    const { context, own } = this.#repair
    const { synced, body } = await askBuckets(context, contact, arc)
    if (body === null) return { synced }
    for (const part of unequalParts(context.space, arc, [own.arcs.bucketsOf(arc), body])) await this.#compareEntries(contact, part)
    return { synced }
  }

  async #compareEntries(contact: Contact, part: Arc): Promise<void> {
    const { context, own, jobs } = this.#repair
    let from = part.from
    for (let pages = 0; pages < pagesMax && !jobs.stopped; pages++) {
      const page = pageOf(own.arcs, { from, to: part.to })
      const answer = await askEntries(context, contact, { arc: { from, to: page.upTo }, mine: page.entries })
      await this.#take(contact, answer)
      const moves = inArc(from, answer.upTo, part.to)
      if (answer.upTo === part.to || !moves) return
      from = answer.upTo
    }
  }

  /** What the other machine has otherwise: merged here, and what it lacks is sent to it. */
  async #take(contact: Contact, { entries, absent }: ComparedAnswer): Promise<void> {
    const { context } = this.#repair
    const lacking: FileRecord[] = []
    for (let next = 0; next < entries.length; next += mergedAtOnce) {
      const some = entries.slice(next, next + mergedAtOnce)
      const behind = await Promise.all(some.map((entry) => this.#takeEntry(entry)))
      lacking.push(...behind.filter((record) => record !== null))
    }
    for (const name of absent) {
      const known = await context.records.get(name)
      if (known && this.#keeps(name, contact.id)) lacking.push(known.record)
    }
    await sendRecords(context, contact, lacking)
    for (const record of lacking) context.catalogue.put(contact.id, { record, held: heldBy(context.catalogue.get(record.name), contact) })
  }

  /** The record here when the other machine's lacks something of it. */
  async #takeEntry(entry: TimedEntry): Promise<FileRecord | null> {
    const { context } = this.#repair
    const { name } = entry.record
    const known = await context.records.get(name)
    if (this.#keeps(name, context.self.id) && (!known || isBehind(known.record, entry.record))) await context.records.merge(entry.record)
    const { removedForMs } = entry
    if (removedForMs > 0) await context.records.removedBefore(name, context.wallClock() - removedForMs)
    return known && isBehind(entry.record, known.record) ? known.record : null
  }

  #keeps(name: string, machine: Identifier): boolean {
    const { context } = this.#repair
    return context.replicaSet(context.keyOf(name), context.parameters.copies).some((contact) => contact.id === machine)
  }
}

function heldBy(file: CatalogueFile | null, contact: Contact): Holdings {
  return file?.machines.get(contact.id) ?? []
}
