/** What goes wrong in one round, and when: drawn from a seed, so that a run's plan can be repeated. Its timing can not. */

import { pick, pickNumber, Prng } from '../../electron/peer/ring/prng.ts'
import type { Link, LinkFault } from './link-faults.ts'

/** One fault. Machines are numbers; times are ms. */
export type Fault =
  /** kill -9, all at the same instant; started again on the same data later. */
  | { readonly kind: 'kill'; readonly machines: readonly number[]; readonly forMs: number }
  /** kill -9, and the disk is gone: a new machine joins in its place. */
  | { readonly kind: 'lose-disk'; readonly machines: readonly number[]; readonly forMs: number }
  /** Stopped, and going on later as if nothing had been. */
  | { readonly kind: 'pause'; readonly machines: readonly number[]; readonly forMs: number }
  /** Leaves in good order, perhaps cut short; comes back. */
  | { readonly kind: 'leave'; readonly machines: readonly number[]; readonly forMs: number }
  | ({ readonly kind: 'network'; readonly what: string; readonly forMs: number } & LinkFault)
  /** Connections break off. */
  | { readonly kind: 'reset'; readonly machine: number; readonly other: number | null }
  /** A bit turns on the way. */
  | { readonly kind: 'damage'; readonly machine: number }
  /** Noise, damaged and old datagrams; a connection that speaks rubbish. */
  | { readonly kind: 'rubbish'; readonly machine: number; readonly count: number }

export interface PlannedFault {
  /** From the start of the round, in ms. */
  readonly at: number
  readonly fault: Fault
}

export interface PlanOptions {
  readonly seed: number
  readonly machines: number
  readonly copies: number
  readonly lengthMs: number
}

const longestPauseMs = 60_000
const longestAwayMs = 40_000
const longestNetworkMs = 30_000
/** A cut holds operations up: short ones make more cases. */
const longestCutMs = 15_000
/** Mean time between two faults. */
const everyMs = 4_000

/** Faults of one round in order of time. Each round draws which kinds it has, so that no two rounds are alike. */
export function planRound({ seed, machines, copies, lengthMs }: PlanOptions): PlannedFault[] {
  const random = new Prng(seed)
  const draws = Object.values(draw).filter(() => random.next() < 0.6)
  const makers = draws.length > 0 ? draws : [draw.kill]
  const planned: PlannedFault[] = []
  let disksToLose = copies - 1
  for (let at = random.next() * everyMs; at < lengthMs; at += random.next() * 2 * everyMs) {
    const fault = pick(random, makers)!({ random, machines, copies, leftMs: lengthMs - at })
    // between two moments when all is whole, no more than copies - 1 disks may go: more would be a real loss
    if (fault.kind === 'lose-disk') {
      if (fault.machines.length > disksToLose) continue
      disksToLose -= fault.machines.length
    }
    planned.push({ at: Math.round(at), fault })
  }
  return planned
}

interface Draw {
  readonly random: Prng
  readonly machines: number
  readonly copies: number
  readonly leftMs: number
}

const some = ({ random, machines }: Draw, count: number): number[] => {
  const first = pickNumber(random, machines)
  // neighbours in number are no neighbours in the ring: any set is as good as another
  return Array.from({ length: count }, (_, index) => (first + index * (1 + (first % 2))) % machines).filter(
    (number, index, all) => all.indexOf(number) === index,
  )
}
const upTo = ({ random }: Draw, ms: number): number => Math.round(1_000 + random.next() * (ms - 1_000))
const atMost = (from: Draw, ms: number): number => upTo(from, Math.max(2_000, Math.min(ms, from.leftMs)))

/** Every ordered pair for which `which` says so. */
function pairs(machines: number, which: (from: number, to: number) => boolean): [number, number][] {
  const found: [number, number][] = []
  for (let from = 0; from < machines; from++) {
    for (let to = 0; to < machines; to++) if (from !== to && which(from, to)) found.push([from, to])
  }
  return found
}

const network = (from: Draw, what: string, fault: LinkFault): Fault => {
  const longestMs = fault.link.blocked === 'all' ? longestCutMs : longestNetworkMs
  return { kind: 'network', what, forMs: atMost(from, longestMs), ...fault }
}
/** Of all links, or of some. */
const anywhere = (from: Draw, link: Partial<Link>): LinkFault => {
  const share = from.random.next() < 0.5 ? 1 : 0.3
  return { pairs: pairs(from.machines, () => from.random.next() < share), link }
}
/** Which machines are on this side of a cut: at least one, never all. */
function side({ random, machines }: Draw): ReadonlySet<number> {
  const members = new Set([pickNumber(random, machines)])
  const size = 1 + pickNumber(random, machines - 1)
  while (members.size < size) members.add(pickNumber(random, machines))
  return members
}

const draw: Readonly<Record<string, (from: Draw) => Fault>> & { readonly kill: (from: Draw) => Fault } = {
  kill: (from) => ({
    kind: 'kill',
    machines: some(from, 1 + pickNumber(from.random, Math.max(1, from.copies - 1))),
    forMs: atMost(from, longestAwayMs),
  }),
  loseDisk: (from) => ({
    kind: 'lose-disk',
    machines: some(from, 1 + pickNumber(from.random, Math.max(1, from.copies - 1))),
    forMs: atMost(from, longestAwayMs),
  }),
  pause: (from) => ({ kind: 'pause', machines: some(from, 1 + pickNumber(from.random, 2)), forMs: atMost(from, longestPauseMs) }),
  leave: (from) => ({ kind: 'leave', machines: some(from, 1), forMs: atMost(from, longestAwayMs) }),
  drop: (from) => network(from, 'drop', anywhere(from, { dropShare: 0.05 + from.random.next() * 0.35 })),
  duplicate: (from) => network(from, 'duplicate', anywhere(from, { duplicateShare: 0.3, jitterMs: 100 })),
  delay: (from) => {
    const delayMs = from.random.next() < 0.2 ? from.random.next() * 3_000 : from.random.next() * 300
    return network(from, 'delay', anywhere(from, { delayMs, jitterMs: delayMs }))
  },
  cap: (from) => network(from, 'cap', anywhere(from, { bytesPerSecond: 50_000 + from.random.next() * 1_000_000 })),
  split: (from) => {
    const here = side(from)
    const cut = pairs(from.machines, (a, b) => here.has(a) !== here.has(b))
    return network(from, 'split', { pairs: cut, link: { blocked: 'all' } })
  },
  oneWay: (from) => {
    const here = side(from)
    const cut = pairs(from.machines, (a, b) => here.has(a) && !here.has(b))
    return network(from, 'one-way', { pairs: cut, link: { blocked: 'all' } })
  },
  noDatagrams: (from) => network(from, 'no-datagrams', anywhere(from, { blocked: 'datagrams' })),
  reset: (from) => ({
    kind: 'reset',
    machine: pickNumber(from.random, from.machines),
    other: from.random.next() < 0.5 ? null : pickNumber(from.random, from.machines),
  }),
  damage: (from) => ({ kind: 'damage', machine: pickNumber(from.random, from.machines) }),
  rubbish: (from) => ({ kind: 'rubbish', machine: pickNumber(from.random, from.machines), count: 50 + pickNumber(from.random, 200) }),
}
