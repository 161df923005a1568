/** The shrinker on plans whose failures are known: it ends at the smallest, and its answer fails indeed. */

import { describe, expect, it } from 'vitest'
import { overridePlan, parseOverrides } from './override-plan.ts'
import { shrink, type ShrinkOptions } from './shrink.ts'

interface FakePlan {
  readonly seed: number
  readonly peers: number
  readonly sleeps: boolean
  readonly chaosMs: number
  readonly faults: { readonly loss: number; readonly delay: number }
}

const plan: FakePlan = { seed: 17, peers: 80, sleeps: true, chaosMs: 20_000, faults: { loss: 0.27, delay: 0.04 } }
const fields = [
  { path: 'peers', simplest: 1 },
  { path: 'chaosMs', simplest: 0 },
  { path: 'sleeps', simplest: false },
  { path: 'faults.loss', simplest: 0 },
  { path: 'faults.delay', simplest: 0 },
  { path: 'unknown.field', simplest: 0 },
]

function shrinkWhere(fails: (plan: FakePlan) => boolean, more: Partial<ShrinkOptions> = {}) {
  const run = async (overrides: ShrinkOptions['overrides']) => (fails(overridePlan(plan, overrides)) ? 'broken' : null)
  return shrink({ plan, overrides: {}, fields, run, attempts: 500, otherSeeds: 3, ...more })
}

describe('the shrinker', () => {
  it('leaves only what the failure needs', async () => {
    const shrunk = await shrinkWhere(({ peers, faults, chaosMs }) => peers >= 5 && faults.loss > 0 && chaosMs > 900)
    const smallest = overridePlan(plan, shrunk?.overrides ?? {})
    expect(smallest.peers).toBeLessThanOrEqual(6)
    expect(smallest.peers).toBeGreaterThanOrEqual(5)
    expect(smallest.chaosMs).toBeLessThan(1300)
    expect(smallest.sleeps).toBe(false)
    expect(smallest.faults.delay).toBe(0)
    expect(smallest.faults.loss).toBeGreaterThan(0)
  })

  it('tries other chances before it takes a smaller plan for sound', async () => {
    const luck = ({ seed, peers }: FakePlan) => peers === 80 || seed % 4 === 3
    const lucky = await shrinkWhere(luck)
    expect(lucky?.overrides).toMatchObject({ peers: 1, seed: 19 })
    const luckless = await shrinkWhere(luck, { otherSeeds: 0 })
    expect(overridePlan(plan, luckless?.overrides ?? {}).peers).toBe(80)
  })

  it('stops at its number of runs with a plan that fails', async () => {
    let runs = 0
    const fails = ({ peers }: FakePlan) => {
      runs++
      return peers > 10
    }
    const shrunk = await shrinkWhere(fails, { attempts: 4, otherSeeds: 0 })
    expect(runs).toBe(4)
    expect(overridePlan(plan, shrunk?.overrides ?? {}).peers).toBeGreaterThan(10)
  })

  it('says that nothing fails when nothing does', async () => {
    expect(await shrinkWhere(() => false)).toBeNull()
  })
})

describe('a plan changed by hand', () => {
  it('keeps what is not named', () => {
    expect(overridePlan(plan, parseOverrides('{"peers":3,"faults":{"loss":0}}'))).toEqual({
      ...plan,
      peers: 3,
      faults: { loss: 0, delay: 0.04 },
    })
  })

  it.each(['{"pears":3}', '{"faults":{"lost":1}}', '{"peers":"three"}', '{"faults":0}', '{"peers":{"loss":0}}', '[1]', '{'])(
    'refuses %s',
    (text) => {
      expect(() => overridePlan(plan, parseOverrides(text))).toThrow()
    },
  )
})
