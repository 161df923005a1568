/** Runs with files: people store, ask and remove while machines crash, sleep, burn down and lose sight of each other. */

import { describe, expect, it } from 'vitest'
import { filesPlanOf } from './plan.ts'
import { runPlan } from './run.ts'

describe('a ring with files', () => {
  it('is the same run for the same seed, watched or not, beside others', async () => {
    const lines: string[] = []
    const watched = runPlan(filesPlanOf(2), { trace: (line) => lines.push(line) })
    const [first, again] = await Promise.all([watched, runPlan(filesPlanOf(2)), runPlan(filesPlanOf(4))])
    expect(again.hash).toBe(first.hash)
    expect(again.delivered).toBe(first.delivered)
    expect(lines.length).toBeGreaterThan(1000)
  })
})
