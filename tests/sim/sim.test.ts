/** Rings of 1 to 100 peers without files: the odd seeds; files.test.ts runs even ones. */

import { describe, expect, it } from 'vitest'
import { planOf } from './plan.ts'
import { runPlan } from './run.ts'

describe('the simulated ring', () => {
  it('is the same run for the same seed, and another for another', async () => {
    const outcomes = await Promise.all([3, 3, 9].map((seed) => runPlan(planOf(seed))))
    const [first, again, other] = outcomes.map((outcome) => outcome.hash)
    expect(again).toBe(first)
    expect(other).not.toBe(first)
  })

  it.each(Array.from({ length: 100 }, (_, index) => 2 * index + 1))(
    'becomes ideal again: npm run sim -- --seed %i --trace',
    async (seed) => {
      expect((await runPlan(planOf(seed))).flaw).toBeNull()
    },
  )
})
