import { describe, expect, it } from 'vitest'
import { planRound, type PlannedFault } from './fault-plan.ts'

const options = { machines: 8, copies: 3, lengthMs: 120_000 }
const plans = Array.from({ length: 100 }, (_, seed) => planRound({ ...options, seed }))
const machinesOf = ({ fault }: PlannedFault): readonly number[] => ('machines' in fault ? fault.machines : [])

describe('a plan', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(planRound({ ...options, seed: 7 })).toEqual(planRound({ ...options, seed: 7 }))
    expect(planRound({ ...options, seed: 7 })).not.toEqual(planRound({ ...options, seed: 8 }))
  })

  it('has its faults in order of time, within the round', () => {
    for (const plan of plans) {
      const times = plan.map(({ at }) => at)
      expect(times).toEqual(times.toSorted((a, b) => a - b))
      expect(Math.max(0, ...times)).toBeLessThanOrEqual(options.lengthMs)
    }
  })

  it('takes at most copies - 1 machines down in one instant, each once, and no more disks in the whole round', () => {
    for (const plan of plans) {
      for (const planned of plan) {
        const hit = machinesOf(planned)
        expect(new Set(hit).size).toBe(hit.length)
        expect(hit.every((number) => number >= 0 && number < options.machines)).toBe(true)
        expect(hit.length).toBeLessThan(options.copies)
      }
      const lost = plan.filter(({ fault }) => fault.kind === 'lose-disk').flatMap(machinesOf)
      expect(lost.length).toBeLessThan(options.copies)
    }
  })

  it('has every kind of fault in some round', () => {
    const kinds = new Set(plans.flat().map(({ fault }) => (fault.kind === 'network' ? fault.what : fault.kind)))
    expect([...kinds].sort()).toEqual([
      ...['cap', 'damage', 'delay', 'drop', 'duplicate', 'kill', 'leave', 'lose-disk', 'no-datagrams', 'one-way'],
      ...['pause', 'reset', 'rubbish', 'split'],
    ])
  })
})
