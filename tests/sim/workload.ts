/**
 * What happens to a ring, drawn from a seed: its size and parameters, who joins, leaves, crashes, restarts or sleeps and when,
 * and what the network does meanwhile. Then all faults stop, and the ring has to become ideal again.
 */

import type { Contact } from '../../electron/peer/protocol/contact.ts'
import type { Identifier } from '../../electron/peer/protocol/identifier.ts'
import { pick, pickNumber, Prng } from '../../electron/peer/ring/prng.ts'
import { classroomParameters, defaultParameters, type RingParameters } from '../../electron/peer/ring/ring-options.ts'
import { findFlawInIdealRing, findFlawInInvariant, trueOwner } from './checkers.ts'
import { type NetworkFaults, noFaults } from './network.ts'
import { type SimulatedPeer, Simulator } from './simulator.ts'

export interface Plan {
  readonly seed: number
  readonly kind: 'strict' | 'chaos' | 'partition' | 'neighbours-only'
  readonly peers: number
  readonly parameters: RingParameters
  readonly faults: NetworkFaults
  /** Mean virtual ms between two things that happen. */
  readonly everyMs: number
  readonly chaosMs: number
  /** Virtual ms from the end of the faults to the ideal ring, at most. */
  readonly quietMs: number
}

export interface Outcome {
  readonly plan: Plan
  readonly hash: string
  readonly delivered: number
  /** Virtual ms from the end of the faults to the ideal ring; null = not within the plan's. */
  readonly healedMs: number | null
  readonly flaw: string | null
}

/** The plan of a seed: most rings small, some of up to 100 peers. */
export function planOf(seed: number): Plan {
  const random = new Prng(seed * 7919)
  const kinds = ['strict', 'chaos', 'chaos', 'partition', 'neighbours-only'] as const
  const kind = kinds[seed % kinds.length] as Plan['kind']
  const most = kind === 'strict' || kind === 'neighbours-only' ? 24 : 100
  const peers = 1 + Math.floor(most * random.next() ** 3)
  const bare = kind === 'neighbours-only'
  const classroom = { ...classroomParameters, pingIntervalMs: 1000, successors: 6 }
  const lossy: NetworkFaults = {
    loss: random.next() < 0.5 ? 0 : random.next() * 0.3,
    duplicates: random.next() < 0.5 ? 0 : random.next() * 0.1,
    longDelays: random.next() < 0.5 ? 0 : random.next() * 0.05,
    longDelayMs: 5000,
    resets: random.next() < 0.7 ? 0 : random.next() * 0.02,
  }
  return {
    seed,
    kind,
    peers,
    parameters: bare ? classroom : defaultParameters,
    faults: kind === 'strict' ? noFaults : lossy,
    // without a view, only the list bridges a gap: losses come no faster than they are found
    everyMs: (bare ? 3000 : 300) + random.next() * 3000,
    chaosMs: 20_000,
    quietMs: kind === 'strict' ? 30_000 : 60_000,
  }
}

/** Runs a plan to its end. The first flaw ends it. */
export function runPlan(plan: Plan, trace: ((text: string) => void) | null = null): Outcome {
  const run = new Run(plan, trace)
  return run.go()
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
  #ports = 1

  constructor(plan: Plan, trace: ((text: string) => void) | null) {
    this.#plan = plan
    this.#simulator = new Simulator(plan.seed, plan.parameters, trace)
  }

  go(): Outcome {
    const flaw = this.#bootstrap() ?? this.#chaos()
    if (flaw) return this.#outcome(null, flaw)
    const healedMs = this.#simulator.runUntil(() => findFlawInIdealRing(this.#simulator) === null, this.#plan.quietMs)
    if (healedMs === null) return this.#outcome(null, findFlawInIdealRing(this.#simulator) ?? 'healed at the last moment')
    return this.#outcome(healedMs, this.#checkLookups() ?? this.#checkStaysIdeal())
  }

  #outcome(healedMs: number | null, flaw: string | null): Outcome {
    const { hash, delivered } = this.#simulator
    return { plan: this.#plan, hash, delivered, healedMs, flaw }
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
    const spared = { partition: 4, chaos: 1, strict: 0, 'neighbours-only': 0 }[this.#plan.kind]
    for (const peer of this.#simulator.peers.slice(0, spared)) this.#spared.add(peer.contact.id)
    network.faults = this.#plan.faults
    const end = queue.now + this.#plan.chaosMs
    if (this.#plan.kind === 'partition') {
      // by the last digit of the address, so that newcomers have a part too
      network.split((way) => Number(/[0-9](?=:)/.exec(way)?.[0]) % 2)
    }
    while (queue.now < end) {
      const flaw = this.#pass(2 * random.next() * this.#plan.everyMs)
      if (flaw) return flaw
      this.#happen()
    }
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
    if (dice < 0.35) this.#join()
    else if (dice < 0.55 && live.length > 3) simulator.leave(victim)
    else if (dice < 0.75 && live.length > 3) this.#crash(live)
    else if (dice < 0.9) this.#restart()
    else if (this.#plan.kind !== 'strict' && this.#plan.parameters.viewCap > 0)
      victim.pausedUntil = simulator.queue.now + random.next() * 20_000
  }

  /** One peer, or in rings with long lists up to three neighbours in the same instant. */
  #crash(live: readonly SimulatedPeer[]): void {
    const { random } = this.#simulator
    const adjacent = this.#plan.kind === 'chaos' ? 1 + pickNumber(random, 3) : 1
    const first = pickNumber(random, live.length)
    for (let i = 0; i < Math.min(adjacent, live.length - 2); i++) {
      const peer = live[(first + i) % live.length]
      if (!peer?.up) continue
      const remembered = peer.ring.members().map((member) => member.contact)
      // every other time the number of the last run is lost, too: then the ring has to tell
      const incarnation = peer.ring.incarnation + pickNumber(random, 2)
      this.#down.push({ contact: peer.contact, remembered: remembered.filter((contact) => contact.id !== peer.contact.id), incarnation })
      this.#simulator.crash(peer)
    }
  }

  #restart(): void {
    const { random } = this.#simulator
    const [back] = this.#down.splice(pickNumber(random, this.#down.length), 1)
    if (!back) return
    // in halves that lost each other, nobody could know where it moved
    const ways = this.#plan.kind !== 'partition' && random.next() < 0.3 ? this.#newWays() : back.contact.ways
    const peer = this.#simulator.add({ id: back.contact.id, ways }, back.incarnation)
    // where nobody keeps a view, only a join finds the place again
    if (this.#plan.parameters.viewCap > 0 && this.#plan.kind !== 'strict') peer.ring.resume(back.remembered)
    else peer.ring.join(this.#vias())
  }

  #join(): void {
    const via = this.#vias()
    this.#newPeer().ring.join(via)
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

  #newWays(): string[] {
    const port = this.#ports++
    return [`10.0.${port >> 8}.${port & 255}:4000`]
  }

  /** Lets time pass; in a strict run the invariant is looked at all the time. */
  #pass(forMs: number): string | null {
    if (this.#plan.kind !== 'strict') {
      this.#simulator.run(forMs)
      return null
    }
    for (let left = forMs; left > 0; left -= 20) {
      this.#simulator.run(Math.min(20, left))
      const flaw = findFlawInInvariant(this.#simulator)
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

  #checkStaysIdeal(): string | null {
    this.#simulator.run(5000)
    const flaw = findFlawInIdealRing(this.#simulator)
    return flaw ? `not ideal any more: ${flaw}` : null
  }
}
