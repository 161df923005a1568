/** Runs with files are the same run each time; many-seeds.test.ts tells whether they are sound. */

import { describe, expect, it } from 'vitest'
import { planOf } from './plan.ts'
import { runPlan } from './run.ts'

describe('a ring with files', () => {
  it('is the same run for the same seed, watched or not, beside others', async () => {
    const lines: string[] = []
    const watched = runPlan(planOf(2), { trace: (line) => lines.push(line) })
    const [first, again] = await Promise.all([watched, runPlan(planOf(2)), runPlan(planOf(4))])
    expect(again.hash).toBe(first.hash)
    expect(again.delivered).toBe(first.delivered)
    expect(lines.length).toBeGreaterThan(1000)
  })
})
