/** What a peer makes of the lists of others, message by message. Whole rings, with all that can befall them, are in tests/sim. */

import { describe, expect, it } from 'vitest'
import { IdentifierSpace } from '../protocol/identifier.ts'
import type { Ping, RingMessage, Successor } from '../protocol/messages.ts'
import { digestOfLists } from './neighbours.ts'
import type { Channel } from './ports.ts'
import { Prng } from './prng.ts'
import { Ring } from './ring.ts'
import { classroomParameters } from './ring-options.ts'
import { counts } from './timing.ts'

const space = new IdentifierSpace(8)
const id = (value: number) => space.fromBigInt(BigInt(value))
const contact = (value: number) => ({ id: id(value), ways: [`10.0.0.${value}:1`] })
const parameters = { ...classroomParameters, successors: 4, pingIntervalMs: 1000 }

interface Sent {
  readonly to: number
  readonly channel: Channel
  readonly message: RingMessage
}

/** Peer 50 in a ring without a view; of its successors 60 to 90 it pings two. Its predecessor is 40. */
class Bench {
  now = 0
  /** Since time last passed. */
  readonly sent: Sent[] = []
  /** Peers that answer pings at once. */
  readonly up = new Set([30, 40, 60, 70, 80, 90])
  /** What 60 tells of its successors when it is asked; null: nothing. */
  listOf60: readonly number[] | null = null
  readonly ring: Ring

  constructor() {
    this.ring = new Ring(
      { parameters, space, self: contact(50), incarnation: 1 },
      {
        clock: { now: () => this.now },
        random: new Prng(1),
        transport: { send: (to, channel, message) => this.sent.push({ to: Number.parseInt(to.id, 16), channel, message }) },
        onEvent: () => undefined,
      },
    )
    this.ring.initialise([60, 70, 80, 90].map(contact))
    this.hear(40, { command: 'ping', sequence: 1, incarnation: 1, place: 1, viewDigest: '00000000', revision: 0, gossip: [] })
  }

  hear(from: number, body: Omit<Ping, 'source' | 'destination'> | Omit<Successor, 'source' | 'destination'>): void {
    this.ring.receive({ ...body, source: id(from), destination: id(50) }, 'datagram', contact(from))
  }

  lists(from: number, kind: Successor['kind'], successors: readonly number[], exchange = 0): void {
    this.hear(from, { command: 'successor', kind, exchange, predecessor: contact(50), successors: successors.map(contact) })
  }

  pass(forMs: number, look: (sent: Sent) => void = () => undefined): void {
    for (const end = this.now + forMs; this.now < end; this.now += 100) {
      this.ring.tick()
      this.sent.forEach(look)
      for (const { to, message } of this.sent) {
        if (message.command === 'ping' && this.up.has(to)) this.#respond(to, message.sequence)
        if (message.command === 'successor' && message.kind === 'ask' && to === 60 && this.listOf60)
          this.lists(to, 'tell', this.listOf60, message.exchange)
      }
      this.sent.length = 0
    }
  }

  #respond(from: number, sequence: number): void {
    const listsDigest = from === 60 && this.listOf60 ? digestOfLists(contact(50), this.listOf60.map(contact)) : '0'
    const response = { command: 'response', sequence, incarnation: 1, viewDigest: '00000000', listsDigest, revision: 0 } as const
    this.ring.receive({ ...response, gossip: [], source: id(from), destination: id(50) }, 'datagram', contact(from))
  }

  get successors(): string {
    return this.ring.successors.map((successor) => Number.parseInt(successor.id, 16)).join()
  }

  get predecessor(): number {
    return Number.parseInt(this.ring.predecessor?.id ?? '0', 16)
  }
}

describe('a ring without a view', () => {
  it('lets go of a successor that it does not ping on the word of the one before it, and tells its predecessor', () => {
    const bench = new Bench()
    bench.pass(500)
    bench.lists(60, 'change', [70, 90, 100])
    expect(bench.successors).toBe('60,70,90,100')
    expect(bench.sent).toMatchObject([{ to: 40, message: { kind: 'change' } }])
  })

  it('keeps a successor that it pings until it has found out itself that it is gone', () => {
    const bench = new Bench()
    bench.pass(500)
    bench.lists(60, 'change', [80, 90, 100])
    expect(bench.successors).toBe('60,70,80,90')
    bench.up.delete(70)
    bench.pass(10_000)
    bench.lists(60, 'change', [80, 90, 100])
    expect(bench.successors).toBe('60,80,90,100')
  })

  it('gives the place of a silent predecessor to the peer that claims it', () => {
    const bench = new Bench()
    bench.pass(500)
    bench.up.delete(40)
    for (let round = 0; round < 5; round++) {
      bench.lists(30, 'notify', [50])
      bench.pass(1_000)
    }
    expect(bench.predecessor).toBe(30)
  })

  it('tells the one after a silent head of itself, since nobody else may know', () => {
    const bench = new Bench()
    bench.pass(500)
    bench.up.delete(60)
    const told: number[] = []
    for (let round = 0; round < 60 && told.length === 0; round++) {
      bench.pass(100, ({ to, message }) => message.command === 'successor' && message.kind === 'notify' && told.push(to))
    }
    expect([bench.successors, told[0]]).toEqual(['60,70,80,90', 70])
  })

  it('shows itself by a datagram to who asks it on a stream', () => {
    const bench = new Bench()
    bench.pass(500)
    const ping = { command: 'ping', sequence: 9, incarnation: 1, place: 1, viewDigest: '00000000', revision: 0, gossip: [] } as const
    bench.ring.receive({ ...ping, source: id(40), destination: id(50) }, 'stream', null)
    expect(bench.sent).toMatchObject([
      { to: 40, channel: 'stream', message: { command: 'response', sequence: 9 } },
      { to: 40, channel: 'datagram', message: { command: 'ping' } },
    ])
  })

  it('forgets a claim that is not repeated', () => {
    const bench = new Bench()
    bench.pass(500)
    bench.lists(30, 'notify', [50])
    bench.pass(parameters.pingIntervalMs)
    bench.up.delete(40)
    bench.pass((counts.claimIntervals - 1) * parameters.pingIntervalMs)
    bench.lists(20, 'notify', [50])
    bench.pass(15_000)
    expect(bench.predecessor).toBe(20)
  })

  it('asks its first successor again once its own list is another, whatever the digest says', () => {
    const bench = new Bench()
    bench.listOf60 = [70, 80, 90]
    const asked = (forMs: number): boolean => {
      let isAsked = false
      bench.pass(forMs, ({ to, message }) => (isAsked ||= to === 60 && message.command === 'successor' && message.kind === 'ask'))
      return isAsked
    }
    expect([asked(3_000), asked(10_000)]).toEqual([true, false])
    // 60 lost 90 and has it back before a response showed the digest in between
    bench.lists(60, 'change', [70, 80])
    expect(bench.successors).toBe('60,70,80')
    expect([asked(2_000), bench.successors]).toEqual([true, '60,70,80,90'])
  })

  it('asks one that it saw go, and that a list names again, whether it is back', () => {
    const bench = new Bench()
    bench.pass(2_000)
    bench.up.delete(70)
    bench.pass(10_000)
    expect(bench.successors).toBe('60,80,90')
    bench.lists(60, 'change', [70, 80, 90])
    expect(bench.sent.filter(({ to }) => to === 70)).toMatchObject([{ message: { command: 'ping', gossip: [{ state: 'dead' }] } }])
  })
})
