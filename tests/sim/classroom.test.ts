/** The acceptance run of the classroom ring, steps 1 to 4, without a socket: what each peer tells, in order. */

import { describe, expect, it } from 'vitest'
import type { Contact } from '../../electron/peer/protocol/contact.ts'
import type { RingEvent } from '../../electron/peer/ring/ring.ts'
import { classroomParameters } from '../../electron/peer/ring/ring-options.ts'
import { type SimulatedPeer, Simulator } from './simulator.ts'

const ids = [2, 4, 5, 8, 9, 14, 19]

class Classroom {
  readonly simulator: Simulator
  readonly peers = new Map<number, SimulatedPeer>()

  constructor(pingIntervalMs = 5000) {
    this.simulator = new Simulator(1, { ...classroomParameters, pingIntervalMs })
    for (const [index, id] of ids.entries()) {
      const successors = [1, 2].map((offset) => this.contact(ids[(index + offset) % ids.length] as number))
      this.start(id).ring.initialise(successors)
    }
  }

  contact(id: number, port = 12_000 + id): Contact {
    return { id: this.simulator.space.fromBigInt(BigInt(id)), ways: [`127.0.0.1:${port}`] }
  }

  start(id: number, port?: number): SimulatedPeer {
    const peer = this.simulator.add(this.contact(id, port), 1)
    this.peers.set(id, peer)
    return peer
  }

  peer(id: number): SimulatedPeer {
    return this.peers.get(id) as SimulatedPeer
  }

  /** What `id` told since `at`, without what people are not told: pings, revisions, predecessors. */
  told(id: number, at = 0): string[] {
    return this.peer(id)
      .events.filter((entry) => entry.at >= at)
      .map((entry) => this.words(entry.event))
      .filter((words) => !/^(pings-sent|ping-received|response-received|revision|predecessors)\b/.test(words))
  }

  words(event: RingEvent): string {
    const show = (value: unknown) =>
      typeof value === 'string' && /^[0-9a-f]{2}$/.test(value) ? Number.parseInt(value, 16).toString() : String(value)
    return Object.entries(event)
      .filter(([key]) => key !== 'roundTripMs' && key !== 'previous')
      .map(([, value]) => (Array.isArray(value) ? value.map(show).join(',') : show(value)))
      .join(' ')
  }

  successors(id: number): number[] {
    return this.peer(id).ring.successors.map((contact) => Number.parseInt(contact.id, 16))
  }
}

describe('the classroom ring', () => {
  it('1. pings both successors and learns both predecessors', () => {
    const room = new Classroom()
    room.simulator.run(4000)
    const two = room.peer(2).events.map((entry) => room.words(entry.event))
    expect(two).toContain('pings-sent 4,5')
    expect(two.filter((words) => words.startsWith('response')).sort()).toEqual(['response-received 4', 'response-received 5'])
    expect(two.filter((words) => words.startsWith('ping-received')).sort()).toEqual(['ping-received 14', 'ping-received 19'])
    expect(room.peer(2).ring.predecessors.map((contact) => Number.parseInt(contact.id, 16))).toEqual([19, 14])
    for (const id of ids) expect(room.told(id)).toEqual([])
  })

  it('2. joins through one known peer', () => {
    const room = new Classroom()
    room.simulator.run(12_000)
    room.start(15).ring.join([room.contact(4)])
    room.simulator.run(3000)
    expect(room.told(15)).toEqual(['join-accepted 4,5,8,9,14', 'successors 19,2'])
    for (const id of [4, 5, 8, 9]) expect(room.told(id)[0]).toBe('join-forwarded 15')
    expect(room.told(14)).toEqual(['join-received 15', 'successors 15,19'])
    expect(room.told(9)).toEqual(['join-forwarded 15', 'successor-change-received 14', 'successors 14,15'])
    for (const id of [2, 19]) expect(room.told(id)).toEqual([])
    for (const id of [4, 5, 8]) expect(room.told(id)).toEqual(['join-forwarded 15'])
    room.simulator.run(30_000)
    expect(ids.map((id) => room.successors(id))).toEqual([
      [4, 5],
      [5, 8],
      [8, 9],
      [9, 14],
      [14, 15],
      [15, 19],
      [2, 4],
    ])
    expect(room.told(14)).toHaveLength(2)
  })

  it('2. declines a second peer of the same id', () => {
    const room = new Classroom()
    room.simulator.run(12_000)
    room.start(15).ring.join([room.contact(4)])
    room.simulator.run(20_000)
    const first = room.peer(15)
    room.start(15, 13_000).ring.join([room.contact(4)])
    room.simulator.run(10_000)
    expect(room.told(15)).toEqual(['join-declined id-taken'])
    expect(room.successors(14)).toEqual([15, 19])
    expect(first.ring.isMember).toBe(true)
  })

  it('3. a graceful departure is told to both predecessors', () => {
    const room = new Classroom()
    room.simulator.run(12_000)
    room.simulator.leave(room.peer(9))
    room.simulator.run(1000)
    expect(room.told(8)).toEqual(['departing 9', 'successors 14,19'])
    expect(room.told(5)).toEqual(['departing 9', 'successors 8,14'])
    room.simulator.run(60_000)
    for (const id of [2, 4, 14, 19]) expect(room.told(id)).toEqual([])
    for (const id of [5, 8]) expect(room.told(id)).toHaveLength(2)
    expect(room.peer(14).ring.predecessors.map((contact) => Number.parseInt(contact.id, 16))).toEqual([8, 5])
  })

  it.each([1000, 5000, 15_000])('4. an abrupt departure is found out by both predecessors, T = %i', (pingIntervalMs) => {
    const room = new Classroom(pingIntervalMs)
    room.simulator.run(3 * pingIntervalMs)
    const at = room.simulator.queue.now
    room.simulator.crash(room.peer(14))
    room.simulator.run(60_000)
    expect(room.told(9).filter((words) => !words.startsWith('suspected'))).toEqual(['dead 14', 'successors 19,2'])
    expect(room.told(8).filter((words) => !words.startsWith('suspected'))).toEqual(['dead 14', 'successors 9,19'])
    const dead = room.peer(9).events.find((entry) => entry.event.kind === 'dead')
    expect((dead?.at ?? Infinity) - at).toBeLessThan(1.1 * pingIntervalMs + 12_000)
    for (const id of [2, 4, 5, 19]) expect(room.told(id)).toEqual([])
    room.simulator.run(60_000)
    expect(room.peer(19).ring.predecessor?.ways).toEqual(['127.0.0.1:12009'])
  })

  it('5. passes a look-up on to the owner of the key', () => {
    const room = new Classroom()
    room.simulator.run(12_000)
    let answer = ''
    room.peer(8).ring.lookup(room.contact(19).id, { purpose: 'store', name: '2067' }, (result) => {
      answer = result.ok ? result.route.map((id) => Number.parseInt(id, 16)).join() : result.reason
    })
    room.simulator.run(1000)
    expect(answer).toBe('8,9,14,19')
    expect(room.told(8)).toEqual(['lookup-started store 2067', 'lookup-done store 2067 19 8,9,14,19'])
    expect(room.told(9)).toEqual(['lookup-forwarded store 2067 8'])
    expect(room.told(14)).toEqual(['lookup-forwarded store 2067 9'])
    expect(room.told(19)).toEqual(['lookup-accepted store 2067 8'])
  })
})
