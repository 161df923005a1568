import { describe, expect, it } from 'vitest'
import { IdentifierSpace } from '../protocol/identifier.ts'
import { RoundTrips } from './round-trips.ts'
import { timing } from './timing.ts'

const peer = new IdentifierSpace(8).fromBigInt(20n)

describe('the wait for an answer', () => {
  it('grows with answers that take long', () => {
    const roundTrips = new RoundTrips()
    roundTrips.sample(peer, 20, 1)
    roundTrips.sample(peer, 5_000, 2)
    expect(roundTrips.timeout(peer)).toBe(timing.answerMaxMs)
  })

  it('does not grow with an answer that was overtaken by a later one', () => {
    const roundTrips = new RoundTrips()
    roundTrips.sample(peer, 20, 2)
    roundTrips.sample(peer, 5_000, 1)
    expect(roundTrips.timeout(peer)).toBe(timing.answerMinMs)
  })
})
