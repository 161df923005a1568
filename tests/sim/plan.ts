/** What a run will be, drawn from its seed: how many peers, with which parameters, and which faults come how often. Plain data. */

import { Prng } from '../../electron/peer/ring/prng.ts'
import { classroomParameters, defaultParameters, type RingParameters } from '../../electron/peer/ring/ring-options.ts'
import { type NetworkFaults, noFaults } from './network.ts'

export interface Plan {
  /** All chance during the run comes from it; a shrunk plan may have another than the one it was drawn from. */
  readonly seed: number
  readonly kind: 'strict' | 'chaos' | 'partition' | 'neighbours-only'
  readonly peers: number
  readonly parameters: RingParameters
  readonly faults: NetworkFaults
  /** Mean virtual ms between two things that happen. */
  readonly everyMs: number
  /** How long things happen; in a partition, how long the network is in parts. */
  readonly chaosMs: number
  /** Virtual ms from the end of the faults to the ideal ring, at most. */
  readonly quietMs: number
  /** Share of the joins in whose middle the peers next to the newcomer are killed, 0 to 1. */
  readonly joinKills: number
}

/** The plan of a seed: most rings small, some of up to 100 peers. */
export function planOf(seed: number): Plan {
  const random = new Prng(seed * 7919)
  const kinds = ['strict', 'chaos', 'chaos', 'partition', 'neighbours-only'] as const
  const kind = kinds[seed % kinds.length] as Plan['kind']
  const most = kind === 'strict' || kind === 'neighbours-only' ? 24 : 100
  const peers = 1 + Math.floor(most * random.next() ** 3)
  const lossy: NetworkFaults = {
    loss: random.next() < 0.5 ? 0 : random.next() * 0.3,
    duplicates: random.next() < 0.5 ? 0 : random.next() * 0.1,
    longDelays: random.next() < 0.5 ? 0 : random.next() * 0.05,
    longDelayMs: 5000,
    resets: random.next() < 0.7 ? 0 : random.next() * 0.02,
  }
  // without a view, only the list bridges a gap: losses come no faster than they are found
  const pause = random.next() * 3000
  const bare = kind === 'neighbours-only' || (kind === 'strict' && random.next() < 0.5)
  const classroom = { ...classroomParameters, pingIntervalMs: 1000, successors: 6 }
  return {
    seed,
    kind,
    peers,
    parameters: bare ? classroom : defaultParameters,
    faults: kind === 'strict' ? noFaults : lossy,
    everyMs: (bare ? 3000 : 300) + pause,
    // long enough, now and then, for the halves to think the others dead for good
    chaosMs: kind === 'partition' ? 20_000 + random.next() ** 2 * 100_000 : 20_000,
    quietMs: kind === 'strict' ? 30_000 : 60_000,
    joinKills: kind === 'strict' || kind === 'chaos' ? random.next() * 0.5 : 0,
  }
}
