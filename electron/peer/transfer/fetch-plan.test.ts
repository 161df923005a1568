import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FetchPlan, type Run } from './fetch-plan.ts'

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)
const arrive = (plan: FetchPlan, run: Run, count = run.count): void => {
  for (let index = run.first; index < run.first + count; index++) plan.arrived(index)
}

describe('FetchPlan', () => {
  test('gives out every block, whatever breaks, and no other', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(300)),
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.nat(20), { maxLength: 50 }),
        (blocks, holders, breaks) => {
          const wanted = [...blocks].sort((a, b) => a - b)
          const plan = new FetchPlan(wanted, holders)
          const seen = new Set<number>()
          for (let run = plan.take(); run; run = plan.take()) {
            const broken = breaks.shift()
            const arrived = broken === undefined ? run.count : Math.min(broken, run.count)
            for (let index = run.first; index < run.first + arrived; index++) if (plan.arrived(index)) seen.add(index)
            plan.giveBack(run)
          }
          expect([...seen].sort((a, b) => a - b)).toEqual(wanted)
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
    const plan = new FetchPlan(upTo(1000), 3)
    const counts: number[] = []
    for (let run = plan.take(); run; run = plan.take()) {
      counts.push(run.count)
      arrive(plan, run)
      plan.giveBack(run)
    }
    expect(counts[0]).toBe(64)
    expect(counts.at(-1)).toBe(1)
  })

  test('the only holder gets the longest runs, up to the last block', () => {
    const plan = new FetchPlan(upTo(100), 1)
    expect([plan.take(), plan.take()]).toEqual([
      { first: 0, count: 64 },
      { first: 64, count: 36 },
    ])
    expect(plan.hasUntaken).toBe(false)
  })

  test('says while there are blocks that nobody has under way', () => {
    const plan = new FetchPlan(upTo(2), 1)
    expect(plan.hasUntaken).toBe(true)
    const [run] = [plan.take(), plan.take()]
    expect(plan.hasUntaken).toBe(false)
    if (run) plan.giveBack(run)
    expect(plan.hasUntaken).toBe(true)
  })

  test('a small file is fetched once', () => {
    const plan = new FetchPlan(upTo(2), 3)
    expect([plan.take(), plan.take(), plan.take()]).toEqual([{ first: 0, count: 1 }, { first: 1, count: 1 }, null])
  })

  test('who is done takes the later half of what a slow one has under way, once', () => {
    const plan = new FetchPlan(upTo(64), 2)
    const slow = plan.take() as Run
    const fast = plan.take() as Run
    arrive(plan, slow, 6)
    for (let run: Run | null = fast; run && run.first >= 16; run = plan.take()) {
      arrive(plan, run)
      plan.giveBack(run)
      if (plan.isHere({ first: 16, count: 48 })) break
    }
    expect(plan.take()).toEqual({ first: 11, count: 5 })
    expect(plan.take()).toBeNull()
    expect(plan.isHere(slow)).toBe(false)
    arrive(plan, { first: 6, count: 10 })
    expect(plan.isHere(slow)).toBe(true)
    plan.giveBack(slow)
    expect(plan.complete).toBe(true)
    expect(plan.take()).toBeNull()
  })
})
