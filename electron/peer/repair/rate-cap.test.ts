import { describe, expect, test } from 'vitest'
import { RateCap } from './rate-cap.ts'

const mebibyte = 1_048_576

/** Sends as `RateCap` says. Result: ms until the last chunk went. */
function send(cap: RateCap, bytes: number, startAt: number): number {
  let now = startAt
  for (let left = bytes; left > 0; left -= 65_536) now += cap.take(65_536, now)
  return now - startAt
}

describe('RateCap', () => {
  test('holds nothing back before a measurement', () => {
    expect(send(new RateCap(), 100 * mebibyte, 0)).toBe(0)
  })

  test('lets half of the best rate through', () => {
    const cap = new RateCap()
    cap.measured(10 * mebibyte, 100, 0)
    cap.measured(10 * mebibyte, 1_000, 0)
    const took = send(cap, 100 * mebibyte, 0)
    expect(took).toBeGreaterThan(1_600)
    expect(took).toBeLessThanOrEqual(2_000)
  })

  test("lets a share of a person's limit through, measured or not", () => {
    const cap = new RateCap(() => ({ share: 0.25, limitBytesPerSecond: 1_000_000 }))
    expect(cap.allowed(0)).toBe(250)
    cap.measured(10 * mebibyte, 100, 0)
    expect(cap.allowed(0), 'the limit is less than was measured').toBe(250)
    cap.measured(2 * mebibyte, 20_000, 4_000_000)
    expect(cap.allowed(4_000_000), 'and more').toBeCloseTo((2 * mebibyte) / 20_000 / 4)
  })

  test('a pause is no credit for more than a moment', () => {
    const cap = new RateCap()
    cap.measured(10 * mebibyte, 100, 0)
    send(cap, mebibyte, 0)
    expect(send(cap, 100 * mebibyte, 1_000_000)).toBeGreaterThan(1_600)
  })

  test('small transfers measure nothing, old measurements expire', () => {
    const cap = new RateCap()
    cap.measured(1000, 1000, 0)
    expect(cap.allowed(0)).toBeNull()
    cap.measured(2 * mebibyte, 1, 0)
    cap.measured(2 * mebibyte, 2, 10)
    expect(cap.allowed(3_600_000)).toBe(mebibyte)
    expect(cap.allowed(3_600_005)).toBe(mebibyte / 2)
    expect(cap.allowed(3_600_011)).toBeNull()
  })
})
