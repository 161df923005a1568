/** Look-ups on rings at rest: messages to the owner, and whether it was the owner (ring.md 5). */

import { pickNumber } from '../../electron/peer/ring/prng.ts'
import type { Identifier } from '../../electron/peer/protocol/identifier.ts'
import { StaticRing } from './static-ring.ts'

export interface LookupBound {
  readonly peers: number
  readonly lookups: number
  /** Messages to the owner, at most. */
  readonly mean: number
  readonly percentile99: number
}

/** What the ring promises. Chord takes half log2 N. */
export const lookupBounds: readonly LookupBound[] = [
  { peers: 1_000, lookups: 2_000, mean: 1, percentile99: 2 },
  { peers: 2_048, lookups: 2_000, mean: 1, percentile99: 2 },
  { peers: 10_000, lookups: 2_000, mean: 3, percentile99: 4 },
  { peers: 100_000, lookups: 2_000, mean: 3.6, percentile99: 5 },
  { peers: 1_000_000, lookups: 2_000, mean: 4, percentile99: 6 },
]

export interface LookupFigures {
  readonly mean: number
  readonly percentile99: number
  readonly worst: number
  /** Look-ups that failed or ended at somebody else than the owner. */
  readonly wrong: number
}

/** `lookups` from random peers to random keys on a ring of `peers`. */
export function measureLookups({ peers, lookups }: Pick<LookupBound, 'peers' | 'lookups'>, seed: number): LookupFigures {
  const ring = new StaticRing(peers, seed)
  const messages: number[] = []
  let wrong = 0
  for (let i = 0; i < lookups; i++) {
    const key = ring.randomId()
    const requester = ring.ids[pickNumber(ring.random, peers)] as Identifier
    const walk = ring.lookUp(requester, key)
    if (!walk.result.ok || walk.result.owner.id !== ring.trueOwner(key)) wrong++
    messages.push(walk.messages)
  }
  messages.sort((a, b) => a - b)
  const mean = messages.reduce((sum, count) => sum + count, 0) / lookups
  return { mean, percentile99: percentile(messages, 0.99), worst: messages.at(-1) ?? 0, wrong }
}

/** The smallest of `sorted` that at least `share` of them do not exceed; 0 of nothing. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
}
