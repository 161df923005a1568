/** What a run will be, drawn from its seed: how many peers, with which parameters, and which faults come how often. Plain data. */

import { Prng } from '../../electron/peer/ring/prng.ts'
import { classroomParameters, defaultParameters, type RingParameters } from '../../electron/peer/ring/ring-options.ts'
import { type NetworkFaults, noFaults } from './network.ts'

/** What a run with files does to them. */
export interface DataPlan {
  /** Names in play, at most. */
  readonly names: number
  /** Mean virtual ms between two things that people do with files. */
  readonly opsEveryMs: number
  /** Size of the largest file, in bytes. */
  readonly fileBytes: number
  readonly diskBytes: number
  readonly repairDelayMs: number
  /** Share of the joins right after which somebody asks for a file that the newcomer now owns. */
  readonly earlyAsks: number
  /** A copy too many is kept for so long. */
  readonly dropHysteresisMs: number
  /**
   * What 30 days are in this run, in virtual ms: so long lies what was removed in the trash, and who is away for longer brings nothing back.
   * 0 = 30 days are 30 days.
   */
  readonly seasonMs: number
  /** Share of the crashes in which the power goes: streams break without a word. */
  readonly powerCuts: number
  /** How often, of a hundred things that happen, each of these does. */
  readonly diskLosses: number
  /** Holders go away, their file is removed, and they come back after a part of a season, or more than one. */
  readonly absences: number
  readonly rot: number
  readonly fullDisks: number
  readonly clockJumps: number
  readonly blocks: number
  readonly partitions: number
  /** Share of what people do, of joins and of copies by repair in whose middle up to k-1 of the machines it concerns are killed. */
  readonly targetedKills: number
  /** Share of stores and requests that are about several small files in one go. */
  readonly packs: number
}

export interface Plan {
  /** All chance during the run comes from it; a shrunk plan may have another than the one it was drawn from. */
  readonly seed: number
  readonly kind: 'strict' | 'chaos' | 'partition' | 'neighbours-only' | 'files'
  readonly peers: number
  readonly parameters: RingParameters
  readonly faults: NetworkFaults
  /** Mean virtual ms between two things that happen. */
  readonly everyMs: number
  /** How long things happen; in a partition, how long the network is in parts. */
  readonly chaosMs: number
  /** Virtual ms from the end of the faults to the ideal ring, at most. */
  readonly quietMs: number
  /** Virtual ms that the run takes: what faults and healing leave of it is calm, and nothing may change in it. */
  readonly lengthMs: number
  /** Share of the joins in whose middle the peers next to the newcomer are killed, 0 to 1. */
  readonly joinKills: number
  /** Share of the moments, those at which something happens or is done, at which some machine gets rubbish. */
  readonly rubbish: number
  /** Present in runs with files. */
  readonly data: DataPlan | null
}

/** A ring of up to 100 peers is ideal again so soon after the last fault; one that was in parts, so soon after they see each other. */
const healMs = 10_000
/** One of 928 chaotic runs took 10.25 s, all others less than 10 s (docs/simulator.md): the bound leaves room for such a one. */
const chaosHealMs = 15_000
const reuniteMs = 60_000
/** Ten minutes, whatever kind of run it is. */
const lengthMs = 600_000

/** Half of the plans have rubbish; drawn by itself, so that all else is as it was. */
function rubbishOf(seed: number): number {
  const random = new Prng(seed * 7919 + 41)
  return random.next() < 0.5 ? random.next() : 0
}

/** As for rubbish. */
function packsOf(seed: number): number {
  const random = new Prng(seed * 7919 + 43)
  return random.next() < 0.5 ? random.next() * 0.6 : 0
}

export type FilesPlan = Plan & { readonly data: DataPlan }

export function hasFiles(plan: Plan): plan is FilesPlan {
  return plan.data !== null
}

/** The plan of a seed: even ones have files, one in sixteen over a season. */
export function planOf(seed: number): Plan {
  if (seed % 16 === 8) return seasonPlanOf(seed)
  return seed % 2 === 0 ? filesPlanOf(seed) : ringPlanOf(seed)
}

/** Households, labs and offices: 2 to 12 machines, files, people, and all that can happen to them. */
export function filesPlanOf(seed: number): FilesPlan {
  const random = new Prng(seed * 7919 + 13)
  const often = (share: number, most: number): number => (random.next() < share ? random.next() * most : 0)
  const peers = 2 + Math.floor(11 * random.next() ** 2)
  const faults: NetworkFaults = {
    loss: often(0.5, 0.3),
    duplicates: often(0.5, 0.1),
    longDelays: often(0.3, 0.02),
    longDelayMs: 5000,
    resets: often(0.3, 0.02),
  }
  return {
    seed,
    kind: 'files',
    peers,
    parameters: { ...defaultParameters, copies: random.next() < 0.8 ? 3 : 2 },
    faults,
    everyMs: 3000 + random.next() * 20_000,
    chaosMs: 420_000,
    quietMs: 120_000,
    lengthMs,
    joinKills: 0,
    rubbish: rubbishOf(seed),
    data: {
      // few names are fought over, many are left alone after a while
      names: 1 + Math.floor(30 * random.next() ** 3),
      opsEveryMs: 4000 + random.next() * 20_000,
      fileBytes: random.next() < 0.5 ? 6000 : 40_000,
      diskBytes: 8_000_000,
      repairDelayMs: 5000 + random.next() * 25_000,
      powerCuts: random.next(),
      diskLosses: often(0.5, 20),
      rot: often(0.3, 15),
      fullDisks: often(0.3, 15),
      clockJumps: often(0.3, 15),
      blocks: often(0.3, 15),
      partitions: often(0.3, 15),
      targetedKills: often(0.5, 0.5),
      dropHysteresisMs: 5000 + random.next() * 40_000,
      earlyAsks: often(0.5, 1),
      seasonMs: 0,
      absences: 0,
      packs: packsOf(seed),
    },
  }
}

/** As `filesPlanOf`, over 30 days and more: machines stay away for days, and come back to what was removed meanwhile. */
export function seasonPlanOf(seed: number): FilesPlan {
  const plan = filesPlanOf(seed)
  const random = new Prng(seed * 7919 + 29)
  return { ...plan, data: { ...plan.data, seasonMs: 60_000 + random.next() * 90_000, absences: 5 + random.next() * 20 } }
}

/** Most rings small, some of up to 100 peers. */
export function ringPlanOf(seed: number): Plan {
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
    // half of the partitions are calm: who restarts in one remembers the other half, and would lead the two together
    everyMs: (bare ? 3000 : 300) + pause + (kind === 'partition' && random.next() < 0.5 ? 60_000 : 0),
    // long enough, now and then, for the halves to think the others dead for good
    chaosMs: kind === 'partition' ? 20_000 + random.next() * 100_000 : 20_000,
    quietMs: kind === 'partition' ? reuniteMs : kind === 'chaos' ? chaosHealMs : healMs,
    lengthMs,
    joinKills: kind === 'strict' || kind === 'chaos' ? random.next() * 0.5 : 0,
    rubbish: rubbishOf(seed),
    data: null,
  }
}
