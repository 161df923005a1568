/** When the silence of another is no verdict. How soon a death is found out is measured in tests/scale. */

import { describe, expect, it } from 'vitest'
import { IdentifierSpace } from '../protocol/identifier.ts'
import type { Member, RingMessage } from '../protocol/messages.ts'
import { Prng } from './prng.ts'
import { Ring, type RingEvent } from './ring.ts'
import { defaultParameters } from './ring-options.ts'
import { timing } from './timing.ts'

const space = new IdentifierSpace(8)
const id = (value: number) => space.fromBigInt(BigInt(value))
const contact = (value: number) => ({ id: id(value), ways: [`10.0.0.${value}:1`] })

/** Peer 9 with the successor 20, which says nothing after its first ping. */
class Watcher {
  now = 0
  readonly events: RingEvent[] = []
  /** Ways to which pings went. */
  readonly pinged: (string | undefined)[] = []
  readonly ring: Ring

  constructor() {
    this.ring = new Ring(
      { parameters: { ...defaultParameters, bits: 8 }, space, self: contact(9), incarnation: 1 },
      {
        clock: { now: () => this.now },
        random: new Prng(1),
        transport: {
          send: (to, _channel, { command }) => {
            if (command === 'ping') this.pinged.push(to.ways[0])
          },
        },
        onEvent: (event) => this.events.push(event),
      },
    )
    this.ring.initialise([contact(20)])
    this.hear(20)
  }

  /** A ping of `from` arrives. */
  hear(from: number, gossip: readonly Member[] = []): void {
    const ping = { command: 'ping', sequence: 1, incarnation: 1, place: 0, viewDigest: '00000000', revision: 0, gossip } as const
    const message: RingMessage = { ...ping, destination: id(9), source: id(from) }
    this.ring.receive(message, 'datagram', contact(from))
  }

  pass(forMs: number): void {
    for (const end = this.now + forMs; this.now < end; this.now += 100) this.ring.tick()
  }

  /** Ticks only when one is of any use, on a beat of 100 ms. Returns how many there were. */
  passWhenDue(forMs: number): number {
    let ticks = 0
    const beatAfter = (at: number) => Math.ceil(at / 100) * 100
    for (const end = this.now + forMs; this.now < end; ticks++) {
      this.ring.tick()
      this.now = Math.max(this.now + 100, beatAfter(this.ring.dueAt))
    }
    return ticks
  }

  passUntilSuspected(): void {
    while (!this.has('suspected')) this.pass(100)
  }

  has(kind: RingEvent['kind']): boolean {
    return this.events.some((event) => event.kind === kind)
  }
}

describe('a watcher', () => {
  it('takes a silent peer for dead when it alone suspects it for so long', () => {
    const watcher = new Watcher()
    watcher.passUntilSuspected()
    watcher.pass(timing.soleSuspicionMs - 200)
    expect(watcher.has('dead')).toBe(false)
    watcher.pass(400)
    expect(watcher.has('dead')).toBe(true)
  })

  it('finds out as much as soon when it is ticked only when something is due', () => {
    const [often, seldom] = [new Watcher(), new Watcher()]
    const silentMs = 9_000
    often.pass(silentMs)
    const ticks = seldom.passWhenDue(silentMs)
    expect(seldom.events).toEqual(often.events)
    expect(seldom.has('dead')).toBe(true)
    expect(ticks).toBeLessThan(silentMs / 100)
  })

  it('does not begin anew with a suspect when something it said before its silence comes late', () => {
    const watcher = new Watcher()
    watcher.passUntilSuspected()
    watcher.hear(20)
    watcher.pass(1.1 * defaultParameters.pingIntervalMs + timing.streamAnswerUnknownMs + timing.agreedSuspicionMs + 200)
    expect(watcher.has('dead')).toBe(true)
  })

  it('begins anew when the refutation comes by way of another', () => {
    const watcher = new Watcher()
    watcher.passUntilSuspected()
    watcher.hear(30, [{ contact: contact(20), incarnation: 2, state: 'alive' }])
    watcher.pass(timing.soleSuspicionMs + 200)
    expect(watcher.has('dead')).toBe(false)
    watcher.pass(2 * timing.soleSuspicionMs)
    expect(watcher.has('dead')).toBe(true)
  })

  it('holds silence at the old place against nobody who moved', () => {
    const watcher = new Watcher()
    watcher.passUntilSuspected()
    const moved = { contact: { id: id(20), ways: ['10.0.0.99:1'] }, incarnation: 2, state: 'alive' as const }
    watcher.hear(30, [moved])
    watcher.events.length = 0
    watcher.pinged.length = 0
    watcher.pass(timing.soleSuspicionMs + 200)
    expect(watcher.has('dead')).toBe(false)
    expect(watcher.pinged).not.toContain('10.0.0.20:1')
    expect(watcher.pinged).toContain('10.0.0.99:1')
  })

  it('does not count the time in which it stood still, and hears what came meanwhile first', () => {
    const watcher = new Watcher()
    watcher.passUntilSuspected()
    watcher.pass(timing.soleSuspicionMs - 500)
    watcher.now += 1_500
    watcher.ring.tick()
    expect(watcher.has('dead')).toBe(false)
    watcher.hear(20)
    watcher.pass(400)
    expect(watcher.has('dead')).toBe(false)
  })
})
