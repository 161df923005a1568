/** Rings of many peers with all their messages: members come, go, crash and come back at 5 % loss, and then the ring has to become ideal. */

import type { Contact } from '../../electron/peer/protocol/contact.ts'
import { pick, pickNumber } from '../../electron/peer/ring/prng.ts'
import { findFlawInIdealRing } from '../sim/checkers.ts'
import { noFaults } from '../sim/network.ts'
import type { SimulatedPeer, Simulator } from '../sim/simulator.ts'
import { lossyNetwork } from './detection.ts'
import { addPeer, growRing } from './grow.ts'

/** Virtual ms from the last fault to the ideal ring, at most: 10 s for up to 100 peers, 20 s for up to 1 000. */
export function healBoundMs(peers: number): number {
  return peers <= 100 ? 10_000 : 20_000
}

const churnMs = 60_000
/** Between two things that happen, in the mean. */
const everyMs = 1_000
/** Neighbours that crash in the same instant, at most. */
const adjacentMax = 3
/** Before the churn the news of all the joins goes round; after it nobody waits longer than this. */
const patienceMs = 300_000
const lookMs = 250

export interface Healing {
  /** Virtual ms from the last fault until every successor list and predecessor was right; null = never. */
  readonly neighboursMs: number | null
  /** Until every view was whole as well. */
  readonly idealMs: number | null
  readonly happened: { joins: number; leaves: number; crashes: number; restarts: number }
  readonly delivered: number
  readonly virtualMs: number
}

interface Down {
  readonly contact: Contact
  readonly remembered: readonly Contact[]
  readonly incarnation: number
}

/** A minute of churn on a settled ring of `peers`: 40 % joins, 20 % leaves, 25 % crashes of up to three neighbours, 15 % restarts. */
export function measureHealing(peers: number, loss: number, seed: number): Healing {
  const simulator = growRing(peers, seed)
  simulator.runUntil(() => findFlawInIdealRing(simulator) === null, patienceMs, 5_000)
  const happened = { joins: 0, leaves: 0, crashes: 0, restarts: 0 }
  const down: Down[] = []
  simulator.network.faults = lossyNetwork(loss)
  for (const end = simulator.queue.now + churnMs; simulator.queue.now < end;) {
    simulator.run(2 * everyMs * simulator.random.next())
    happen(simulator, down, happened)
  }
  simulator.network.faults = noFaults
  // who asked its way in of somebody gone asks again, as a person would
  for (const peer of simulator.livePeers) if (!peer.ring.isMember) peer.ring.join(vias(simulator))
  const { space, parameters } = simulator
  const neighboursAreRight = () =>
    findFlawInIdealRing({ livePeers: simulator.livePeers, space, parameters: { ...parameters, viewCap: 0 } }) === null
  const neighboursMs = simulator.runUntil(neighboursAreRight, patienceMs, lookMs)
  const restMs = neighboursMs === null ? null : simulator.runUntil(() => findFlawInIdealRing(simulator) === null, patienceMs, lookMs)
  const idealMs = neighboursMs === null || restMs === null ? null : neighboursMs + restMs
  return { neighboursMs, idealMs, happened, delivered: simulator.delivered, virtualMs: simulator.queue.now }
}

function happen(simulator: Simulator, down: Down[], happened: Healing['happened']): void {
  const { random } = simulator
  const dice = random.next()
  const members = simulator.livePeers.filter((peer) => peer.ring.isMember)
  if (dice < 0.4) {
    happened.joins++
    addPeer(simulator).ring.join(vias(simulator))
  } else if (dice < 0.6) {
    happened.leaves++
    simulator.leave(pick(random, members) as SimulatedPeer)
  } else if (dice < 0.85) {
    const first = pickNumber(random, members.length)
    for (let i = pickNumber(random, adjacentMax); i >= 0; i--) {
      const peer = members[(first + i) % members.length] as SimulatedPeer
      happened.crashes++
      down.push({ contact: peer.contact, remembered: remember(peer), incarnation: peer.ring.incarnation + 1 })
      simulator.crash(peer)
    }
  } else {
    const [back] = down.splice(pickNumber(random, down.length), 1)
    if (!back) return
    happened.restarts++
    simulator.add(back.contact, back.incarnation).ring.resume(back.remembered)
  }
}

function remember(peer: SimulatedPeer): Contact[] {
  return peer.ring
    .members()
    .map((member) => member.contact)
    .filter((contact) => contact.id !== peer.contact.id)
}

function vias(simulator: Simulator): Contact[] {
  const members = simulator.livePeers.filter((peer) => peer.ring.isMember)
  return Array.from({ length: 3 }, () => (pick(simulator.random, members) as SimulatedPeer).contact)
}
