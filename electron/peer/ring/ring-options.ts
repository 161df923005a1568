/** Parameters of a ring: fixed by its founder, learnt at join. The classroom ring is one set of them, never a branch. */

import type { KeyRule } from '../protocol/identifier.ts'

export interface RingParameters {
  /** Bits of an identifier: 8 to 160. More = fewer collisions; 160 is what hashes give. */
  readonly bits: number
  readonly keyRule: KeyRule
  /** Copies of each file: 1 to 8. More = more machines may fail at once, more space. */
  readonly copies: number
  /** Length of the successor list: so many adjacent peers may fail at once. */
  readonly successors: number
  /** Members known beyond the neighbours: the whole view up to so many, then fingers; 0 = neighbours only, no gossip. */
  readonly viewCap: number
  /** `asked`: the requester asks hop by hop; `forwarded`: each peer passes look-ups and joins to its successor. */
  readonly lookup: 'asked' | 'forwarded'
  /** Milliseconds between two pings of a neighbour; less = faster detection, more traffic. */
  readonly pingIntervalMs: number
  /** Successors that are pinged each interval. */
  readonly pingedSuccessors: number
  /** Ping the predecessor too: detects its death sooner than its absence from stabilise would. */
  readonly pingPredecessor: boolean
}

export const defaultParameters: RingParameters = {
  bits: 160,
  keyRule: 'hash',
  copies: 3,
  successors: 16,
  viewCap: 2048,
  lookup: 'asked',
  pingIntervalMs: 1000,
  pingedSuccessors: 3,
  pingPredecessor: true,
}

/** The textbook circular DHT: identifiers 0..255, two successors, everything passed on to the successor. */
export const classroomParameters: RingParameters = {
  bits: 8,
  keyRule: 'number',
  copies: 1,
  successors: 2,
  viewCap: 0,
  lookup: 'forwarded',
  pingIntervalMs: 5000,
  pingedSuccessors: 2,
  pingPredecessor: false,
}
