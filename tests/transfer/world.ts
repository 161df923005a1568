/**
 * A ring of machines that keep files, and all that happens to it: connections that break or fall silent, disks that fail, fill up, rot and
 * lose power, machines that die or are deaf. Time passes when nothing else does, so that whoever waits is soon waited for.
 */

import { basename } from 'node:path'
import type { Duplex } from 'node:stream'
import { pick, pickNumber, type Prng } from '../../electron/peer/ring/prng.ts'
import { faultyLink, type LinkFaults } from '../fakes/faulty-link.ts'
import { FileRing, type FileMachine } from '../fakes/file-ring.ts'
import { rotSmall, smallBytes, smallCopies } from '../fakes/small-places.ts'
import type { DiskOperation } from '../fakes/faulty-disk.ts'
import type { Mishap, Plan } from './plan.ts'

/** Turns without anything done after which time passes. */
const quietTurns = 5
/** What others need to notice that a machine is gone, in ms of virtual time. */
const noticedAfterMs = 5_000
const roomyBytes = 100_000_000_000

/** What was promised does not hold. */
export class Flaw extends Error {}

export class World {
  readonly plan: Plan
  readonly random: Prng
  readonly ring: FileRing
  /** `<machine> <sha256>` of copies of which a byte was changed. */
  readonly rotten = new Set<string>()
  /** Bytes that came to a machine over connections that store. */
  readonly storedTo = new Map<number, number>()
  /** What happened, for people. */
  readonly story: string[] = []
  /** Machines whose disks failed at something: what was under way there may be gone. */
  readonly hurt = new Set<number>()
  turns = 0
  onDeath: (machine: FileMachine) => void = () => undefined
  /** Before a folder is synced: something got its name. */
  onNamed: () => void = () => undefined
  #faultsOn = false
  #activity = 0
  #starting = 0
  #mishaps: Mishap[] = []

  constructor(plan: Plan, random: Prng) {
    this.plan = plan
    this.random = random
    this.ring = new FileRing({
      copies: plan.copies,
      blockBytes: plan.blockBytes,
      unfinishedBytes: plan.blockBytes,
      ...(plan.smallBytes === null ? {} : { small: plan.smallBytes }),
      disk: { seed: plan.seed, clones: plan.clones, pause: (operation) => this.#takeTurns(operation) },
      database: { sync: () => this.#takeTurns('sync') },
      link: (from, to) => this.#link(from, to),
    })
  }

  say(text: string): void {
    this.story.push(`${this.ring.nowMs} ms, turn ${this.turns}: ${text}`)
  }

  valueOf(machine: FileMachine): number {
    return Number(this.ring.space.toBigInt(machine.id))
  }

  machine(): FileMachine {
    return this.ring.machine(pick(this.random, this.plan.machines) ?? 0)
  }

  async open(): Promise<void> {
    for (const value of this.plan.machines) await this.waitFor(this.ring.start(value))
    await this.pass(3_000)
  }

  beginFaults(): void {
    this.#faultsOn = true
    this.#mishaps = this.plan.mishaps.map((mishap) => ({ ...mishap, turn: mishap.turn + this.turns }))
  }

  /** No more faults; who is dead starts again, and the ring gets its rest. */
  async endFaults(): Promise<void> {
    this.#faultsOn = false
    this.say('all faults end')
    await this.#until(() => this.#starting === 0, 60_000)
    for (const value of this.plan.machines) {
      if (this.ring.machine(value).isDead) await this.waitFor(this.ring.start(value))
      const machine = this.ring.machine(value)
      machine.disk.heal()
      machine.disk.totalBytes = roomyBytes
      machine.database.heal()
      machine.deaf = false
    }
    this.ring.ringChanged()
    await this.calm()
  }

  /** Until nobody speaks, and some time more. */
  async calm(): Promise<void> {
    await this.pass(10_000)
    const isCalm = await this.#until(
      () => this.ring.exchanges === 0 && this.ring.online().every((machine) => !machine.repairer.busy),
      900_000,
    )
    if (!isCalm) throw new Flaw(`${this.ring.exchanges} exchanges never end`)
  }

  async pass(ms: number): Promise<void> {
    const end = this.ring.nowMs + ms
    await this.#until(() => this.ring.nowMs >= end, Infinity)
  }

  /** The result of `work`, while time goes on. A Flaw when it does not end in `limitMs` of virtual time. */
  async waitFor<T>(work: Promise<T>, limitMs = 3_600_000): Promise<T> {
    let ended = false
    const settled = work.finally(() => (ended = true))
    settled.catch(() => undefined)
    if (!(await this.#until(() => ended, limitMs))) throw new Flaw(`Something has not ended after ${limitMs} ms`)
    return settled
  }

  async #until(isDone: () => boolean, limitMs: number): Promise<boolean> {
    const end = this.ring.nowMs + limitMs
    let seen = this.#activity
    for (let quiet = 0; !isDone();) {
      await nextTurn()
      this.#turn()
      if (this.#activity !== seen) {
        seen = this.#activity
        quiet = 0
        if (this.turns % 50 === 0) this.#passTime(100)
      } else if (++quiet >= quietTurns) {
        this.#passTime(quiet < 50 ? 100 : 1_000)
        if (this.ring.nowMs > end) return false
      }
    }
    return true
  }

  #passTime(ms: number): void {
    this.ring.nowMs += ms
    this.ring.runDue()
  }

  #turn(): void {
    this.turns++
    if (!this.#faultsOn) return
    const due = this.#mishaps.filter((mishap) => mishap.turn <= this.turns)
    this.#mishaps = this.#mishaps.filter((mishap) => mishap.turn > this.turns)
    for (const mishap of due) this.#happen(mishap.kind)
  }

  async #takeTurns(operation: DiskOperation): Promise<void> {
    this.#activity++
    if (operation === 'syncFolder') this.onNamed()
    const turns = pickNumber(this.random, operation === 'sync' || operation === 'syncFolder' ? 4 : 2)
    for (let turn = 0; turn < turns; turn++) await nextTurn()
  }

  #link(from: FileMachine, to: FileMachine): [Duplex, Duplex] {
    const { random, plan } = this
    let wasStore: boolean | null = null
    const most = pick(random, [50, 1_000, 5_000, 70_000]) ?? 1
    const isFaulty = this.#faultsOn && random.next() < plan.linkFaultChance
    const atBytes = Math.floor(random.next() ** 2 * 60 * plan.blockBytes)
    const faults: LinkFaults = {
      ...(plan.pieces ? { pieceBytes: () => 1 + pickNumber(random, most) } : {}),
      ...(isFaulty ? (random.next() < 0.8 ? { breakAfterBytes: 1 + atBytes } : { stallAfterBytes: atBytes }) : {}),
      onDelivered: (end, bytes) => {
        this.#activity++
        wasStore ??= this.ring.lines.at(-1)?.line.startsWith('/store ') === true
        if (!wasStore || end !== 'other') return
        const value = this.valueOf(to)
        this.storedTo.set(value, (this.storedTo.get(value) ?? 0) + bytes)
      },
    }
    if (isFaulty) this.say(`a connection from ${this.valueOf(from)} to ${this.valueOf(to)} will fail after ${atBytes} bytes`)
    return faultyLink(faults)
  }

  #happen(kind: Mishap['kind']): void {
    const machine = this.machine()
    const value = this.valueOf(machine)
    if (machine.isDead) return
    this.say(`${kind} on ${value}`)
    switch (kind) {
      case 'power-cut':
      case 'kill':
        return this.#die(value, kind === 'kill' ? 'kept' : 'lost')
      case 'disk-error':
      case 'disk-full': {
        const operations: readonly DiskOperation[] =
          kind === 'disk-full' ? ['write', 'open'] : ['read', 'write', 'sync', 'rename', 'syncFolder', 'open']
        const code = kind === 'disk-full' ? 'disk-full' : 'file-unreadable'
        const matches = pick(this.random, ['/content', '/target', '/stored']) ?? ''
        this.hurt.add(value)
        return machine.disk.failNext(pick(this.random, operations) ?? 'write', { after: pickNumber(this.random, 20), code, matches })
      }
      case 'no-room':
        this.hurt.add(value)
        machine.disk.totalBytes = machine.disk
          .files()
          .reduce((sum, path) => sum + (machine.disk.bytes(path)?.length ?? 0), pickNumber(this.random, 100_000))
        return
      case 'database-full':
        this.hurt.add(value)
        return machine.database.failNext()
      case 'deaf':
        machine.deaf = true
        this.ring.after(pickNumber(this.random, 20_000), () => (machine.deaf = machine.isDead))
        return
      case 'rot':
        return this.#rot(machine)
    }
  }

  #die(value: number, power: 'lost' | 'kept'): void {
    const machine = this.ring.machine(value)
    this.ring.crash(value, power)
    this.onDeath(machine)
    this.ring.after(noticedAfterMs, () => {
      if (this.ring.machine(value) !== machine) return
      machine.online = false
      this.ring.ringChanged()
    })
    this.ring.after(pickNumber(this.random, 30_000), () => {
      if (this.ring.machine(value) !== machine) return
      this.#starting++
      this.say(`${value} starts again`)
      void this.ring.start(value).finally(() => this.#starting--)
    })
  }

  #rot(machine: FileMachine): void {
    const files = machine.disk.files().filter((path) => /^\/content\/[0-9a-f]{2}\//.test(path))
    const small = smallCopies(machine)
    const what = pick(this.random, [...files, ...small])
    if (what === undefined) return
    const length = (files.includes(what) ? machine.disk.bytes(what) : smallBytes(machine, what))?.length ?? 0
    if (length === 0) return
    const position = pickNumber(this.random, length)
    if (files.includes(what) && this.random.next() < 0.3) machine.disk.cut(what, position)
    else if (files.includes(what)) machine.disk.rot(what, position)
    else rotSmall(machine, what, position)
    const sha256 = basename(what).replace('.manifest', '')
    this.rotten.add(`${this.valueOf(machine)} ${sha256}`)
    this.say(`${what} is damaged at byte ${position}`)
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
