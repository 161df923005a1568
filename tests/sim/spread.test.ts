/** What a person feels: how soon a small ring knows a newcomer, finds out a death, and who owns a key in it. */

import { describe, expect, it } from 'vitest'
import { defaultParameters } from '../../electron/peer/ring/ring-options.ts'
import { contactOf, ringOf } from './calm-ring.ts'
import { findFlawInIdealRing, trueOwner } from './checkers.ts'
import { type SimulatedPeer, Simulator } from './simulator.ts'

const sees = (peer: SimulatedPeer, other: SimulatedPeer) =>
  peer.ring.members().some((member) => member.contact.id === other.contact.id && (member.state === 'alive' || member.state === 'suspect'))

describe.each([2, 5, 20, 50])('a ring of %i', (size) => {
  it('knows a newcomer within 3 s, a death within 12 s', () => {
    const simulator = ringOf(size)
    expect(findFlawInIdealRing(simulator)).toBeNull()
    const via = (simulator.livePeers[0] as SimulatedPeer).contact
    const newcomer = simulator.add(contactOf(simulator, size), 1)
    newcomer.ring.join([via])
    expect(simulator.runUntil(() => simulator.livePeers.every((peer) => sees(peer, newcomer)), 3000)).not.toBeNull()
    simulator.run(3000)
    simulator.crash(newcomer)
    expect(simulator.runUntil(() => simulator.livePeers.every((peer) => !sees(peer, newcomer)), 12_000)).not.toBeNull()
    expect(simulator.runUntil(() => findFlawInIdealRing(simulator) === null, 2000)).not.toBeNull()
  })

  it('finds every owner with one question', () => {
    const simulator = ringOf(size)
    const peer = simulator.livePeers[0] as SimulatedPeer
    for (let i = 0; i < 20; i++) {
      const key = contactOf(simulator, 0).id
      let route: readonly string[] = []
      peer.ring.lookup(key, { purpose: 'find', name: '' }, (result) => {
        if (result.ok) route = result.route
      })
      simulator.run(200)
      expect(route.at(-1)).toBe(trueOwner(simulator, key))
      expect(route.length).toBeLessThanOrEqual(2)
      expect(peer.ring.replicaSet(key, 3)[0]?.id).toBe(route.at(-1))
    }
  })
})

describe('time alone', () => {
  it('brings nobody into suspicion', () => {
    const simulator = ringOf(5)
    simulator.run(120_000)
    const events = simulator.peers.flatMap((peer) => peer.events.map((entry) => entry.event.kind))
    expect(events.filter((kind) => kind === 'suspected' || kind === 'dead')).toEqual([])
  })

  it('does not judge others after this machine slept', () => {
    const simulator = ringOf(5)
    for (const peer of simulator.peers) peer.pausedUntil = simulator.queue.now + 60_000
    simulator.run(90_000)
    const events = simulator.peers.flatMap((peer) => peer.events.map((entry) => entry.event.kind))
    expect(events.filter((kind) => kind === 'dead')).toEqual([])
    expect(findFlawInIdealRing(simulator)).toBeNull()
  })
})

describe('two members that both moved while they were off', () => {
  it('find each other once somebody says where one of them is', () => {
    const simulator = new Simulator(7, defaultParameters)
    const [a, b] = [contactOf(simulator, 1), contactOf(simulator, 2)]
    const first = simulator.add({ ...a, ways: ['10.2.0.1:4000'] }, 2)
    const second = simulator.add({ ...b, ways: ['10.2.0.2:4000'] }, 2)
    first.ring.resume([b])
    second.ring.resume([a])
    simulator.run(60_000)
    expect(first.ring.successors).toEqual([])
    first.ring.meet(second.contact)
    expect(simulator.runUntil(() => findFlawInIdealRing(simulator) === null, 5000)).not.toBeNull()
  })
})
