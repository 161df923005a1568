/** Smaller runs of what `npm run scale` measures at length. */

import { describe, expect, it } from 'vitest'
import { healBoundMs, measureHealing } from './churn.ts'
import { measureDetection, watchForFalseDeaths } from './detection.ts'
import { percentile } from './lookups.ts'

const loss = 0.05

describe('at 5 % loss', () => {
  it.each([5, 20])('neighbours in a ring of %i notice a crash within 4 s, nearly all within 8 s', (size) => {
    const noticed = measureDetection({ size, crashes: 60, loss }, 1)
    expect(noticed.length).toBeGreaterThanOrEqual(240)
    expect(percentile(noticed, 0.5)).toBeLessThanOrEqual(4_000)
    expect(percentile(noticed, 0.99)).toBeLessThanOrEqual(8_000)
  })

  it('nobody is taken for dead who only stood still for up to 2 s', () => {
    const verdicts = watchForFalseDeaths({ size: 5, loss, pauseEveryMs: 10_000, pauseMaxMs: 2_000 }, 7_200_000, 1)
    expect(verdicts.suspicions).toBeGreaterThan(500)
    expect(verdicts.examples).toEqual([])
    expect(verdicts.falseDeaths).toBe(0)
  })

  it('a ring of 100 is ideal soon after a minute of churn', () => {
    const { idealMs, happened } = measureHealing(100, loss, 1)
    expect(happened.crashes).toBeGreaterThan(10)
    expect(idealMs).not.toBeNull()
    expect(idealMs).toBeLessThanOrEqual(healBoundMs(100))
  })
})
