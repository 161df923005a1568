/** The other half of the 200 seeds: see sim.test.ts. */

import { describe, expect, it } from 'vitest'
import { planOf } from './plan.ts'
import { runPlan } from './run.ts'

describe('the simulated ring', () => {
  it.each(Array.from({ length: 100 }, (_, index) => 2 * index + 2))(
    'becomes ideal again: npm run sim -- --seed %i --trace',
    async (seed) => {
      expect((await runPlan(planOf(seed))).flaw).toBeNull()
    },
  )
})
