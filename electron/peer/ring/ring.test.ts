/** The facade alone, message by message; rings of many are in tests/sim. */

import { describe, expect, it } from 'vitest'
import { IdentifierSpace } from '../protocol/identifier.ts'
import { limits } from '../protocol/limits.ts'
import type { RingMessage } from '../protocol/messages.ts'
import { digestOfLists } from './neighbours.ts'
import type { Channel } from './ports.ts'
import { Prng } from './prng.ts'
import { Ring, type LookupResult, type RingEvent } from './ring.ts'
import { classroomParameters, defaultParameters, type RingParameters } from './ring-options.ts'
import { timing } from './timing.ts'

const space = new IdentifierSpace(8)
const id = (value: number) => space.fromBigInt(BigInt(value))
const contact = (value: number) => ({ id: id(value), ways: [`10.0.0.${value}:1`] })
const small: RingParameters = { ...defaultParameters, bits: 8 }

const ping = {
  command: 'ping',
  sequence: 1,
  incarnation: 1,
  place: 1,
  viewDigest: '00000000',
  revision: 0,
  destination: id(9),
  source: id(20),
} as const

class Bench {
  now = 0
  readonly sent: { to: number; channel: Channel; message: RingMessage }[] = []
  readonly events: RingEvent[] = []
  /** How often an earlier deadline was told. */
  sooner = 0
  readonly ring: Ring

  constructor(self: number, parameters = small) {
    this.ring = new Ring(
      { parameters, space, self: contact(self), incarnation: 1 },
      {
        clock: { now: () => this.now },
        random: new Prng(1),
        transport: { send: (to, channel, message) => this.sent.push({ to: Number.parseInt(to.id, 16), channel, message }) },
        onEvent: (event) => this.events.push(event),
        onSooner: () => this.sooner++,
      },
    )
  }

  pass(forMs: number): void {
    for (const end = this.now + forMs; this.now < end; this.now += 100) this.ring.tick()
  }

  take(command: RingMessage['command']): { to: number; message: RingMessage }[] {
    const taken = this.sent.filter((entry) => entry.message.command === command)
    this.sent.length = 0
    return taken
  }
}

describe('a ring that is told nothing', () => {
  it('has something to do twice a second or so, and at once when it is told something', () => {
    const bench = new Bench(9)
    expect(bench.ring.dueAt).toBe(Infinity)
    bench.ring.found()
    let ticks = 0
    for (; bench.now < 60_000; bench.now = bench.ring.dueAt) {
      bench.ring.tick()
      ticks++
    }
    expect(ticks).toBeLessThan(180)
    bench.now -= 1
    expect(bench.ring.dueAt).toBeGreaterThan(bench.now)
    const told = bench.sooner
    bench.ring.receive({ ...ping, gossip: [] }, 'datagram', contact(20))
    expect(bench.sooner).toBeGreaterThan(told)
    expect(bench.ring.dueAt).toBe(bench.now)
    bench.ring.leave()
    expect(bench.ring.dueAt).toBe(Infinity)
  })
})

describe('a ring of one', () => {
  it('owns every key and answers look-ups itself', () => {
    const bench = new Bench(9)
    bench.ring.found()
    let result: LookupResult | null = null
    bench.ring.lookup(id(200), { purpose: 'find', name: '' }, (found) => (result = found))
    expect(result).toEqual({ ok: true, owner: contact(9), successors: [], route: [id(9)] })
    expect(bench.ring.isMine(id(0))).toBe(true)
    expect(bench.ring.replicaSet(id(3), 3)).toEqual([contact(9)])
    bench.pass(5000)
    expect(bench.sent).toEqual([])
  })

  it('accepts a joiner, and adopts it only when it has answered', () => {
    const bench = new Bench(9)
    bench.ring.found()
    bench.ring.receive(
      { command: 'join', exchange: 5, joiner: contact(20), incarnation: 1, route: [], destination: id(9), source: id(20) },
      'stream',
      null,
    )
    expect(bench.take('accept')).toMatchObject([
      { to: 20, message: { exchange: 5, predecessor: contact(9), successors: [], route: [id(9)] } },
    ])
    expect(bench.ring.successors).toEqual([])
    const ping = { command: 'ping', sequence: 1, incarnation: 1, place: 1, viewDigest: '00000000', revision: 0, gossip: [] } as const
    bench.ring.receive({ ...ping, destination: id(9), source: id(20) }, 'datagram', contact(20))
    const [ask] = bench.sent.filter((entry) => entry.message.command === 'successor')
    expect(ask?.message).toMatchObject({ kind: 'ask' })
    expect(bench.ring.successors).toEqual([])
    const exchange = ask?.message.command === 'successor' ? ask.message.exchange : 0
    const tell = { command: 'successor', kind: 'tell', exchange, predecessor: contact(9), successors: [contact(9)] } as const
    bench.ring.receive({ ...tell, destination: id(9), source: id(20) }, 'stream', null)
    expect(bench.ring.successors).toEqual([contact(20)])
    expect(bench.ring.predecessor).toEqual(contact(20))
    expect(bench.ring.isMine(id(15))).toBe(false)
  })
})

describe('an id that is asked for from elsewhere', () => {
  const join = { command: 'join', exchange: 5, route: [], destination: id(9), source: id(20) } as const
  const asks = (bench: Bench, incarnation: number, way: string) => {
    bench.ring.receive({ ...join, incarnation, joiner: { id: id(20), ways: [way] } }, 'stream', null)
    return bench.take('decline').map(({ message }) => 'reason' in message && message.reason)
  }
  const hears = (bench: Bench, incarnation: number, way: string) =>
    bench.ring.receive({ ...ping, incarnation, gossip: [] }, 'datagram', { id: id(20), ways: [way] })
  const besideTheFirst = (): Bench => {
    const bench = new Bench(9)
    bench.ring.initialise([contact(20)])
    hears(bench, 1, '10.0.0.20:1')
    return bench
  }

  it('is taken once the peer that has it was heard', () => {
    const bench = besideTheFirst()
    expect(asks(bench, 1, '10.0.0.99:1')).toEqual(['not-ready'])
    bench.pass(100)
    hears(bench, 1, '10.0.0.20:1')
    expect(asks(bench, 1, '10.0.0.99:1')).toEqual(['id-taken'])
  })

  it('is not taken by who asked before, was taken in elsewhere, and was started again', () => {
    const bench = besideTheFirst()
    expect(asks(bench, 2, '10.0.0.21:1')).toEqual(['not-ready'])
    bench.pass(100)
    hears(bench, 2, '10.0.0.21:1')
    expect(asks(bench, 3, '10.0.0.22:1')).toEqual(['not-ready'])
  })
})

describe('a peer that was started again', () => {
  const join = { command: 'join', exchange: 5, incarnation: 1, route: [] } as const
  const asks = (bench: Bench, value: number) =>
    bench.ring.receive({ ...join, joiner: contact(value), destination: id(9), source: id(value) }, 'stream', null)

  it('takes in only whom it remembers for a while, though it has tried all of those', () => {
    const bench = new Bench(9)
    bench.ring.resume([20, 30, 40, 50, 60].map(contact))
    bench.pass(100)
    asks(bench, 77)
    expect(bench.take('decline')).toMatchObject([{ to: 77, message: { reason: 'not-ready' } }])
    asks(bench, 30)
    expect(bench.take('accept')).toMatchObject([{ to: 30 }])
    bench.pass(timing.seekMs - 200)
    asks(bench, 77)
    expect(bench.take('decline')).toMatchObject([{ to: 77, message: { reason: 'not-ready' } }])
    bench.pass(200)
    asks(bench, 77)
    expect(bench.take('accept')).toMatchObject([{ to: 77 }])
  })

  it('takes in anybody after a while, however many it remembers', () => {
    const bench = new Bench(9)
    bench.ring.resume(Array.from({ length: 100 }, (_, index) => contact(100 + index)))
    bench.pass(timing.seekMs - 1000)
    asks(bench, 77)
    expect(bench.take('accept')).toEqual([])
    bench.pass(1000)
    asks(bench, 77)
    expect(bench.take('accept')).toMatchObject([{ to: 77 }])
  })

  it('asks the first that it finds for everybody, and passes on nothing of the answer', () => {
    const bench = new Bench(9)
    bench.ring.resume([contact(20), contact(30)])
    const ping = { command: 'ping', sequence: 1, incarnation: 1, place: 1, viewDigest: '00000000', revision: 0, gossip: [] } as const
    bench.ring.receive({ ...ping, destination: id(9), source: id(20) }, 'datagram', contact(20))
    const question = bench.sent.find(({ to, message }) => to === 20 && message.command === 'successor' && message.kind === 'ask')?.message
    const exchange = question?.command === 'successor' ? question.exchange : 0
    const tell = { command: 'successor', kind: 'tell', exchange, predecessor: contact(9), successors: [contact(9)] } as const
    bench.ring.receive({ ...tell, destination: id(9), source: id(20) }, 'stream', null)
    bench.take('ping')
    bench.pass(100)
    const view = bench.sent.find(({ message }) => message.command === 'view')?.message
    expect(view).toMatchObject({ kind: 'ask', members: [], destination: id(20) })
    const members = [40, 50].map((value) => ({ contact: contact(value), incarnation: 3, state: 'alive' as const }))
    const all = { command: 'view', kind: 'tell', exchange: view?.command === 'view' ? view.exchange : 0, members } as const
    bench.ring.receive({ ...all, destination: id(9), source: id(20) }, 'stream', null)
    expect(bench.ring.members().filter(({ state }) => state === 'alive')).toHaveLength(4)
    bench.take('ping')
    bench.pass(5_000)
    const told = bench.take('ping').flatMap(({ message }) => (message.command === 'ping' ? message.gossip : []))
    expect(
      told.filter(({ contact: { id: told }, state }) => state === 'alive' && members.some(({ contact }) => contact.id === told)),
    ).toEqual([])
  })
})

describe('a peer', () => {
  it('is told unreachable when nobody answers its join', () => {
    const bench = new Bench(9)
    bench.ring.join([contact(20), contact(30)])
    bench.pass(21_000)
    expect(new Set(bench.take('join').map(({ to }) => to))).toEqual(new Set([20, 30]))
    expect(bench.events).toEqual([{ kind: 'join-declined', reason: 'unreachable' }])
    expect(bench.ring.isMember).toBe(false)
  })

  it('refutes what is held against it', () => {
    const bench = new Bench(9)
    bench.ring.found()
    const gossip = [{ contact: contact(9), incarnation: 7, state: 'dead' as const }]
    const ping = { command: 'ping', sequence: 1, incarnation: 1, place: 1, viewDigest: '00000000', revision: 0, gossip } as const
    bench.ring.receive({ ...ping, destination: id(9), source: id(20) }, 'datagram', contact(20))
    expect(bench.take('response')).toMatchObject([{ message: { incarnation: 8 } }])
    expect(bench.ring.incarnation).toBe(8)
  })

  it('says where it is to whoever asks on a stream, as that may look for it elsewhere', () => {
    const bench = new Bench(9)
    bench.ring.found()
    bench.ring.receive({ ...ping, gossip: [] }, 'stream', null)
    expect(bench.take('response')).toMatchObject([{ message: { gossip: [{ contact: contact(9), state: 'alive' }] } }])
    bench.ring.receive({ ...ping, gossip: [] }, 'datagram', contact(20))
    expect(bench.take('response')).toMatchObject([{ message: { gossip: [] } }])
  })

  it('tells whom it takes in which of their successors it doubts', () => {
    const bench = new Bench(9)
    const silent = [40, 50, 60, 70, 80, 90, 100, 110].map(contact)
    bench.ring.initialise(silent)
    for (const { id: source } of silent)
      bench.ring.receive({ ...ping, source, gossip: [] }, 'datagram', contact(Number.parseInt(source, 16)))
    while (bench.ring.members().filter(({ state }) => state === 'suspect').length < silent.length) bench.pass(100)
    bench.sent.length = 0
    const join = { command: 'join', exchange: 5, joiner: contact(20), incarnation: 1, route: [] } as const
    bench.ring.receive({ ...join, destination: id(9), source: id(20) }, 'stream', null)
    const [accept, doubts] = bench.sent
    expect(accept?.message.command).toBe('accept')
    expect(doubts).toMatchObject({ to: 20, channel: 'stream', message: { command: 'ping' } })
    const told = doubts?.message.command === 'ping' ? doubts.message.gossip : []
    expect([told.length, new Set(told.map(({ state }) => state))]).toEqual([limits.gossipMembers, new Set(['suspect'])])
  })

  it('ignores what is meant for another', () => {
    const bench = new Bench(9)
    bench.ring.found()
    const ping = { command: 'ping', sequence: 1, incarnation: 1, place: 1, viewDigest: '00000000', revision: 0, gossip: [] } as const
    bench.ring.receive({ ...ping, destination: id(8), source: id(20) }, 'datagram', contact(20))
    expect(bench.sent).toEqual([])
    expect(bench.events).toEqual([])
  })

  it('announces its revision, and tells when the one announced by another changes', () => {
    const bench = new Bench(9)
    bench.ring.found()
    bench.ring.setRevision(7)
    for (const revision of [3, 3, 4]) {
      const ping = { command: 'ping', sequence: 1, incarnation: 1, place: 0, viewDigest: '00000000', revision, gossip: [] } as const
      bench.ring.receive({ ...ping, destination: id(9), source: id(20) }, 'datagram', contact(20))
    }
    expect(bench.events.filter((event) => event.kind === 'revision')).toEqual([
      { kind: 'revision', peer: id(20), revision: 3 },
      { kind: 'revision', peer: id(20), revision: 4 },
    ])
    const answers = bench.take('response')
    expect(answers).toHaveLength(3)
    for (const { message } of answers) expect(message).toMatchObject({ revision: 7 })
  })

  it('tells nobody of a stranger that leaves', () => {
    const bench = new Bench(9)
    bench.ring.found()
    const leave = { command: 'leave', incarnation: 1, predecessor: null, successors: [] } as const
    bench.ring.receive({ ...leave, destination: id(9), source: id(30) }, 'stream', null)
    const ping = { command: 'ping', sequence: 1, incarnation: 1, place: 0, viewDigest: '00000000', revision: 0, gossip: [] } as const
    bench.ring.receive({ ...ping, destination: id(9), source: id(20) }, 'datagram', contact(20))
    const answers = bench.take('response')
    expect(answers).toMatchObject([{ to: 20 }])
    expect(answers).not.toMatchObject([{ message: { gossip: [{ contact: { id: id(30) } }] } }])
    expect(bench.ring.members().map((member) => member.contact.id)).toEqual([id(9), id(20)])
  })

  it('asks its first successor again only when the digest of its lists changes, or after a minute', () => {
    const bench = new Bench(9)
    bench.ring.initialise([contact(20)])
    const own = { predecessor: contact(9), successors: [contact(9)] }
    const answer = (digest: string): number => {
      const asks = bench.sent.flatMap(({ message }) => (message.command === 'successor' && message.kind === 'ask' ? [message] : []))
      const pings = bench.sent.flatMap(({ message }) => (message.command === 'ping' ? [message] : []))
      bench.sent.length = 0
      for (const { exchange } of asks) {
        const tell = { command: 'successor', kind: 'tell', exchange, ...own } as const
        bench.ring.receive({ ...tell, destination: id(9), source: id(20) }, 'stream', contact(20))
      }
      for (const { sequence } of pings) {
        const response = { command: 'response', sequence, incarnation: 1, viewDigest: '00000000', revision: 0, gossip: [] } as const
        bench.ring.receive({ ...response, listsDigest: digest, destination: id(9), source: id(20) }, 'datagram', contact(20))
      }
      return asks.length
    }
    const asksIn = (forMs: number, digest: string): number => {
      let asks = 0
      for (const end = bench.now + forMs; bench.now < end;) {
        bench.pass(100)
        asks += answer(digest)
      }
      return asks
    }
    const digest = digestOfLists(own.predecessor, own.successors)
    expect(asksIn(5_000, digest)).toBe(1)
    expect(asksIn(20_000, digest)).toBe(0)
    expect(asksIn(5_000, '12345678')).toBeGreaterThan(3)
    expect(asksIn(5_000, digest)).toBeLessThanOrEqual(1)
    expect(asksIn(timing.stabiliseMs, digest)).toBe(1)
  })

  it('waits for successors given by hand that were not started yet', () => {
    const bench = new Bench(9, classroomParameters)
    bench.ring.initialise([contact(14), contact(19)])
    bench.pass(120_000)
    expect(bench.events.every((event) => event.kind === 'pings-sent')).toBe(true)
    expect(bench.ring.successors).toEqual([contact(14), contact(19)])
  })

  it('tells both sides when it leaves, and then is silent', () => {
    const bench = new Bench(9, classroomParameters)
    bench.ring.initialise([contact(14), contact(19)])
    const ping = { command: 'ping', sequence: 1, incarnation: 1, place: 1, viewDigest: '00000000', revision: 0, gossip: [] } as const
    bench.ring.receive({ ...ping, destination: id(9), source: id(8) }, 'datagram', contact(8))
    bench.sent.length = 0
    bench.ring.leave()
    expect(bench.take('leave').map(({ to }) => to)).toEqual([8, 14, 19])
    bench.ring.receive({ ...ping, destination: id(9), source: id(8) }, 'datagram', contact(8))
    bench.pass(10_000)
    expect(bench.sent).toEqual([])
    expect(bench.ring.isMember).toBe(false)
  })
})
