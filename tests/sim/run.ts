/**
 * A plan carried out: peers join, leave, crash, restart and sleep while the network does its worst. Then all faults stop, and
 * the ring has to become ideal again, in the plan's time.
 */

import type { Contact } from '../../electron/peer/protocol/contact.ts'
import type { Identifier } from '../../electron/peer/protocol/identifier.ts'
import { pick, pickNumber } from '../../electron/peer/ring/prng.ts'
import { findFlawInIdealRing, InvariantWatch, trueOwner } from './checkers.ts'
import { noFaults } from './network.ts'
import type { Happening, HappeningKind, Observer } from './observer.ts'
import { runFiles } from './files-run.ts'
import type { Outcome } from './outcome.ts'
import { hasFiles, type Plan } from './plan.ts'
import { Rubbish } from './rubbish.ts'
import { type SimulatedPeer, Simulator } from './simulator.ts'

export type { Outcome } from './outcome.ts'

/** Runs a plan to its end. The first flaw ends it. */
export async function runPlan(plan: Plan, observer: Observer = {}): Promise<Outcome> {
  if (hasFiles(plan)) return runFiles(plan, observer)
  return new Run(plan, observer).go()
}

class Run {
  readonly #plan: Plan
  readonly #simulator: Simulator
  readonly #down: { readonly contact: Contact; readonly remembered: readonly Contact[]; readonly incarnation: number }[] = []
  /**
   * Those who live through it, on both sides of a partition: when everybody whom two restarted peers have in common is gone
   * for good, and they moved too, nothing in the world tells one of the other.
   */
  readonly #spared = new Set<Identifier>()
  readonly #observer: Observer
  readonly #invariant: InvariantWatch
  readonly #injected: Record<string, number> = {}
  readonly #rubbish: Rubbish
  #ports = 1
  /** The faults have ended: a kill that was to come a moment after a join does not come any more. */
  #healing = false

  constructor(plan: Plan, observer: Observer) {
    this.#plan = plan
    this.#observer = observer
    this.#simulator = new Simulator(plan.seed, plan.parameters, observer.trace)
    this.#simulator.keepsEvents = false
    this.#invariant = new InvariantWatch(this.#simulator)
    this.#rubbish = new Rubbish(plan.seed, this.#simulator.space)
  }

  go(): Outcome {
    const flaw = this.#bootstrap() ?? this.#chaos()
    if (flaw) return this.#outcome(null, flaw)
    this.#tell('phase', 'faults end')
    const isIdeal = () => {
      this.#show()
      return findFlawInIdealRing(this.#simulator) === null
    }
    const { queue, network } = this.#simulator
    // a fault lasts as long as what it does to the ring: until the last message that was held back has come
    if (network.lateUntil > queue.now) this.#simulator.run(network.lateUntil - queue.now)
    const healedMs = this.#simulator.runUntil(isIdeal, this.#plan.quietMs)
    if (healedMs === null) return this.#outcome(null, findFlawInIdealRing(this.#simulator) ?? 'healed at the last moment')
    this.#tell('phase', 'ideal')
    return this.#outcome(healedMs, this.#checkLookups() ?? this.#checkStaysIdeal())
  }

  #outcome(healedMs: number | null, flaw: string | null): Outcome {
    const { hash, delivered, peerMs, network, queue } = this.#simulator
    if (flaw) this.#tell('flaw', flaw)
    const injected = { ...this.#injected, ...network.injected }
    return { plan: this.#plan, hash, delivered, simulatedMs: queue.now, peerMs, injected, healedMs, flaw }
  }

  /** One founder, then joins, up to ten at once, through anybody who is in. */
  #bootstrap(): string | null {
    const simulator = this.#simulator
    this.#newPeer().ring.found()
    while (simulator.peers.length < this.#plan.peers) {
      const burst = Math.min(1 + pickNumber(simulator.random, 10), this.#plan.peers - simulator.peers.length)
      for (let i = 0; i < burst; i++) this.#join()
      const flaw = this.#pass(500 + simulator.random.next() * 1000)
      if (flaw) return flaw
    }
    return this.#pass(3000)
  }

  #chaos(): string | null {
    const { random, network, queue } = this.#simulator
    const spared = { partition: 4, chaos: 1, strict: 0, 'neighbours-only': 0, files: 0 }[this.#plan.kind]
    for (const peer of this.#simulator.peers.slice(0, spared)) this.#spared.add(peer.contact.id)
    network.faults = this.#plan.faults
    const end = queue.now + this.#plan.chaosMs
    this.#tell('phase', 'faults begin')
    if (this.#plan.kind === 'partition') {
      this.#count('partition')
      // by the last digit of the address, so that newcomers have a part too
      network.split((way) => Number(/[0-9](?=:)/.exec(way)?.[0]) % 2)
    }
    while (queue.now < end) {
      const flaw = this.#pass(Math.min(2 * random.next() * this.#plan.everyMs, end - queue.now))
      if (flaw) return flaw
      if (queue.now < end) this.#happen()
      const taken = this.#rubbish.chance(this.#plan.rubbish) ? this.#litter() : null
      if (taken) return taken
    }
    this.#healing = true
    network.faults = noFaults
    network.heal()
    for (const peer of this.#simulator.livePeers) peer.pausedUntil = Math.min(peer.pausedUntil, queue.now)
    // a join that its own time ran out for is asked for again, as a person would
    for (const peer of this.#simulator.livePeers) if (!peer.ring.isMember) peer.ring.join(this.#vias())
    return null
  }

  #happen(): void {
    const simulator = this.#simulator
    const { random } = simulator
    const dice = random.next()
    const live = simulator.livePeers.filter((peer) => peer.ring.isMember && !this.#spared.has(peer.contact.id))
    const victim = pick(random, live)
    if (!victim) return
    if (dice < 0.35) {
      const newcomer = this.#join()
      if (random.next() < this.#plan.joinKills) simulator.queue.after(random.next() * 400, () => this.#killAfter(newcomer))
    } else if (dice < 0.55 && live.length > 3) {
      simulator.leave(victim)
      this.#count('leave')
      this.#tell('leave', 'leaves', victim)
    } else if (dice < 0.75 && live.length > 3) this.#crash(live)
    else if (dice < 0.9) this.#restart()
    else if (this.#plan.kind !== 'strict' && this.#plan.parameters.viewCap > 0) this.#putToSleep(victim, random.next() * 20_000)
  }

  /** Somebody gets a datagram that says nothing to it. What it takes of that is a flaw. */
  #litter(): string | null {
    const rubbish = this.#rubbish
    const { livePeers, lastLine } = this.#simulator
    const peer = pick(rubbish.random, livePeers)
    if (!peer) return null
    this.#count('rubbish')
    const line = rubbish.line(peer.contact.id, lastLine)
    return rubbish.isTaken(peer.contact.id, line) ? `rubbish was taken for a message: ${line.slice(0, 200)}` : null
  }

  #putToSleep(peer: SimulatedPeer, forMs: number): void {
    peer.pausedUntil = this.#simulator.queue.now + forMs
    this.#count('sleep')
    this.#tell('fault', `sleeps for ${(forMs / 1000).toFixed(1)} s`, peer)
  }

  /** One peer, or in rings with long lists up to three neighbours in the same instant. */
  #crash(live: readonly SimulatedPeer[]): void {
    const { random } = this.#simulator
    const adjacent = this.#plan.kind === 'chaos' ? 1 + pickNumber(random, 3) : 1
    const first = pickNumber(random, live.length)
    for (let i = 0; i < Math.min(adjacent, live.length - 2); i++) {
      const peer = live[(first + i) % live.length]
      if (peer?.up) this.#kill(peer)
    }
  }

  #kill(peer: SimulatedPeer): void {
    // what Zave's proof takes for granted, and a strict run holds the ring to: nobody loses all of its list before it could find out
    if (this.#plan.kind === 'strict' && this.#isLastOfSomeList(peer)) return
    const remembered = peer.ring.members().map((member) => member.contact)
    // every other time the number of the last run is lost, too: then the ring has to tell
    const incarnation = peer.ring.incarnation + pickNumber(this.#simulator.random, 2)
    this.#down.push({ contact: peer.contact, remembered: remembered.filter((contact) => contact.id !== peer.contact.id), incarnation })
    this.#simulator.crash(peer)
    this.#count('crash')
    this.#tell('fault', 'crashes', peer)
  }

  #isLastOfSomeList(peer: SimulatedPeer): boolean {
    const left = this.#simulator.livePeers.filter((other) => other !== peer)
    const isUp = new Set(left.map((other) => other.contact.id))
    return left.some(({ ring }) => ring.successors.length > 0 && !ring.successors.some(({ id }) => isUp.has(id)))
  }

  /** The next one or two after a newcomer, while it finds its place: k-1 of three copies. */
  #killAfter(newcomer: SimulatedPeer): void {
    if (this.#healing) return
    const live = this.#simulator.livePeers.filter((peer) => peer.ring.isMember && peer !== newcomer)
    const first = Math.max(
      0,
      live.findIndex((peer) => peer.contact.id > newcomer.contact.id),
    )
    const victims = [...live.slice(first), ...live.slice(0, first)].slice(0, 1 + pickNumber(this.#simulator.random, 2))
    for (const peer of victims) {
      // somebody must be left of everybody's list; who is on the way in is in nobody's yet
      const members = this.#simulator.livePeers.filter((other) => other.ring.isMember && other !== newcomer)
      if (this.#spared.has(peer.contact.id) || members.length <= 3) continue
      this.#count('kill in mid-join')
      this.#kill(peer)
    }
  }

  #restart(): void {
    const { random } = this.#simulator
    const [back] = this.#down.splice(pickNumber(random, this.#down.length), 1)
    if (!back) return
    this.#count('restart')
    // in halves that lost each other, nobody could know where it moved
    const ways = this.#plan.kind !== 'partition' && random.next() < 0.3 ? this.#newWays() : back.contact.ways
    const peer = this.#simulator.add({ id: back.contact.id, ways }, back.incarnation)
    // where nobody keeps a view, only a join finds the place again; nor does one that remembers nobody who is there find it by itself
    const remembers = back.remembered.some((contact) => this.#spared.has(contact.id))
    if (this.#plan.parameters.viewCap > 0 && this.#plan.kind !== 'strict' && remembers) peer.ring.resume(back.remembered)
    else peer.ring.join(this.#vias())
    this.#tell('join', ways === back.contact.ways ? 'restarts' : 'restarts at a new address', peer)
  }

  #join(): SimulatedPeer {
    const via = this.#vias()
    const peer = this.#newPeer()
    peer.ring.join(via)
    this.#count('join')
    this.#tell('join', 'joins', peer)
    return peer
  }

  #vias(): Contact[] {
    const { random, livePeers } = this.#simulator
    const members = livePeers.filter((peer) => peer.ring.isMember)
    return Array.from({ length: 3 }, () => pick(random, members)).flatMap((peer) => (peer ? [peer.contact] : []))
  }

  #newPeer(): SimulatedPeer {
    const { space, random } = this.#simulator
    for (;;) {
      let value = 0n
      for (let bits = 0; bits < space.bits; bits += 16) value = (value << 16n) | BigInt(pickNumber(random, 65_536))
      const id = space.fromBigInt(value)
      const taken = this.#simulator.peers.some((peer) => peer.contact.id === id)
      if (!taken) return this.#simulator.add({ id, ways: this.#newWays() }, 1)
    }
  }

  #count(kind: string): void {
    this.#injected[kind] = (this.#injected[kind] ?? 0) + 1
  }

  #tell(kind: HappeningKind, text: string, peer?: SimulatedPeer): void {
    const simulator = this.#simulator
    const machine = peer ? { machine: simulator.nameOf(peer.contact.id) } : {}
    const event: Happening = { kind, text, ...machine }
    this.#observer.trace?.(`${simulator.time}  ${machine.machine ?? '—'}  ${text}`)
    this.#observer.history?.({ at: simulator.queue.now, machines: simulator.moments(), event })
  }

  /** How everything stands, for the history, when nothing in particular happened. */
  #show(): void {
    this.#observer.history?.({ at: this.#simulator.queue.now, machines: this.#simulator.moments() })
  }

  #newWays(): string[] {
    const port = this.#ports++
    return [`10.0.${port >> 8}.${port & 255}:4000`]
  }

  /** Lets time pass; in a strict run the invariant is looked at all the time. */
  #pass(forMs: number): string | null {
    this.#show()
    if (this.#plan.kind !== 'strict') {
      this.#simulator.run(forMs)
      return null
    }
    for (let left = forMs; left > 0; left -= 20) {
      this.#simulator.run(Math.min(20, left))
      const flaw = this.#invariant.findFlaw()
      if (flaw) return `at ${this.#simulator.queue.now.toFixed(0)} ms: ${flaw}`
    }
    return null
  }

  /** Look-ups from anywhere end at the true owner. */
  #checkLookups(): string | null {
    const simulator = this.#simulator
    const flaws: string[] = []
    let open = 0
    for (let i = 0; i < 10; i++) {
      const peer = pick(simulator.random, simulator.livePeers)
      const key = simulator.space.fromBigInt(
        BigInt(Math.floor(simulator.random.next() * 2 ** 53)) << BigInt(Math.max(0, simulator.space.bits - 53)),
      )
      const owner = trueOwner(simulator, key)
      open++
      peer?.ring.lookup(key, { purpose: 'find', name: '' }, (result) => {
        open--
        if (!result.ok) flaws.push(`look-up failed: ${result.reason}`)
        else if (result.owner.id !== owner) flaws.push(`look-up ended at ${result.owner.id} instead of ${owner}`)
      })
    }
    simulator.run(4000)
    return flaws[0] ?? (open > 0 ? `${open} look-ups without an end` : null)
  }

  /** Until the run is over: nothing happens any more, so nothing may change. */
  #checkStaysIdeal(): string | null {
    this.#simulator.run(Math.max(5000, this.#plan.lengthMs - this.#simulator.queue.now))
    const flaw = findFlawInIdealRing(this.#simulator)
    return flaw ? `not ideal any more: ${flaw}` : null
  }
}
