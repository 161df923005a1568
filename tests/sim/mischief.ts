/** What befalls machines and their network in a run with files: one thing at a time, drawn by the plan's weights. */

import { pick } from '../../electron/peer/ring/prng.ts'
import { judgeSafety } from '../../electron/peer/ring/safety.ts'
import { heldFiles } from '../fakes/held-files.ts'
import { closest } from './data-checks.ts'
import type { Machine, Process } from './machine.ts'
import type { Oracle } from './oracle.ts'
import { TargetedKills } from './targeted-kills.ts'
import type { World } from './world.ts'

export class Mischief {
  /** In the middle of what machines and people do. */
  readonly kills: TargetedKills
  readonly #counts: Record<string, number> = {}
  readonly #world: World
  readonly #oracle: Oracle
  readonly #meanwhile: (name: string) => void
  /** Not to be switched on again yet. */
  readonly #away = new Set<Machine>()
  /** Full disks, to be emptied again: the sizes they had. */
  readonly #full = new Map<Machine, number>()
  /** Who takes its leave, and the process that does. */
  readonly #leaving = new Map<Machine, Process>()
  #isOver = false

  /** `meanwhile`: told of a name whose holders just went away for long. */
  constructor(world: World, oracle: Oracle, meanwhile: (name: string) => void) {
    this.#world = world
    this.#oracle = oracle
    this.#meanwhile = meanwhile
    this.kills = new TargetedKills(world, { crash: (machine) => this.crash(machine), restart: (machine) => this.restart(machine) })
  }

  /** How often what was done. */
  get counts(): Record<string, number> {
    return { ...this.#counts, ...this.kills.counts }
  }

  /** Whether somebody still hands over what it has. */
  get isLeaving(): boolean {
    return [...this.#leaving].some(([machine, process]) => machine.process === process)
  }

  /** The next bad, or good, thing. */
  happen(): void {
    const { data } = this.#world.plan
    const deeds: (readonly [number, () => void])[] = [
      [15, () => this.join()],
      [8, () => this.#leave()],
      [20, () => this.#crashSome()],
      [20, () => this.#restartOne()],
      [12, () => this.#putToSleep()],
      [data.diskLosses, () => this.#destroy()],
      [data.absences, () => this.#goAway()],
      [data.rot, () => this.#rot()],
      [data.fullDisks, () => this.#fillDisk()],
      [data.clockJumps, () => this.#jumpClock()],
      [data.blocks, () => this.#block()],
      [data.partitions, () => this.#split()],
      [data.blocks + data.partitions > 0 ? 15 : 0, () => this.#healNetwork()],
    ]
    let dice = this.#world.random.next() * deeds.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, deed] of deeds) {
      dice -= weight
      if (dice < 0) return deed()
    }
  }

  join(): Machine | null {
    const world = this.#world
    if (world.machines.filter((machine) => !machine.gone).length >= world.plan.peers + 3) return null
    const machine = world.newMachine(world.plan.data.diskBytes)
    this.#startJoining(machine)
    this.#count('join', machine, 'joins')
    return machine
  }

  #startJoining(machine: Machine): void {
    const world = this.#world
    const via = [0, 1, 2].flatMap(() => pick(world.random, world.members)?.contact ?? [])
    world.begin(machine, () => machine.start((member) => member.ring.join(via)))
    this.kills.inJoin(machine)
  }

  #leave(): void {
    const world = this.#world
    const machine = pick(world.random, this.#strong())
    // who is alone leaves nothing behind: what only it knows goes with it
    if (!machine || world.members.length <= 2 || machine.member.onlineIds().size < 2) return
    this.#count('leave', machine, 'leaves')
    const stop = new AbortController()
    // one in four is cut short
    if (world.random.next() < 0.25) world.after(world.random.next() * 3000, () => stop.abort())
    world.begin(machine, () => this.#handOver(machine, stop.signal))
  }

  async #handOver(machine: Machine, signal: AbortSignal): Promise<void> {
    const world = this.#world
    const leaving = machine.process
    if (!leaving) return
    let left = 0
    this.#leaving.set(machine, leaving)
    await machine.member.leave({ onProgress: ({ filesLeft }) => (left = filesLeft), signal })
    // the farewell leaves first
    await leaving.sleep(200)
    // killed in the middle, and the machine runs again
    if (machine.process !== leaving) return
    this.#leaving.delete(machine)
    world.lossAt = world.now
    if (left === 0) {
      machine.depart()
      return
    }
    // a machine that tells its people that nobody took some of its files is only switched off
    machine.stop('killed')
    if (!this.#isOver) return
    this.restart(machine)
    world.after(25_000, () => this.#joinAgain())
  }

  /** Up to k-1 neighbours of one file in the same instant; now and then half of all. */
  #crashSome(): void {
    const world = this.#world
    const { members } = world
    if (members.length < 2) return
    const isHalf = world.random.next() < 0.1
    const name = pick(world.random, this.#oracle.names()) ?? ''
    const victims = isHalf ? members.filter(() => world.random.next() < 0.5) : closest(world, name).slice(0, this.#some())
    for (const victim of victims.slice(0, members.length - 1)) this.crash(victim)
  }

  /** 1 to k-1. */
  #some(): number {
    return 1 + this.#world.randomInt(Math.max(1, this.#world.plan.parameters.copies - 1))
  }

  crash(machine: Machine): void {
    const isPowerCut = this.#world.random.next() < this.#world.plan.data.powerCuts
    this.#count('crash', machine, isPowerCut ? 'loses its power' : 'is killed')
    machine.stop(isPowerCut ? 'power cut' : 'killed')
  }

  #restartOne(): void {
    const machine = pick(
      this.#world.random,
      this.#world.machines.filter((other) => !other.isUp && !other.gone && !this.#away.has(other)),
    )
    if (machine) this.restart(machine)
  }

  /** Up to k-1 holders of a file are away for a part of the time that counts as long, or for longer. */
  #goAway(): void {
    const world = this.#world
    const { random } = world
    const name = pick(random, this.#oracle.names()) ?? ''
    const victims = closest(world, name).slice(0, this.#some())
    if (world.members.length - victims.length < 2) return
    for (const victim of victims) {
      this.crash(victim)
      this.#away.add(victim)
    }
    this.#count('absence', null, `who keeps ${name} goes away`)
    world.after(random.next() * 10_000, () => this.#meanwhile(name))
    world.after((0.3 + random.next()) * world.plan.data.seasonMs, () => {
      for (const victim of victims) {
        this.#away.delete(victim)
        if (!victim.isUp && !victim.gone) this.restart(victim)
      }
    })
  }

  /** It comes back as it was, now and then under another address. */
  restart(machine: Machine): void {
    const world = this.#world
    // who is remembered by nobody and moved could not be found
    const moves = world.random.next() < 0.2 && world.members.length > 2
    if (moves) machine.contact = { id: machine.id, ways: [world.newWay()] }
    this.#count('restart', machine, moves ? 'restarts at another address' : 'restarts')
    if (machine.remembered.length === 0) this.#startJoining(machine)
    else world.begin(machine, () => machine.start((member) => machine.resume(member)))
  }

  #putToSleep(): void {
    const machine = pick(this.#world.random, this.#world.members)
    if (!machine?.process) return
    const forMs = this.#world.random.next() ** 2 * 60_000
    machine.process.peer.pausedUntil = this.#world.now + forMs
    this.#count('sleep', machine, `sleeps for ${(forMs / 1000).toFixed(1)} s`)
  }

  /** As many disks at once as the machines themselves say may fail. */
  #destroy(): void {
    const world = this.#world
    const may = this.#mayFail()
    const victims = closest(world, pick(world.random, this.#oracle.names()) ?? '').slice(0, Math.min(may, this.#some()))
    for (const victim of victims) {
      this.#count('disk loss', victim, 'is destroyed')
      victim.stop('power cut')
      victim.destroy()
      world.lossAt = world.now
    }
  }

  /** What every machine of the ring agrees may fail: the product's own promise. 0 while anything may be under way. */
  #mayFail(): number {
    const world = this.#world
    const away = world.machines.filter((machine) => !machine.gone && !machine.isMember)
    if (away.length > 0 || world.calmSince > world.now - 30_000) return 0
    // nobody can know yet of a copy that went bad
    if (world.members.some((machine) => machine.hasBadCopy())) return 0
    // a machine that does not know yet who was destroyed just now counts on it
    if (world.members.some(({ member }) => member.onlineIds().size !== world.members.length)) return 0
    const claims = world.members.map(({ member }) => judgeSafety(heldFiles(member.catalogue), member.onlineIds()))
    if (claims.some((claim) => claim.outOfReach > 0)) return 0
    return Math.min(...claims.map((claim) => claim.mayFail))
  }

  /** A byte of one copy goes bad, silently; another one only when that is found and mended, or the last good copy might be lost. */
  #rot(): void {
    const world = this.#world
    const machine = pick(world.random, world.members)
    const sha256 = machine && pick(world.random, machine.copies())
    if (!machine || !sha256 || this.#mayFail() < 1) return
    const size = machine.bytesOf(sha256)?.length ?? 0
    if (size === 0) return
    machine.rot(sha256, world.randomInt(size))
    this.#count('rot', machine, 'has a copy that rots')
  }

  #fillDisk(): void {
    const machine = pick(this.#world.random, this.#world.members)
    if (!machine || this.#full.has(machine)) return
    this.#full.set(machine, machine.disk.totalBytes)
    machine.disk.totalBytes = 1
    this.#count('full disk', machine, 'has no room any more')
    this.#world.after(60_000, () => this.#emptyDisk(machine))
  }

  #emptyDisk(machine: Machine): void {
    machine.disk.totalBytes = this.#full.get(machine) ?? machine.disk.totalBytes
    this.#full.delete(machine)
  }

  #jumpClock(): void {
    const machine = pick(this.#world.random, this.#world.members)
    if (!machine) return
    const { seasonMs } = this.#world.plan.data
    const dayMs = seasonMs === 0 ? 86_400_000 : seasonMs / 30
    machine.clockAheadMs += (this.#world.random.next() - 0.5) * 2 * dayMs
    this.#count('clock jump', machine, 'has its clock changed')
  }

  /** One pair cannot hear each other any more, in one direction or both, over datagrams or all. */
  #block(): void {
    const world = this.#world
    const [from, to] = [pick(world.random, world.members), pick(world.random, world.members)]
    if (!from || !to || from === to) return
    const [a, b] = [from.contact.ways[0], to.contact.ways[0]]
    const onlyDatagrams = world.random.next() < 0.5
    const bothWays = world.random.next() < 0.5
    world.simulator.network.block((sender, receiver, channel) => {
      if (onlyDatagrams && channel === 'stream') return false
      return (sender === a && receiver === b) || (bothWays && sender === b && receiver === a)
    })
    world.calmSince = Infinity
    this.#count('block', from, `is not heard by ${to.name} ${onlyDatagrams ? 'by UDP' : ''}`)
  }

  #split(): void {
    const world = this.#world
    const salt = 2 + world.randomInt(5)
    world.simulator.network.split((way) => ((Number(/[0-9]+(?=:)/.exec(way)?.[0]) * salt) % 3 === 0 ? 1 : 0))
    world.calmSince = Infinity
    this.#count('partition', null, 'the network is in two parts')
    world.after(10_000 + world.random.next() * 60_000, () => this.#healNetwork())
  }

  #healNetwork(): void {
    this.#world.simulator.network.heal()
    if (this.#world.calmSince === Infinity) this.#world.calmSince = this.#world.now
  }

  /** Members that are awake. */
  #strong(): Machine[] {
    return this.#world.members.filter((machine) => machine.asleepUntil <= this.#world.now)
  }

  /** No more of it, not even of what was to come in a moment: all machines that can run do, awake and with room, and the network is whole. */
  end(): void {
    const world = this.#world
    this.#isOver = true
    this.kills.end()
    this.#away.clear()
    this.#healNetwork()
    for (const machine of [...this.#full.keys()]) this.#emptyDisk(machine)
    for (const machine of world.machines) {
      if (machine.process?.peer) machine.process.peer.pausedUntil = Math.min(machine.asleepUntil, world.now)
      if (!machine.isUp && !machine.gone) this.restart(machine)
    }
    this.#joinAgain()
    // machines on one network hear of each other: those that all moved have nobody else to ask
    world.after(5000, () => this.#announceAll())
  }

  #announceAll(): void {
    for (const machine of this.#world.members) {
      for (const other of this.#world.members) if (other !== machine) machine.member.ring.meet(other.contact)
    }
  }

  /** A join that its own time ran out for is asked for again, as a person would. */
  #joinAgain(): void {
    const world = this.#world
    const via = world.members.map((machine) => machine.contact)
    const outside = world.up.filter((machine) => !machine.isMember && this.#leaving.get(machine) !== machine.process)
    for (const machine of outside) if (machine.process?.member) machine.member.ring.join(via)
    if (outside.length > 0) world.after(25_000, () => this.#joinAgain())
  }

  #count(what: string, machine: Machine | null, text: string): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + 1
    const kind = what === 'join' || what === 'restart' ? 'join' : what === 'leave' ? 'leave' : 'fault'
    this.#world.happened(kind, machine, text)
  }
}
