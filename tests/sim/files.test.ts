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

  it('is the same run with rubbish on the wire: nothing of it changes anything', async () => {
    const [without, littered] = await Promise.all([0, 1].map((rubbish) => runPlan({ ...planOf(2), rubbish })))
    expect(littered?.injected['rubbish over a stream']).toBeGreaterThan(0)
    expect(littered).toMatchObject({ flaw: null, hash: without?.hash })
  })
})
