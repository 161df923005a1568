/** Runs with files: people store, ask and remove while machines crash, sleep, burn down and lose sight of each other. */

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

  it.each(Array.from({ length: 30 }, (_, index) => 2 * index + 2))('loses nothing: npm run sim -- --seed %i --trace', async (seed) => {
    expect((await runPlan(planOf(seed))).flaw).toBeNull()
  })
})
