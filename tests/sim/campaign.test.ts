/** The campaign's sums and stops, the hunt's counting, and changes of the source: with runs that are made up. */

import { describe, expect, it } from 'vitest'
import { applyChanges, bundleSimulator, StaleChangeError } from './bundle.ts'
import { runCampaign, type SeedRunner } from './campaign.ts'
import { replayCommand, unchanged } from './draws.ts'
import { huntFrom, medianOf } from './hunt.ts'
import { planOf } from './plan.ts'
import type { Answer } from './seed-worker.ts'

/** Seeds divisible by ten are flawed; odd ones took 1 s to heal, even ones 3 s. */
const run = async (seed: number): Promise<Answer> => {
  const flaw = seed % 10 === 0 ? 'broken' : null
  const plan = { ...planOf(seed), kind: 'chaos' as const }
  const healedMs = flaw ? null : seed % 2 === 1 ? 1000 : 3000
  return {
    flaw,
    outcome: { plan, hash: '', delivered: 5, simulatedMs: 36_000, peerMs: 72_000, injected: { crash: 2 }, healedMs, flaw },
  }
}

function campaign(runners: readonly SeedRunner[], options: { from: number; seeds: number; flaws: number }) {
  return runCampaign(runners, { ...options, selection: unchanged }, () => undefined)
}

describe('a campaign', () => {
  it('runs each seed once, whoever runs it, and adds up', async () => {
    const seen: number[] = []
    const runner: SeedRunner = {
      run: (seed) => {
        seen.push(seed)
        return run(seed)
      },
    }
    const tally = await campaign([runner, runner, runner], { from: 101, seeds: 9, flaws: 10 })
    expect(seen.sort((a, b) => a - b)).toEqual([101, 102, 103, 104, 105, 106, 107, 108, 109])
    expect(tally).toMatchObject({ seeds: 9, delivered: 45, flawed: [] })
    expect(tally.lines(9, 4.5)).toEqual([
      '9 seeds, 0 failed, in 9.0 s (1.0 seeds/s)',
      '0.6 simulated minutes and 0.50 s of a core a seed',
      '0.1 hours of rings, 0.2 hours of peers, 36 times real time',
      '45 messages delivered',
      '  chaos: ideal again after 1.00 s (median), 3.00 s (99th percentile), 3.00 s (worst) of 9',
      'faults: 18 crash',
    ])
  })

  it('stops at so many flaws, in order of their seeds', async () => {
    const tally = await campaign([{ run }], { from: 1, seeds: 1000, flaws: 3 })
    expect(tally.seeds).toBe(30)
    expect(tally.flawed).toEqual([10, 20, 30].map((seed) => ({ seed, flaw: 'broken' })))
  })

  it('takes a run that threw for flawed', async () => {
    const tally = await campaign([{ run: async () => ({ outcome: null, flaw: 'threw: oh' }) }], { from: 7, seeds: 1, flaws: 10 })
    expect(tally.flawed).toEqual([{ seed: 7, flaw: 'threw: oh' }])
  })

  it('gives one command for a flaw', () => {
    expect(replayCommand(17, unchanged)).toBe('npm run sim -- --seed 17')
    const selection = { draw: 'files', overrides: { peers: 3 } } as const
    expect(replayCommand(17, selection, '--trace')).toBe(`npm run sim -- --seed 17 --draw files --plan '{"peers":3}' --trace`)
  })
})

describe('a hunt', () => {
  const sound = async () => ({ flaw: null })

  it('counts the seeds up to the catch', async () => {
    expect(await huntFrom({ faulty: run, sound }, 8, 100)).toEqual({ start: 8, seeds: 3, flaw: 'broken' })
    expect(await huntFrom({ faulty: run, sound }, 1, 5)).toEqual({ start: 1, seeds: null, flaw: null })
  })

  it('takes no credit for a seed that is flawed without the fault', async () => {
    const flawedAtTen = async (seed: number) => ({ flaw: seed === 10 ? 'broken' : null })
    expect(await huntFrom({ faulty: run, sound: flawedAtTen }, 8, 100)).toEqual({ start: 8, seeds: 13, flaw: 'broken' })
  })

  it('takes a start without a catch for longer than any', () => {
    expect(medianOf([5, null, 3])).toBe(5)
    expect(medianOf([null, null, 3])).toBeNull()
    expect(medianOf([4, 2, 9, 7])).toBe(4)
  })
})

describe('a change of the source', () => {
  const file = 'electron/peer/ring/timing.ts'

  it('is made where its text occurs once', () => {
    expect(applyChanges('a b c', [{ file, find: 'b', replace: '$&' }])).toBe('a $& c')
  })

  it('fails where its text is gone or not the only one', () => {
    expect(() => applyChanges('a b c', [{ file, find: 'd', replace: '' }])).toThrow(StaleChangeError)
    expect(() => applyChanges('a b b', [{ file, find: 'b', replace: '' }])).toThrow(StaleChangeError)
  })

  it('fails in a file that the simulator does not run', async () => {
    const changes = [{ file: 'renderer/src/main.ts', find: 'x', replace: '' }]
    await expect(bundleSimulator(changes)).rejects.toThrow('no part of the simulator')
  })
})
