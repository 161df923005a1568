import { describe, expect, it } from 'vitest'
import { RateLimit } from './rate-limit.ts'

const second = 1_000

/** Sends as the limit says. Result: ms until the last piece went. */
function send(limit: RateLimit, clock: { now: number }, bytes: number): number {
  const startAt = clock.now
  for (let left = bytes; left > 0; left -= limit.pieceBytes ?? left) clock.now += limit.take(Math.min(left, limit.pieceBytes ?? left))
  return clock.now - startAt
}

describe('rate limit', () => {
  it('holds nothing back when there is none', () => {
    const limit = new RateLimit(() => 0)
    expect([limit.take(1e12), limit.pieceBytes, limit.isHolding]).toEqual([0, null, false])
  })

  it('lets its rate through, whatever the pieces', () => {
    const clock = { now: 0 }
    const limit = new RateLimit(() => clock.now)
    limit.bytesPerSecond = 1_000_000
    const took = send(limit, clock, 10_000_000)
    expect(took).toBeGreaterThan(9 * second)
    expect(took).toBeLessThanOrEqual(10 * second)
  })

  it('shares it among all that take', () => {
    const clock = { now: 0 }
    const limit = new RateLimit(() => clock.now)
    limit.bytesPerSecond = 100_000
    const waits = Array.from({ length: 20 }, () => limit.take(10_000))
    expect(waits.toSorted((a, b) => a - b)).toEqual(waits)
    expect(waits.at(-1)).toBeGreaterThan(1.5 * second)
    expect(limit.isHolding).toBe(true)
    clock.now += 2 * second
    expect(limit.isHolding).toBe(false)
  })

  it('takes pieces that last a tenth of a second, within bounds', () => {
    const limit = new RateLimit(() => 0)
    const piece = (bytesPerSecond: number): number | null => {
      limit.bytesPerSecond = bytesPerSecond
      return limit.pieceBytes
    }
    expect([piece(1_000_000), piece(1_000), piece(1e9)]).toEqual([100_000, 4_096, 131_072])
  })

  it('taken back, it holds nothing back any more', () => {
    const limit = new RateLimit(() => 0)
    limit.bytesPerSecond = 1_000
    limit.take(100_000)
    limit.bytesPerSecond = null
    expect([limit.take(100_000), limit.isHolding]).toEqual([0, false])
  })
})
