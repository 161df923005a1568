import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FetchPlan } from './fetch-plan.ts'

describe('FetchPlan', () => {
  test('gives out every block exactly once, whatever breaks', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(300)),
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.nat(20), { maxLength: 50 }),
        (blocks, holders, breaks) => {
          const wanted = [...blocks].sort((a, b) => a - b)
          const plan = new FetchPlan(wanted, holders)
          const seen = new Map<number, number>()
          for (let run = plan.take(); run; run = plan.take()) {
            const broken = breaks.shift()
            const arrived = broken === undefined ? run.count : Math.min(broken, run.count)
            for (let i = 0; i < arrived; i++) {
              const at = run.first + i
              seen.set(at, (seen.get(at) ?? 0) + 1)
              plan.done()
            }
            plan.giveBack({ first: run.first + arrived, count: run.count - arrived })
          }
          expect([...seen].sort(([a], [b]) => a - b)).toEqual(wanted.map((block) => [block, 1]))
          expect(plan.complete).toBe(true)
        },
      ),
    )
  })

  test('an empty file is complete at once', () => {
    const plan = new FetchPlan([], 3)
    expect(plan.take()).toBeNull()
    expect(plan.complete).toBe(true)
  })

  test('runs get shorter towards the end', () => {
    const plan = new FetchPlan(
      Array.from({ length: 100 }, (_, index) => index),
      3,
    )
    const counts: number[] = []
    for (let run = plan.take(); run; run = plan.take()) counts.push(run.count)
    expect(counts[0]).toBe(16)
    expect(counts.at(-1)).toBe(1)
  })
})
