/**
 * How rare a false death is, by splitting (Kahn and Harris 1951; Villén-Altamirano, RESTART, 1991): too rare to be met by waiting, it
 * is reached in steps that are not. A step is a suspicion of a peer that is up growing older than a level (while its watcher is awake); the rate of false deaths is the
 * rate at which the first level is reached times the shares of tries that go from each level to the next. Every try is the shipped code
 * from the growth of the ring on: up to the level the same chance as the run that reached it, and fresh chance from there.
 */

import { assert } from '../../shared/assert.ts'
import type { Identifier } from '../../electron/peer/protocol/identifier.ts'
import { pick, pickNumber, Prng } from '../../electron/peer/ring/prng.ts'
import type { SimulatedPeer, Simulator } from '../sim/simulator.ts'
import { type Bother, bothered } from './detection.ts'

/** Ages of a suspicion in virtual ms. The last step is the verdict itself. */
export const levelsMs = [500, 900, 1_100, 1_200, 1_300, 1_400, 1_550, 1_700, 2_000] as const

/** A run up to a moment: the ring's seed, and from which times on chance has come from other seeds. */
interface Branch {
  readonly seed: number
  readonly turns: readonly { readonly at: number; readonly seed: number }[]
}

/** A suspicion of `suspect` that reached a level at the end of `branch`. */
interface Hit {
  readonly branch: Branch
  readonly at: number
  readonly suspect: Identifier
}

export interface Step {
  /** Age in ms, or 'dead'. */
  readonly level: number | 'dead'
  readonly tries: number
  readonly hits: number
}

export interface Rarity {
  /** Peer-hours run to find the first level. */
  readonly peerHours: number
  readonly steps: readonly Step[]
  /** False deaths in a peer-hour; with a last step without a hit, the bound that holds with 95 % (rule of three). */
  readonly ratePerPeerHour: number
  readonly isBound: boolean
}

/** Virtual ms of one run for the first level, and between two looks. */
const runMs = 120_000
const lookMs = 20
/** Tries from all hits of one level together. */
export interface Effort {
  readonly runs: number
  readonly triesPerLevel: number
}

export function estimateRarity(bother: Bother, effort: Effort, seed: number): Rarity {
  const chance = new Prng(seed)
  const peerHours = (effort.runs * bother.size * runMs) / 3_600_000
  let hits: Hit[] = []
  for (let run = 0; run < effort.runs; run++) hits.push(...firstHits(bother, { seed: pickNumber(chance, 2 ** 31), turns: [] }))
  const steps: Step[] = [{ level: levelsMs[0], tries: 0, hits: hits.length }]
  let rate = hits.length / peerHours
  for (const level of [...levelsMs.slice(1), 'dead' as const]) {
    const next: Hit[] = []
    const tries = hits.length === 0 ? 0 : effort.triesPerLevel
    for (let i = 0; i < tries; i++) {
      const from = pick(chance, hits) as Hit
      const hit = follow(bother, from, { level, seed: pickNumber(chance, 2 ** 31) })
      if (hit) next.push(hit)
    }
    steps.push({ level, tries, hits: next.length })
    if (next.length === 0) return { peerHours, steps, ratePerPeerHour: rate * (tries === 0 ? 1 : 3 / tries), isBound: true }
    rate *= next.length / tries
    hits = next
  }
  return { peerHours, steps, ratePerPeerHour: rate, isBound: false }
}

/** Who suspects whom, how long awake; and whom somebody holds for dead. All are up. */
class Suspicions {
  readonly #ages = new Map<Identifier, Map<SimulatedPeer, number>>()
  readonly dead = new Set<Identifier>()
  readonly #seen = new Map<SimulatedPeer, number>()

  /** To be called every `lookMs`: a suspicion grows older while its watcher is awake. */
  look({ peers, queue }: Simulator): void {
    for (const peer of peers) {
      for (const { event } of peer.events.slice(this.#seen.get(peer) ?? 0)) {
        if (event.kind === 'dead') this.dead.add(event.peer)
        else if (event.kind === 'alive') this.#of(event.peer).delete(peer)
        else if (event.kind === 'suspected') this.#of(event.peer).set(peer, 0)
      }
      this.#seen.set(peer, peer.events.length)
    }
    for (const ages of this.#ages.values()) {
      for (const [watcher, ageMs] of ages) if (queue.now >= watcher.pausedUntil) ages.set(watcher, ageMs + lookMs)
    }
  }

  /** Age of the oldest suspicion of `suspect`, or -1. */
  ageMs(suspect: Identifier): number {
    return Math.max(-1, ...this.#of(suspect).values())
  }

  #of(suspect: Identifier): Map<SimulatedPeer, number> {
    const ages = this.#ages.get(suspect) ?? new Map<SimulatedPeer, number>()
    this.#ages.set(suspect, ages)
    return ages
  }
}

/** Every suspicion in one run that reaches the first level, each suspect once until all suspicions of it have ended. */
function firstHits(bother: Bother, branch: Branch): Hit[] {
  const simulator = bothered(bother, branch.seed)
  const suspicions = new Suspicions()
  const counted = new Set<Identifier>()
  const hits: Hit[] = []
  for (const end = simulator.queue.now + runMs; simulator.queue.now < end;) {
    simulator.run(lookMs)
    suspicions.look(simulator)
    for (const { contact } of simulator.peers) {
      const ageMs = suspicions.ageMs(contact.id)
      if (ageMs < 0) counted.delete(contact.id)
      if (ageMs < levelsMs[0] || counted.has(contact.id)) continue
      counted.add(contact.id)
      hits.push({ branch, at: simulator.queue.now, suspect: contact.id })
    }
  }
  return hits
}

/** From a hit on with fresh chance: the hit of the next level, or null when the suspicion ended before. */
function follow(bother: Bother, { branch, at, suspect }: Hit, next: { readonly level: Step['level']; readonly seed: number }): Hit | null {
  const simulator = bothered(bother, branch.seed)
  const suspicions = new Suspicions()
  const turns = [...branch.turns, { at, seed: next.seed }]
  for (const turn of turns) {
    while (simulator.queue.now < turn.at) {
      simulator.run(lookMs)
      suspicions.look(simulator)
    }
    turnTo(simulator, turn.seed)
  }
  assert(suspicions.ageMs(suspect) >= levelsMs[0], 'a run repeated is the same run')
  for (;;) {
    const ageMs = suspicions.ageMs(suspect)
    const reached = next.level === 'dead' ? suspicions.dead.has(suspect) : ageMs >= next.level || suspicions.dead.has(suspect)
    if (reached) return { branch: { ...branch, turns }, at: simulator.queue.now, suspect }
    if (ageMs < 0) return null
    simulator.run(lookMs)
    suspicions.look(simulator)
  }
}

/** All chance of a run comes from one object: from now on as from `seed`. */
function turnTo({ random }: Simulator, seed: number): void {
  const fresh = new Prng(seed)
  random.next = () => fresh.next()
}
