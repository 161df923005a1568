/** Rings of many peers with all their messages: they join, leave, crash, come back and sleep at 5 % loss, and then the ring has to become ideal. */

import { defaultParameters } from '../../electron/peer/ring/ring-options.ts'
import { noFaults } from '../sim/network.ts'
import type { Plan } from '../sim/plan.ts'

/** Virtual ms from the last fault to the ideal ring, at most: 10 s for up to 100 peers, 20 s for up to 1 000. */
export function healBoundMs(peers: number): number {
  return peers <= 100 ? 10_000 : 20_000
}

/** A minute in which something happens each second: 35 % joins, 20 % leaves, 20 % crashes of one to three neighbours, 15 % restarts, 10 % naps. */
export function churnPlan(peers: number, seed: number): Plan {
  return {
    seed,
    kind: 'chaos',
    peers,
    parameters: defaultParameters,
    faults: { ...noFaults, loss: 0.05, retransmits: true },
    everyMs: 1_000,
    chaosMs: 60_000,
    quietMs: 120_000,
    joinKills: 0.2,
    data: null,
  }
}
