/**
 * How many seeds it takes until a planted fault shows, from several starting points. A flaw counts only where the same seed is
 * sound without the fault: else the simulator has found something of its own, which is for a campaign to tell.
 */

import { bundleSimulator } from './bundle.ts'
import { select, type Selection } from './draws.ts'
import type { PlantedFault } from './planted-faults.ts'
import { type Answer, SeedWorker } from './seed-worker.ts'

export interface HuntLimits {
  /** First seeds, spaced apart. */
  readonly starts: readonly number[]
  /** Seeds run from one start at most. */
  readonly most: number
  readonly workers: number
}

export interface Catch {
  readonly start: number
  /** Seeds it took, the catching one included; null = not within `most`. */
  readonly seeds: number | null
  /** What the simulator said. */
  readonly flaw: string | null
}

export interface Hunted {
  readonly catches: readonly Catch[]
  /** Median of the seeds it took; a start without a catch counts as more than any. Null = the median start has none. */
  readonly median: number | null
}

type RunSeed = (seed: number) => Promise<Pick<Answer, 'flaw'>>

/** Hunts one fault; threads share the starts. Throws a StaleChangeError when the fault cannot be planted any more. */
export async function hunt(fault: PlantedFault, { starts, most, workers }: HuntLimits): Promise<Hunted> {
  const bundles = [await bundleSimulator(fault.changes), await bundleSimulator()] as const
  const selection: Selection = { draw: fault.draw, overrides: {} }
  const left = [...starts]
  const catches: Catch[] = []
  const work = async () => {
    const threads = bundles.map((bundle) => new SeedWorker(bundle.path)) as [SeedWorker, SeedWorker]
    const [faulty, sound] = threads
    const isIdle = (seed: number) => fault.shows && !fault.shows(select(seed, selection))
    const run: RunSeed = async (seed) => (isIdle(seed) ? { flaw: null } : faulty.run(seed, selection))
    for (let start = left.shift(); start !== undefined; start = left.shift()) {
      catches.push(await huntFrom({ faulty: run, sound: (seed) => sound.run(seed, selection) }, start, most))
    }
    for (const thread of threads) await thread.close()
  }
  try {
    await Promise.all(Array.from({ length: Math.min(workers, starts.length) }, work))
  } finally {
    for (const bundle of bundles) await bundle.remove()
  }
  catches.sort((a, b) => a.start - b.start)
  return { catches, median: medianOf(catches.map((caught) => caught.seeds)) }
}

/** Runs seeds from `start` on until one is flawed with the fault and sound without it. */
export async function huntFrom(run: { readonly faulty: RunSeed; readonly sound: RunSeed }, start: number, most: number): Promise<Catch> {
  for (let seeds = 1; seeds <= most; seeds++) {
    const seed = start + seeds - 1
    const { flaw } = await run.faulty(seed)
    if (flaw !== null && (await run.sound(seed)).flaw === null) return { start, seeds, flaw }
  }
  return { start, seeds: null, flaw: null }
}

/** The middle one, of an even number the lower; null counts as more than any. */
export function medianOf(values: readonly (number | null)[]): number | null {
  const sorted = [...values].sort((a, b) => (a ?? Infinity) - (b ?? Infinity))
  return sorted[(sorted.length - 1) >> 1] ?? null
}
