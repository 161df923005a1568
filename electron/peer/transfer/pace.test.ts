import { beforeEach, describe, expect, it } from 'vitest'
import { Pace } from './pace.ts'

let now = 0
let held = false
let pace: Pace

beforeEach(() => {
  now = 0
  held = false
  pace = new Pace(
    () => now,
    () => held,
  )
})

/** A second of blocks, each with these waits. */
function second(waits: { readonly here?: number; readonly machines?: Readonly<Record<string, number>> }): void {
  for (let block = 0; block < 10; block++) {
    now += 100
    pace.waitedHere(waits.here ?? 0)
    for (const [machine, ms] of Object.entries(waits.machines ?? {})) pace.waitedFor(machine, ms)
  }
}

describe('the pace is set by', () => {
  it('this machine, when its disk is waited for', () => {
    second({ here: 80, machines: { laptop: 20 } })
    expect(pace.look()).toEqual({ what: 'here', machineId: null })
  })

  it('one machine, when its bytes are', () => {
    second({ here: 5, machines: { laptop: 90 } })
    expect(pace.look()).toEqual({ what: 'machine', machineId: 'laptop' })
  })

  it('the one that is slow among several', () => {
    second({ machines: { laptop: 90, attic: 20, studio: 10 } })
    expect(pace.look()).toEqual({ what: 'machine', machineId: 'laptop' })
  })

  it('the network, when the bytes of all are waited for alike', () => {
    second({ machines: { laptop: 90, attic: 95 } })
    expect(pace.look()).toEqual({ what: 'network', machineId: null })
  })

  it("the person's limit, when it holds back", () => {
    held = true
    second({ machines: { laptop: 90 } })
    expect(pace.look()).toEqual({ what: 'own-limit', machineId: null })
  })

  it('this machine even at the limit, when it is the disk that is waited for', () => {
    held = true
    second({ here: 90, machines: { laptop: 10 } })
    expect(pace.look()).toEqual({ what: 'here', machineId: null })
  })

  it('nothing that is clear, when nothing is waited for, or both alike', () => {
    second({ here: 2, machines: { laptop: 3 } })
    expect(pace.look()).toBeNull()
    second({ here: 50, machines: { laptop: 50 } })
    expect(pace.look()).toBeNull()
  })

  it('what was waited for lately', () => {
    second({ here: 90 })
    pace.look()
    second({ machines: { laptop: 90 } })
    expect(pace.look()).toEqual({ what: 'machine', machineId: 'laptop' })
  })

  it('is not told before a moment has passed', () => {
    now = 999
    pace.waitedHere(900)
    expect(pace.look()).toBeUndefined()
  })
})
