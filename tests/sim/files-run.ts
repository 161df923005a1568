/** A run with files: machines come, people store and ask while everything happens to them, then all faults stop and everything is checked. */

import { verifyCopies } from '../../electron/peer/repair/verify.ts'
import { findLeak, findUnbounded } from './bounds.ts'
import { findFlawInIdealRing } from './checkers.ts'
import { findMisplaced, findUnreadable } from './data-checks.ts'
import { findLeftover } from './leftovers.ts'
import { Litter } from './litter.ts'
import type { Machine } from './machine.ts'
import { Mischief } from './mischief.ts'
import { noFaults } from './network.ts'
import type { Observer } from './observer.ts'
import { Oracle } from './oracle.ts'
import type { Outcome } from './outcome.ts'
import { People } from './people.ts'
import type { FilesPlan } from './plan.ts'
import { World } from './world.ts'

/** Virtual ms in which who is leaving when the faults end hands over what it has. */
const leaveLimitMs = 120_000
/** Virtual ms after which all must be in place once the ring is ideal. */
const settleLimitMs = 180_000
/** Virtual ms after which nothing superfluous may be left, from the end of a calm time on: hysteresis, sweeps, and a copy tried again. */
const leftoverLimitMs = 180_000

/** As `ringdrop verify` does: bad copies go, and good ones come back. */
async function verifyAll(world: World, machine: Machine): Promise<void> {
  for await (const { name, good } of verifyCopies(machine.member.context, null)) {
    if (!good) world.trace(machine, `finds its copy of ${name} bad`)
  }
}

/** Runs a plan to its end. The first flaw ends it. */
export async function runFiles(plan: FilesPlan, observer: Observer): Promise<Outcome> {
  const run = new FilesRun(plan, observer)
  const flaw = await run.go()
  return run.outcome(flaw)
}

export class FilesRun {
  readonly #plan: FilesPlan
  readonly world: World
  readonly oracle: Oracle
  readonly #people: People
  readonly #mischief: Mischief
  readonly #litter: Litter
  #healedMs: number | null = null

  constructor(plan: FilesPlan, observer: Observer) {
    this.#plan = plan
    this.world = new World(plan, observer)
    this.oracle = new Oracle(this.world)
    this.#people = new People(this.world, this.oracle)
    this.#mischief = new Mischief(this.world, this.oracle, (name) => this.#people.letGo(name))
    this.#litter = new Litter(this.world)
    this.world.filesNow = () => this.oracle.filesNow()
    this.world.onMember = (machine) => this.#meet(machine)
    this.world.onCopy = (machine, name) => this.#mischief.kills.inCopy(machine, name)
    this.world.onPutAside = (name) => this.oracle.notePutAside(name)
    this.world.onNews = (machine, news) => {
      if (news.kind === 'copy-damaged') this.world.lossAt = this.world.now
      if (news.kind === 'copy-dropped') this.world.flaw ??= this.oracle.checkDrop(machine, news.sha256)
    }
  }

  outcome(flaw: string | null): Outcome {
    const { simulator, now } = this.world
    if (flaw) this.world.happened('flaw', null, flaw)
    const injected = { ...this.#people.counts, ...this.#mischief.counts, ...this.#litter.counts, ...simulator.network.injected }
    return {
      plan: this.#plan,
      hash: simulator.hash,
      delivered: simulator.delivered,
      simulatedMs: now,
      peerMs: simulator.peerMs,
      injected,
      healedMs: this.#healedMs,
      flaw,
    }
  }

  async go(): Promise<string | null> {
    await this.#bootstrap()
    return (await this.#chaos()) ?? (await this.#quiet())
  }

  async #bootstrap(): Promise<void> {
    const world = this.world
    const founder = world.newMachine(this.#plan.data.diskBytes)
    world.begin(founder, () => founder.start((member) => member.ring.found()))
    await world.run(100)
    while (world.machines.length < this.#plan.peers) {
      this.#mischief.join()
      await world.run(300 + world.random.next() * 700)
    }
    await world.run(5000)
  }

  async #chaos(): Promise<string | null> {
    const world = this.world
    const { network } = world.simulator
    network.faults = this.#plan.faults
    this.#mischief.kills.begin()
    const end = world.now + this.#plan.chaosMs
    let [nextDeed, nextOp] = [0, 0]
    while (world.now < end && world.flaw === null) {
      await world.run(Math.max(1, Math.min(nextDeed, nextOp, end) - world.now))
      if (world.now >= nextDeed) {
        this.#mischief.happen()
        nextDeed = world.now + 2 * world.random.next() * this.#plan.everyMs
      }
      if (world.now >= nextOp) {
        this.#act()
        nextOp = world.now + 2 * world.random.next() * this.#plan.data.opsEveryMs
      }
      this.#litter.fall()
      this.oracle.look()
      world.flaw ??= findUnbounded(world, this.oracle)
    }
    network.faults = noFaults
    return world.flaw
  }

  /** Who has just come asks, or is asked, before it can know anything; news of it needs a moment to get to the others. */
  #meet(newcomer: Machine): void {
    const { random } = this.world
    this.#mischief.kills.inTakeOver(newcomer)
    if (random.next() >= this.#plan.data.earlyAsks) return
    this.world.after(random.next() * 300, () => this.#people.askOwner(newcomer, newcomer))
    this.world.after(random.next() * 800, () => this.#people.askOwner(newcomer, null))
  }

  #act(): void {
    const world = this.world
    const name = this.#people.act()
    // in the middle of it: a look-up, a transfer, a sync
    if (name !== null && world.random.next() < this.#plan.data.targetedKills) this.#mischief.kills.inStore(name)
  }

  async #quiet(): Promise<string | null> {
    const world = this.world
    this.#mischief.end()
    await world.runUntil(() => !this.#mischief.isLeaving, leaveLimitMs)
    world.happened('phase', null, 'faults end')
    this.#healedMs = await world.runUntil(() => this.#flawInRing() === null, this.#plan.quietMs)
    if (this.#healedMs === null) return world.flaw ?? this.#flawInRing() ?? 'healed at the last moment'
    world.happened('phase', null, 'ideal')
    await world.runUntil(() => !this.oracle.isBusy(), 120_000)
    for (const machine of world.members) world.begin(machine, () => verifyAll(this.world, machine))
    const placed = await world.runUntil(() => world.flaw !== null || findMisplaced(world, this.oracle) === null, settleLimitMs, 2000)
    const flaw = world.flaw ?? this.oracle.checkVersions() ?? (placed === null ? findMisplaced(world, this.oracle) : null)
    if (flaw) return flaw
    world.happened('phase', null, 'all in place')
    return (await this.#askForAll()) ?? (await this.#checkStaysInPlace())
  }

  /** Until the run is over: nothing happens any more, so nothing may change. */
  async #checkStaysInPlace(): Promise<string | null> {
    const world = this.world
    await world.run(Math.max(0, this.#plan.lengthMs - world.now))
    const noLeftover = async (): Promise<boolean> => (await findLeftover(world, this.oracle)) === null
    const freed = await world.runUntil(noLeftover, leftoverLimitMs, 5000)
    const leftover = freed === null ? await findLeftover(world, this.oracle) : null
    const misplaced = this.oracle.checkVersions() ?? findMisplaced(world, this.oracle) ?? leftover
    const flaw = world.flaw ?? misplaced ?? findUnbounded(world, this.oracle) ?? findLeak(world) ?? this.#flawInRing()
    return flaw ? `after a calm time: ${flaw}` : null
  }

  #flawInRing(): string | null {
    const absent = this.world.machines.find((machine) => !machine.gone && !machine.isMember)
    return absent ? `${absent.name} is not in the ring` : findFlawInIdealRing(this.world.simulator)
  }

  /** Every live version, from two of the machines. */
  async #askForAll(): Promise<string | null> {
    const world = this.world
    for (const machine of [world.members[0], world.members.at(-1)]) {
      let answer: string | null | undefined
      if (!machine) return 'nobody is left'
      world.begin(machine, async () => {
        answer = await findUnreadable(machine, this.oracle)
      })
      if ((await world.runUntil(() => answer !== undefined, 120_000)) === null) return `${machine.name} waits for files in vain`
      if (answer) return answer
    }
    return world.flaw
  }
}
