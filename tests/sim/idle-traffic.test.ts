/** What a calm ring costs: bits a second, each way, for the machine that has most. */

import { describe, expect, it } from 'vitest'
import { ringOf } from './calm-ring.ts'
import { TrafficMeter } from './traffic.ts'

/** Bits a second. */
const bound = 7_000

describe('a calm ring', () => {
  it.each([2, 3, 5, 8, 20, 100])('of %i costs each machine at most 7 kbit/s each way', (size) => {
    const simulator = ringOf(size)
    simulator.run(60_000)
    const meter = new TrafficMeter(simulator)
    simulator.run(120_000)
    const { sent, received } = meter.busiest()
    expect(sent).toBeGreaterThan(0)
    expect(sent).toBeLessThan(bound)
    expect(received).toBeLessThan(bound)
  })
})
