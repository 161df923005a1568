/** How soon neighbours notice a crash, and whether anybody is ever taken for dead who is not (ring.md 7). */

import type { Identifier } from '../../electron/peer/protocol/identifier.ts'
import { pick } from '../../electron/peer/ring/prng.ts'
import { findFlawInIdealRing } from '../sim/checkers.ts'
import { type NetworkFaults, noFaults } from '../sim/network.ts'
import type { SimulatedPeer, Simulator } from '../sim/simulator.ts'
import { growRing } from './grow.ts'

/** A network as bad as the promises reckon with: datagrams lost, and streams late where TCP has to send again. */
export function lossyNetwork(loss: number): NetworkFaults {
  return { ...noFaults, loss, retransmits: true }
}

/** Between two looks at the neighbours' lists, in virtual ms. */
const lookMs = 50
/** A crash noticed later than this counts as never noticed. */
const giveUpMs = 60_000

/**
 * Crashes `crashes` peers of a ring of `size`, one after the other, at `loss`. For each neighbour that had the crashed peer among
 * its successors: virtual ms until its list dropped it. Sorted.
 */
export function measureDetection({ size, crashes, loss }: { size: number; crashes: number; loss: number }, seed: number): number[] {
  const simulator = growRing(size, seed)
  simulator.runUntil(() => findFlawInIdealRing(simulator) === null, giveUpMs)
  simulator.network.faults = lossyNetwork(loss)
  const noticed: number[] = []
  for (let i = 0; i < crashes; i++) {
    simulator.run(2_000 + simulator.random.next() * 2_000)
    const victim = pick(simulator.random, simulator.livePeers) as SimulatedPeer
    noticed.push(...crash(simulator, victim))
    const remembered = victim.ring.members().map((member) => member.contact)
    const back = simulator.add(victim.contact, victim.ring.incarnation + 1)
    back.ring.join(remembered.filter((contact) => contact.id !== victim.contact.id).slice(0, 8))
    simulator.runUntil(() => findFlawInIdealRing(simulator) === null, giveUpMs, 500)
  }
  return noticed.sort((a, b) => a - b)
}

function crash(simulator: Simulator, victim: SimulatedPeer): number[] {
  const { id } = victim.contact
  const holds = (peer: SimulatedPeer) => peer.ring.successors.some((contact) => contact.id === id)
  let waiting = simulator.livePeers.filter((peer) => peer !== victim && holds(peer))
  const noticed: number[] = []
  const start = simulator.queue.now
  simulator.crash(victim)
  while (waiting.length > 0 && simulator.queue.now - start < giveUpMs) {
    simulator.run(lookMs)
    const left = waiting.filter(holds)
    for (let i = left.length; i < waiting.length; i++) noticed.push(simulator.queue.now - start)
    waiting = left
  }
  return [...noticed, ...waiting.map(() => giveUpMs)]
}

export interface Bother {
  readonly size: number
  readonly loss: number
  /** Virtual ms awake between two pauses of a peer, in the mean. */
  readonly pauseEveryMs: number
  /** Pauses last 0 to this, evenly. */
  readonly pauseMaxMs: number
}

export interface Verdicts {
  readonly peerHours: number
  readonly pauses: number
  /** Watchers that suspected a peer that was up: each is to be refuted in time. */
  readonly suspicions: number
  /** Watchers that held a peer for dead that was up. */
  readonly falseDeaths: number
  /** Virtual time, who, of whom: the first few. */
  readonly examples: readonly string[]
}

/** A ring of peers that nobody crashes, under loss and pauses. `paused`: told of each pause. */
export function bothered(bother: Bother, seed: number, paused: () => void = () => undefined): Simulator {
  const simulator = growRing(bother.size, seed)
  simulator.run(10_000)
  simulator.network.faults = lossyNetwork(bother.loss)
  for (const peer of simulator.peers) {
    peer.events.length = 0
    schedulePause(simulator, peer, { ...bother, paused })
  }
  return simulator
}

/** Lets a ring run with loss and pauses for `virtualMs`; every death is a false one. */
export function watchForFalseDeaths(bother: Bother, virtualMs: number, seed: number): Verdicts {
  const found = { pauses: 0, suspicions: 0, falseDeaths: 0, examples: [] as string[] }
  const simulator = bothered(bother, seed, () => found.pauses++)
  const end = simulator.queue.now + virtualMs
  while (simulator.queue.now < end) {
    simulator.run(Math.min(10_000, end - simulator.queue.now))
    for (const peer of simulator.peers) {
      for (const { at, event } of peer.events) {
        if (event.kind === 'suspected') found.suspicions++
        if (event.kind !== 'dead') continue
        found.falseDeaths++
        if (found.examples.length < 5) found.examples.push(`${at.toFixed(0)} ${short(peer.contact.id)} of ${short(event.peer)}`)
      }
      peer.events.length = 0
    }
  }
  return { ...found, peerHours: (bother.size * virtualMs) / 3_600_000 }
}

/** A machine that is awake for less between two pauses had one longer pause. */
const awakeMinMs = 1_000

/** Exponential waits: pauses of several peers fall together as they do by chance; those of one peer do not run into each other. */
function schedulePause(simulator: Simulator, peer: SimulatedPeer, bother: Bother & { readonly paused: () => void }): void {
  const { queue, random } = simulator
  const awakeMs = awakeMinMs - Math.log(1 - random.next()) * bother.pauseEveryMs
  queue.after(Math.max(0, peer.pausedUntil - queue.now) + awakeMs, () => {
    peer.pausedUntil = queue.now + random.next() * bother.pauseMaxMs
    bother.paused()
    schedulePause(simulator, peer, bother)
  })
}

function short(id: Identifier): string {
  return id.slice(0, 6)
}
