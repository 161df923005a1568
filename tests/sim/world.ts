/**
 * Machines with disks, databases and a network, in one thread and in virtual time: the shipped code from the ring up to storing,
 * requesting and repairing. Everything that happens comes out of one queue; after what calls promises back, they all run before
 * the next thing happens, so that a seed is one run.
 */

import { setImmediate as allSettled } from 'node:timers/promises'
import type { Connection } from '../../electron/peer/net/connection.ts'
import type { Contact } from '../../electron/peer/protocol/contact.ts'
import type { Identifier } from '../../electron/peer/protocol/identifier.ts'
import { pickNumber } from '../../electron/peer/ring/prng.ts'
import type { TransferNews } from '../../electron/peer/transfer/transfer-context.ts'
import type { EventQueue } from './event-queue.ts'
import { Exchanges } from './exchanges.ts'
import { Machine } from './machine.ts'
import type { FileMoment, Happening, HappeningKind, Observer } from './observer.ts'
import type { FilesPlan } from './plan.ts'
import { Simulator } from './simulator.ts'

export class World {
  readonly plan: FilesPlan
  readonly simulator: Simulator
  readonly #exchanges: Exchanges
  readonly machines: Machine[] = []
  /** What went wrong in the code under test, the first of it. */
  flaw: string | null = null
  /** Since when nothing is cut off from anything; Infinity = something is. */
  calmSince = 0
  /** When a copy was lost last, with its disk, by rot or with a machine that left. */
  lossAt = -Infinity
  /** Told of what machines tell of files. */
  onNews: (machine: Machine, news: TransferNews) => void = () => undefined
  /** Told of a name of which a machine, back after a long absence, keeps what it knows out of the ring. */
  onPutAside: (name: string) => void = () => undefined
  /** Told of a machine the moment it is in the ring. */
  onMember: (machine: Machine) => void = () => undefined
  /** Told of a machine that begins to copy a file to others, as repair or before it leaves. */
  onCopy: (machine: Machine, name: string) => void = () => undefined
  /** Where the copies of the files lie now, for who watches. */
  filesNow: () => FileMoment[] = () => []
  readonly #observer: Observer
  #touched = false
  #ports = 1

  constructor(plan: FilesPlan, observer: Observer) {
    this.plan = plan
    this.#observer = observer
    this.simulator = new Simulator(plan.seed, plan.parameters, observer.trace)
    this.simulator.keepsEvents = false
    this.#exchanges = new Exchanges(this)
  }

  get queue(): EventQueue {
    return this.simulator.queue
  }

  get now(): number {
    return this.queue.now
  }

  get random(): Simulator['random'] {
    return this.simulator.random
  }

  /** 0 <= result < below. */
  randomInt(below: number): number {
    return pickNumber(this.random, below)
  }

  after(delayMs: number, run: () => void): void {
    this.queue.after(delayMs, run)
  }

  /** Promises were called back: they run before anything else happens. */
  touch(): void {
    this.#touched = true
  }

  delayMs(): number {
    return this.simulator.network.delayMs()
  }

  get up(): Machine[] {
    return this.machines.filter((machine) => machine.isUp)
  }

  /** Machines that run and are in the ring, in order of their ids. */
  get members(): Machine[] {
    return this.machines.filter((machine) => machine.isMember).sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** A machine that does not run yet. */
  newMachine(diskBytes: number): Machine {
    const { space } = this.simulator
    let value = 0n
    for (let bits = 0; bits < space.bits; bits += 16) value = (value << 16n) | BigInt(this.randomInt(65_536))
    const contact = { id: space.fromBigInt(value), ways: [this.newWay()] }
    const machine = new Machine(this, { contact, name: this.simulator.introduce(contact.id), diskBytes })
    this.machines.push(machine)
    return machine
  }

  newWay(): string {
    const port = this.#ports++
    return `10.0.${port >> 8}.${port & 255}:4000`
  }

  machineAt(contact: Contact): Machine | undefined {
    return this.machines.find((machine) => machine.isUp && machine.id === contact.id && machine.contact.ways[0] === contact.ways[0])
  }

  machineOf(id: Identifier): Machine | undefined {
    return this.machines.find((machine) => machine.id === id)
  }

  /** A connection for one exchange. AppError('peer-unreachable'), ('cancelled'). */
  open(from: Machine, to: Contact, signal: AbortSignal | undefined): Promise<Connection> {
    return this.#exchanges.open(from, to, signal)
  }

  /** See Exchanges. */
  litter(from: Machine, target: Machine, rubbish: { readonly bytes: Uint8Array; readonly delayMs: () => number }): void {
    this.#exchanges.litter(from, target, rubbish)
  }

  /** Whether nothing gets from one to the other over a stream. */
  isCut(from: Machine, to: Machine): boolean {
    return this.simulator.network.isCut(from.contact.ways[0] ?? '', to.contact.ways[0] ?? '', 'stream')
  }

  /** Starts work on a machine that goes on while time passes; it ends with the process it runs in. */
  begin(machine: Machine, work: () => Promise<void>, what = 'what it was doing'): void {
    this.touch()
    const begun = machine.process
    work().catch((error: unknown) => {
      // what a process that ended would still have done does not count
      if (begun === null || begun.alive) this.defect(machine, what, error)
    })
  }

  /** Lets time pass. */
  async run(forMs: number): Promise<void> {
    const until = this.now + forMs
    await this.#settle()
    while (this.queue.step(until)) if (this.#touched) await this.#settle()
    this.queue.now = until
  }

  /** Runs until `condition`, looked at every `everyMs`, at most `limitMs`. Virtual ms that it took, or null. */
  async runUntil(condition: () => boolean | Promise<boolean>, limitMs: number, everyMs = 500): Promise<number | null> {
    const start = this.now
    while (!(await condition())) {
      if (this.now - start >= limitMs) return null
      await this.run(everyMs)
    }
    return this.now - start
  }

  async #settle(): Promise<void> {
    this.#touched = false
    await allSettled()
  }

  /** A defect in the code under test: whatever else happens, this run has failed. */
  defect(machine: Machine, what: string, error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.flaw ??= `${machine.name}: a defect in ${what}: ${text}`
  }

  refused(machine: Machine, text: string): void {
    if (text.startsWith('A defect')) this.flaw ??= `${machine.name}: ${text}`
    else this.trace(machine, `refused: ${text}`)
  }

  /** A line about files that left the first machine for the second, or came from it. */
  line([from, to]: readonly [Machine, Machine], line: string): void {
    this.#observer.trace?.(`${this.simulator.time}  ${from.name} → ${to.name}  TCP  ${line.slice(0, 120)}`)
  }

  tell(machine: Machine, news: TransferNews): void {
    if (this.#observer.trace) this.trace(machine, `${news.kind} ${news.name}`)
    this.onNews(machine, news)
  }

  trace(machine: Machine | null, text: string): void {
    this.#observer.trace?.(`${this.simulator.time}  ${machine?.name ?? '—'}  ${text}`)
  }

  /** Something that a picture of the run shows. */
  happened(kind: HappeningKind, machine: Machine | null, text: string): void {
    this.trace(machine, text)
    if (!this.#observer.history) return
    const event: Happening = { kind, text, ...(machine ? { machine: machine.name } : {}) }
    this.#observer.history({ at: this.now, machines: this.simulator.moments(), files: this.filesNow(), event })
  }
}
