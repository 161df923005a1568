/** What a seed draws: how large the ring is, what is stored, and how rough it gets. */

import { Prng, pick, pickNumber } from '../../electron/peer/ring/prng.ts'

export interface Plan {
  readonly seed: number
  /** Values of the machines' ids, ascending. */
  readonly machines: readonly number[]
  readonly copies: number
  readonly blockBytes: number
  /** Contents up to this size are rows of the database; null: none. */
  readonly smallBytes: number | null
  readonly clones: boolean
  /** Of each new connection, that it breaks or falls silent. */
  readonly linkFaultChance: number
  /** Whether connections deliver in odd pieces. */
  readonly pieces: boolean
  /** Things that happen to machines, by the turn in which they do. */
  readonly mishaps: readonly Mishap[]
  /** Requests made while things happen. */
  readonly requests: number
  /** Further versions stored while things happen. */
  readonly changes: number
}

export const mishapKinds = ['disk-error', 'disk-full', 'no-room', 'database-full', 'power-cut', 'kill', 'deaf', 'rot'] as const

export interface Mishap {
  readonly turn: number
  readonly kind: (typeof mishapKinds)[number]
}

/** Turns in which most of what a seed does is over. */
const busyTurns = 250

export function drawPlan(seed: number): { readonly plan: Plan; readonly random: Prng } {
  const random = new Prng(seed)
  const size = 2 + pickNumber(random, 4)
  const machines = new Set<number>()
  while (machines.size < size) machines.add(1 + pickNumber(random, 65_535))
  const plan: Plan = {
    seed,
    machines: [...machines].sort((a, b) => a - b),
    copies: 1 + pickNumber(random, 3),
    blockBytes: pick(random, [4096, 4096, 16_384]) ?? 4096,
    smallBytes: pick(random, [null, 8192, 32_768]) ?? null,
    clones: random.next() < 0.3,
    linkFaultChance: pick(random, [0, 0.05, 0.15, 0.4]) ?? 0,
    pieces: random.next() < 0.5,
    mishaps: Array.from({ length: pickNumber(random, 8) }, () => drawMishap(random)),
    requests: 1 + pickNumber(random, 5),
    changes: pickNumber(random, 3),
  }
  return { plan, random }
}

function drawMishap(random: Prng): Mishap {
  // early ones more often: most transfers are short
  const turn = Math.floor(random.next() ** 2 * busyTurns)
  return { turn, kind: pick(random, mishapKinds) ?? 'rot' }
}

/** Bytes of a new file: nothing at all, a few, or up to a hundred blocks, runs of zero blocks and blocks that come twice among them. */
export function drawContent(random: Prng, blockBytes: number): Buffer {
  const blocks = random.next() < 0.1 ? 0 : random.next() < 0.3 ? 1 : Math.ceil(random.next() ** 2 * 100)
  const tail = blocks > 0 && random.next() < 0.7 ? pickNumber(random, blockBytes) : 0
  const bytes = Buffer.alloc(Math.max(0, blocks * blockBytes - tail))
  for (let at = 0; at < bytes.length;) {
    const run = blockBytes * (1 + pickNumber(random, 6))
    const kind = random.next()
    if (kind < 0.75) fill(random, bytes.subarray(at, at + run))
    else if (kind < 0.85) bytes.copy(bytes, at, 0, Math.min(run, at))
    at += run
  }
  return bytes
}

/** The same with some blocks changed, and perhaps longer or shorter. */
export function drawChange(random: Prng, before: Buffer, blockBytes: number): Buffer {
  const length = random.next() < 0.5 ? before.length : Math.floor(before.length * (0.5 + random.next())) + pickNumber(random, 3)
  const bytes = Buffer.alloc(length)
  before.copy(bytes)
  for (let change = pickNumber(random, 4); change >= 0; change--) {
    const at = pickNumber(random, Math.max(1, length))
    fill(random, bytes.subarray(at, at + 1 + pickNumber(random, 2 * blockBytes)))
  }
  return bytes
}

function fill(random: Prng, bytes: Buffer): void {
  let state = 1 + pickNumber(random, 2 ** 31)
  for (let at = 0; at < bytes.length; at++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[at] = state
  }
}
