/**
 * Repair: keeps every content that a name wants on the machines that should hold it. This file has the parts and their turns; each part
 * has its own: reading what others have (catalogue-reader), comparing arcs (sync), copying (repair-plan, copier), letting go (drops,
 * sweep), checking (verifier), and coming back after a long absence (quarantine).
 */

import { AppError, passOver } from '../../../shared/errors.ts'
import { verifiedAtOf, type Holdings } from '../protocol/holdings.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { isRemoved } from '../protocol/record.ts'
import { isBehind, type CatalogueFile } from '../transfer/catalogue.ts'
import { sendRecord } from '../transfer/exchange.ts'
import type { RepairSide, TransferContext } from '../transfer/transfer-context.ts'
import type { Transfers } from '../transfer/transfers.ts'
import { Answers } from './answers.ts'
import { CatalogueReader } from './catalogue-reader.ts'
import { Copier, type CopyKind } from './copier.ts'
import { Attendance, nameIn, type RingNow } from './copies.ts'
import { Drops } from './drops.ts'
import { Jobs } from './jobs.ts'
import { OwnRecords } from './own-records.ts'
import { Quarantine, type QuarantinedFile, type RepairMemory } from './quarantine.ts'
import type { Allowance } from './rate-cap.ts'
import type { RepairContext } from './repair-context.ts'
import { planRepairs, type ContentCopies, type Repair, type RepairRules, waitsForRoom } from './repair-plan.ts'
import { defaultTimes, type RepairTimes } from './repair-times.ts'
import { restoreQuarantined } from './restore-quarantined.ts'
import { Sweep } from './sweep.ts'
import { ArcSync } from './sync.ts'
import { Verifier } from './verifier.ts'

export interface RepairOptions {
  /** How long a gap that an absence explains may last, in ms. Read at each plan. */
  readonly repairDelayMs: () => number
  /** Monotonic clock in ms. */
  readonly now: () => number
  /** A machine told its name. */
  readonly onMachineName: (machine: Identifier, name: string) => void
  /** Something threw that is no fault of another machine. */
  readonly onDefect: (error: unknown) => void
  /** Where absences and what is put aside are kept; absent: nowhere, and a restart has never been away. */
  readonly memory?: RepairMemory
  readonly times?: Partial<RepairTimes>
  /** What a person leaves to copies that the ring makes by itself. */
  readonly allowance?: () => Allowance
}

/** Copies begun and not ended; the rest waits in the plan. */
const repairsAtOnce = 64
/** A copy that failed (no room, gone) is tried again after so long. */
const retryAfterMs = 30_000
/** But for news, nothing here is due to the tenth of a second, and a calm machine should cost nothing. */
const tickEveryMs = 500
/** Looking at what changed, waits or is due. */
const passEveryMs = 2_000
/** A name that just changed is looked at after so long: until then the others' part of the same news is still on its way. */
const newsTravelsMs = 1_000
/** Files looked at in one turn, some milliseconds: of a hundred thousand, each look at all would keep a machine from answering for seconds. */
const filesATurn = 100
/** Looking at every file, should anything have been missed. */
const lookAtAllEveryMs = 600_000

export class Repairer {
  readonly #context: TransferContext & RingNow
  readonly #options: RepairOptions
  readonly #jobs: Jobs
  readonly #own: OwnRecords
  readonly #reader: CatalogueReader
  readonly #sync: ArcSync
  readonly #copier: Copier
  readonly #drops: Drops
  readonly #sweep: Sweep
  readonly #verifier: Verifier
  readonly #quarantine: Quarantine
  readonly #stopListening: (() => void)[] = []
  /** Content and name -> since when it is short of copies that could be made. */
  readonly #shortSince = new Map<string, number>()
  /** Content and name -> when to try again, after a copy that failed. */
  readonly #retryAt = new Map<string, number>()
  /** Names changed in the catalogue and not looked at since -> when last; without those that are for others to look after. */
  readonly #changed = new Map<string, number>()
  /** Those of them of whose record a machine that should have it may lack something. */
  readonly #uneven = new Set<string>()
  /** As of the last change of members; null: to be read again. */
  #attendance: Attendance | null = null
  #lookAtAll = true
  #lookedAtAll = -Infinity
  #tickedAt = -Infinity
  #passedAt = -Infinity
  #started = false
  /** What the other layers ask of repair. */
  readonly side: RepairSide

  constructor(context: TransferContext & RingNow, transfers: Transfers, options: RepairOptions) {
    this.#context = context
    this.#options = options
    const { now } = options
    const times = { ...defaultTimes, ...options.times }
    this.#jobs = new Jobs(options.onDefect)
    const { space, records } = context
    this.#own = new OwnRecords({
      space,
      times,
      keyOf: (name) => context.keyOf(name),
      wallClock: () => context.wallClock(),
      removedSince: (name) => records.removedSince(name),
    })
    const repair: RepairContext = {
      context,
      own: this.#own,
      jobs: this.#jobs,
      times,
      now,
      ...(options.allowance ? { allowance: options.allowance } : {}),
    }
    this.#reader = new CatalogueReader(repair, (machine, card) => {
      options.onMachineName(machine, card.machineName)
      this.#quarantine.heard(machine, card)
    })
    this.#sync = new ArcSync(repair)
    this.#verifier = new Verifier(repair)
    this.#copier = new Copier(repair, transfers, (sha256) => this.#lookAgain(sha256))
    this.#drops = new Drops(repair)
    this.#quarantine = new Quarantine(repair, options.memory ?? null, {
      readAll: () => this.#reader.readAll(),
      onSettled: () => this.#settled(),
    })
    this.#sweep = new Sweep(repair, {
      isKept: (sha256) => this.#quarantine.isKept(sha256),
      mayForget: () => this.#quarantine.togetherMs() >= times.keepTrashMs + times.forgetMarginMs,
    })
    const answers = new Answers(repair, { sync: this.#sync, verifier: this.#verifier }, (machine, revision) =>
      this.revisionHeard(machine, revision),
    )
    this.side = {
      isSynced: (key) => this.#sync.isSynced(key),
      asked: () => this.#quarantine.meet(),
      isApart: () => this.#quarantine.isApart,
      togetherMs: () => this.#quarantine.togetherMs(),
      heard: (machine, revision) => this.revisionHeard(machine, revision),
      told: (machine, revisions) => this.#reader.told(machine, revisions),
      lookAgain: (sha256) => this.#lookAgain(sha256),
      answer: (connection, message) => answers.answer(connection, message),
    }
  }

  /** Reads what this machine has, into the catalogue, too; before anybody is answered. */
  async start(): Promise<void> {
    const { catalogue, records, self } = this.#context
    await this.#quarantine.load()
    this.#stopListening.push(
      // the first of many changes counts: a name that changes all the time is looked at all the same
      catalogue.onChanged((name, { file, isUneven }) => {
        if (file && this.#isForOthers(file)) return
        if (!this.#changed.has(name)) this.#changed.set(name, this.#options.now())
        if (isUneven || (file && isRemoved(file.record))) this.#uneven.add(name)
      }),
      records.onChanged((entry) => {
        catalogue.put(self.id, entry)
        this.#sweep.unwanted(this.#own.put(entry))
        this.#reader.changed(records.revision)
      }),
      records.onForgotten((name) => {
        catalogue.drop(self.id, name)
        this.#sweep.unwanted(this.#own.delete(name))
        this.#reader.changed(records.revision)
      }),
    )
    for await (const entry of records.entries()) {
      catalogue.put(self.id, entry)
      this.#own.put(entry)
    }
    this.#started = true
  }

  /** No more work is begun. Resolves when what ran has ended. */
  async stop(): Promise<void> {
    for (const stop of this.#stopListening.splice(0)) stop()
    await this.#jobs.stop()
  }

  /** Whether work is under way that a moment of time may let go on. */
  get busy(): boolean {
    return this.#jobs.busy || this.#copier.running > 0
  }

  /** Names that wait to be looked at, and contents of names that wait to be copied. */
  get waiting(): number {
    return this.#changed.size + this.#shortSince.size + this.#retryAt.size
  }

  /** Resolves when the round that runs, if any, has ended. */
  calm(): Promise<void> {
    return this.#jobs.ended('pass')
  }

  /** Clock time from which a tick has something to do. */
  get dueAt(): number {
    if (!this.#started || this.#jobs.stopped) return Infinity
    return Math.min(this.#reader.dueAt, this.#tickedAt + tickEveryMs)
  }

  /** Time passed: to be called within 100 ms or so of `dueAt`, or every 100 ms. */
  tick(): void {
    if (!this.#started || this.#jobs.stopped) return
    const now = this.#options.now()
    this.#reader.tick()
    if (now - this.#tickedAt < tickEveryMs) return
    this.#tickedAt = now
    this.#quarantine.tick()
    if (this.#quarantine.isApart) return
    this.#sync.tick()
    this.#sweep.tick()
    this.#verifier.tick()
    if (now - this.#passedAt >= passEveryMs) this.passSoon()
  }

  /** Members came, went or moved: every file is looked at again. */
  ringChanged(): void {
    this.#lookAtAll = true
    this.#attendance = null
    this.#reader.ringChanged()
    this.#sync.ringChanged()
    this.#quarantine.look()
    this.#copier.diversion.keepOnly(new Set(this.#context.online().map((contact) => contact.id)))
  }

  /** A machine's records have this revision now. */
  revisionHeard(machine: Identifier, revision: number): void {
    this.#reader.heard(machine, revision)
    this.#reader.tick()
  }

  /** The machines whose records this one reads. */
  reads(machine: Identifier): boolean {
    return this.#reader.mates().includes(machine)
  }

  /** Reads what changed on every machine that is read at all. */
  readCatalogues(): Promise<void> {
    return this.#reader.readAll()
  }

  /** All that this machine answers for has been compared with others. */
  get synced(): boolean {
    return this.#sync.complete
  }

  /** Files that were put aside after a long absence. */
  get quarantined(): readonly QuarantinedFile[] {
    return this.#quarantine.files()
  }

  /** Stores a file that was put aside as new: see restore-quarantined. */
  restoreQuarantined(name: string): Promise<string> {
    return restoreQuarantined(this.#context, this.#quarantine, name)
  }

  /** A round, unless one runs. */
  passSoon(): void {
    this.#passedAt = this.#options.now()
    this.#jobs.start('pass', () => this.pass())
  }

  /** One round: what follows from what is known. Never rejects for what other machines do. */
  async pass(): Promise<void> {
    if (this.#isIdle()) return
    const names = this.#namesToLookAt()
    for await (const some of this.#inTurns(names.uneven)) for (const name of some) await this.#catchUp(name)
    const lacking: ContentCopies[] = []
    const waiting = new Set<string>()
    for await (const some of this.#inTurns(names.all())) {
      // machines come and go between two turns
      const attendance = this.attendance()
      for (const name of some) lacking.push(...this.#look(name, attendance, waiting))
    }
    if (this.#isIdle()) return
    this.#forgetUnwanted(waiting)
    this.#copyMissing(lacking)
    await this.#drops.run(this.attendance())
  }

  /** Copies of what this machine has no record of are for those who have one; it lets go of what machines said that are gone. */
  #isForOthers({ machines }: CatalogueFile): boolean {
    this.#attendance ??= this.attendance()
    const { self } = this.#context
    return !machines.has(self.id) && [...machines.keys()].every((machine) => this.#attendance?.knows(machine))
  }

  /** Result: what is not on all machines that should have it; adds to `waiting` the ids of what waits for anything. */
  #look(name: string, attendance: Attendance, waiting: Set<string>): ContentCopies[] {
    const { catalogue, parameters } = this.#context
    const file = catalogue.get(name)
    if (!file) return []
    const lacking: ContentCopies[] = []
    for (const state of attendance.copiesOf(file, parameters)) {
      this.#drops.note(state)
      if (!this.#note(state)) lacking.push(state)
      if (this.#shortSince.has(state.id) || this.#retryAt.has(state.id)) waiting.add(state.id)
    }
    for (const machine of this.#goneFrom(file, attendance)) catalogue.release(machine, name)
    return lacking
  }

  /** Some at a time, between which all else that waits for the processor has its turn. It ends early when nothing is to be done any more. */
  async *#inTurns(names: Iterable<string>): AsyncGenerator<readonly string[]> {
    const { timers } = this.#context
    let some: string[] = []
    for (const name of names) {
      some.push(name)
      if (some.length < filesATurn) continue
      if (this.#isIdle()) return
      yield some
      some = []
      await new Promise<void>((resolve) => timers.after(0, resolve))
    }
    if (!this.#isIdle()) yield some
  }

  /** It stops, or was away for so long that what it knows counts for nothing: it may have slept since the last turn. */
  #isIdle(): boolean {
    return this.#jobs.stopped || this.#quarantine.isApart
  }

  /** Who is there now, for questions about many files. */
  attendance(): Attendance {
    return new Attendance(this.#context, (record) => this.#own.wantedIn(record))
  }

  /** Copies one content to those who should hold it. Throws what a transfer throws. */
  copy(repair: Repair, kind: CopyKind): Promise<void> {
    return this.#copier.copy(repair, kind)
  }

  /** A calm ring costs nothing: what changed and what waits; after a change of members, or a while, everything. */
  #namesToLookAt(): { readonly all: () => Iterable<string>; readonly uneven: readonly string[] } {
    const { catalogue } = this.#context
    const now = this.#options.now()
    const isAll = this.#lookAtAll || now - this.#lookedAtAll >= lookAtAllEveryMs
    if (isAll) this.#lookedAtAll = now
    this.#lookAtAll = false
    const changed = [...this.#changed].filter(([, at]) => now - at >= newsTravelsMs).map(([name]) => name)
    for (const name of changed) this.#changed.delete(name)
    const uneven = changed.filter((name) => this.#uneven.delete(name))
    const waiting = [...this.#shortSince.keys(), ...this.#retryAt.keys()].map(nameIn)
    const some = new Set([...changed, ...waiting])
    const fresh = new Set(this.#changed.keys())
    return { all: () => (isAll ? unless(fresh, catalogue.names()) : some), uneven }
  }

  /** A record here that lacks what another machine's has takes it over; a removal is told to who should know. */
  async #catchUp(name: string): Promise<void> {
    const context = this.#context
    const { catalogue, records, self } = context
    const file = catalogue.get(name)
    if (!file?.machines.has(self.id)) return
    const own = await records.get(name)
    if (own && isBehind(own.record, file.record)) await records.merge(file.record)
    if (!isRemoved(file.record) || this.#own.isExpiring(name)) return
    for (const contact of context.replicaSet(context.keyOf(name), context.parameters.copies)) {
      if (file.machines.has(contact.id) || contact.id === self.id) continue
      await sendRecord(context, contact, file).catch(passOver)
    }
  }

  /** Remembers since when a content is short of copies that could be made. Result: whether all have it who should. */
  #note({ id, onlineHolders, replicaSet }: ContentCopies): boolean {
    const isInPlace = replicaSet.every((machine) => onlineHolders.includes(machine))
    const { length } = onlineHolders
    // what nobody has who is there can be copied by nobody: whoever brings it is news
    const isShort = length > 0 && length < this.#context.parameters.copies && !isInPlace
    if (isInPlace) this.#retryAt.delete(id)
    if (!isShort) this.#shortSince.delete(id)
    else if (!this.#shortSince.has(id)) this.#shortSince.set(id, this.#options.now())
    return isInPlace
  }

  /** What a name wanted and wants no more waits for nothing; `wanted`: ids of what waits and is wanted of the names just looked at. */
  #forgetUnwanted(wanted: ReadonlySet<string>): void {
    for (const waiting of [this.#shortSince, this.#retryAt]) {
      for (const id of waiting.keys()) if (!wanted.has(id) && !this.#changed.has(nameIn(id))) waiting.delete(id)
    }
  }

  /** Rows of machines that left, or were forgotten, go once others have all that they had: until then a window shows what is out of reach. */
  #goneFrom({ machines }: CatalogueFile, attendance: Attendance): Identifier[] {
    const known = [...machines].filter(([machine]) => attendance.knows(machine))
    if (known.length === 0 || known.length === machines.size) return []
    const isElsewhere = (sha256: string): boolean => known.some(([, held]) => verifiedAtOf(held, sha256) > 0)
    const isSpare = (held: Holdings): boolean => held.every(([sha256, verifiedAt]) => verifiedAt === 0 || isElsewhere(sha256))
    return [...machines].filter(([machine, held]) => !attendance.knows(machine) && isSpare(held)).map(([machine]) => machine)
  }

  /** Starts what the plan asks for; the next pass need not wait for large files. */
  #copyMissing(states: readonly ContentCopies[]): void {
    const { self, parameters } = this.#context
    const now = this.#options.now()
    const isFree = (state: ContentCopies): boolean => !this.#copier.isCopying(state) && (this.#retryAt.get(state.id) ?? -Infinity) <= now
    const lasts = (state: ContentCopies): boolean => !this.#own.isExpiring(state.name)
    const delay = this.#options.repairDelayMs()
    const rules: RepairRules = {
      self: self.id,
      copiesWanted: parameters.copies,
      waitedEnough: (id) => now - (this.#shortSince.get(id) ?? now) >= delay,
      mayAsk: (machine, sizeBytes) => this.#copier.mayAsk(machine, sizeBytes),
    }
    const plannable = states.filter((state) => isFree(state) && lasts(state))
    const plan = planRepairs(plannable, rules)
    const room = Math.max(0, repairsAtOnce - this.#copier.running)
    for (const repair of plan.slice(0, room)) this.#start(repair)
    // the rest is looked at again: nothing else may remind of it
    for (const repair of plan.slice(room)) this.#changed.set(repair.of.name, -Infinity)
    // nor of copies that are enough, but kept for a machine that had no room
    for (const state of plannable) if (waitsForRoom(state, rules)) this.#retryAt.set(state.id, now + retryAfterMs)
  }

  #start(repair: Repair): void {
    const { id } = repair.of
    this.#retryAt.delete(id)
    // not a job: a large file on its way must not keep the machine from stopping
    this.copy(repair, 'repair').catch((error: unknown) => {
      this.#retryAt.set(id, this.#options.now() + retryAfterMs)
      if (!(error instanceof AppError)) this.#options.onDefect(error)
    })
  }

  /** Bytes of this content that came from here were bad: it is read again, and replaced when it is damaged. */
  #lookAgain(sha256: string): void {
    this.#jobs.start(`recheck ${sha256}`, async () => {
      await this.#verifier.recheck(sha256)
    })
  }

  #settled(): void {
    this.#sync.reset()
    this.#lookAtAll = true
  }
}

/** A catalogue is walked and not copied: it may have a hundred thousand names. */
function* unless(left: ReadonlySet<string>, names: Iterable<string>): Generator<string> {
  for (const name of names) if (!left.has(name)) yield name
}
