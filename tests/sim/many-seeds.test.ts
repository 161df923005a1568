/** A thousand seeds, rings and files in turn, over all cores, which it has to itself: less than five minutes of two. Others need `npm run sim`. */

import { availableParallelism } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Bundle, bundleSimulator } from './bundle.ts'
import { runCampaign } from './campaign.ts'
import { replayCommand, unchanged } from './draws.ts'
import { planOf } from './plan.ts'
import { runPlan } from './run.ts'
import { SeedWorker } from './seed-worker.ts'

const seeds = 1_000
/** For machines with slower cores, or other work. */
const timeoutMs = 1_800_000

describe('many seeds', () => {
  let bundle: Bundle
  let workers: SeedWorker[] = []

  beforeAll(async () => {
    bundle = await bundleSimulator()
    workers = Array.from({ length: availableParallelism() }, () => new SeedWorker(bundle.path))
  })

  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.close()))
    await bundle.remove()
  })

  it.each([11, 4])('seed %i is the same run in a thread as here', async (seed) => {
    const here = await runPlan(planOf(seed))
    const there = await workers[0]?.run(seed)
    expect(there?.outcome?.hash).toBe(here.hash)
  })

  it(
    `lose nothing, and heal: seeds 1 to ${seeds}, ten simulated minutes each`,
    async () => {
      const options = { from: 1, seeds, flaws: 10, selection: unchanged }
      const tally = await runCampaign(workers, options, () => undefined)
      expect(tally.flawed.map(({ seed, flaw }) => `${replayCommand(seed, unchanged, '--trace')}: ${flaw}`)).toEqual([])
      expect(tally.seeds).toBe(seeds)
      expect(tally.simulatedMs).toBeGreaterThanOrEqual(seeds * 600_000)
    },
    timeoutMs,
  )
})
