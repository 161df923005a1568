/** What a ring costs in which nothing happens: bits a second of the peer with most, each way, sealed and with all headers. */

import { defaultParameters } from '../../electron/peer/ring/ring-options.ts'
import { findFlawInIdealRing } from '../sim/checkers.ts'
import { type Traffic, TrafficMeter } from '../sim/traffic.ts'
import { growRing } from './grow.ts'

/** A calm ring costs a peer so many bits a second each way, at most. */
export const idleBound = 7_000

/** Until the news of the joins has gone round, and how long is counted: two of the slowest intervals (30 s). Virtual ms. */
const settleMs = 120_000
const countedMs = 60_000

/** `viewCap` below `size`: a ring of fingers, as one of thousands. */
export function measureIdle({ size, viewCap }: { readonly size: number; readonly viewCap: number }, seed: number): Traffic {
  const simulator = growRing(size, seed, { ...defaultParameters, viewCap })
  simulator.runUntil(() => findFlawInIdealRing(simulator) === null, settleMs, 5_000)
  // news that everybody has is still passed on for a while
  simulator.run(settleMs / 2)
  const meter = new TrafficMeter(simulator)
  simulator.run(countedMs)
  return meter.busiest()
}
