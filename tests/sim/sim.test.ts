/** Rings of 1 to 100 peers without files are the same run each time; many-seeds.test.ts tells whether they are sound. */

import { describe, expect, it } from 'vitest'
import { planOf } from './plan.ts'
import { runPlan } from './run.ts'

describe('the simulated ring', () => {
  it('is the same run for the same seed, and another for another', async () => {
    const outcomes = await Promise.all([11, 11, 9].map((seed) => runPlan(planOf(seed))))
    const [first, again, other] = outcomes.map((outcome) => outcome.hash)
    expect(again).toBe(first)
    expect(other).not.toBe(first)
  })

  it('is the same run with rubbish on the wire: nothing of it changes anything', async () => {
    for (const plan of [planOf(11), planOf(17)]) {
      const [without, littered] = await Promise.all([0, 1].map((rubbish) => runPlan({ ...plan, rubbish })))
      expect(littered?.injected.rubbish).toBeGreaterThan(0)
      expect(littered).toMatchObject({ flaw: null, hash: without?.hash })
    }
  })
})
