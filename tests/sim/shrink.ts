/**
 * Makes a failing plan smaller as long as it still fails: fewer peers, fewer kinds of faults, a shorter run. A smaller plan
 * draws other chances, so the same plan is also tried with a few other seeds of chance before it counts as passing.
 */

import { type Overrides, overridePlan, valueAt, withValue } from './override-plan.ts'

/** A field that makes a run simpler the nearer it is to `simplest`. Fields that a plan lacks are passed over. */
export interface ShrinkableField {
  /** "faults.loss" */
  readonly path: string
  readonly simplest: number | boolean
}

/** In the order of how much simpler they make a run to read. Times of grace are no part of it: a shorter one fails for nothing. */
export const shrinkableFields: readonly ShrinkableField[] = [
  { path: 'peers', simplest: 1 },
  { path: 'chaosMs', simplest: 0 },
  { path: 'lengthMs', simplest: 0 },
  { path: 'joinKills', simplest: 0 },
  { path: 'rubbish', simplest: 0 },
  { path: 'faults.loss', simplest: 0 },
  { path: 'faults.duplicates', simplest: 0 },
  { path: 'faults.longDelays', simplest: 0 },
  { path: 'faults.resets', simplest: 0 },
  // in runs with files
  { path: 'data.packs', simplest: 0 },
  { path: 'data.targetedKills', simplest: 0 },
  { path: 'data.powerCuts', simplest: 0 },
  { path: 'data.diskLosses', simplest: 0 },
  { path: 'data.absences', simplest: 0 },
  { path: 'data.rot', simplest: 0 },
  { path: 'data.fullDisks', simplest: 0 },
  { path: 'data.clockJumps', simplest: 0 },
  { path: 'data.blocks', simplest: 0 },
  { path: 'data.partitions', simplest: 0 },
  { path: 'data.earlyAsks', simplest: 0 },
  { path: 'data.names', simplest: 1 },
  // fewer things happen
  { path: 'everyMs', simplest: 20_000 },
]

export interface ShrinkOptions {
  /** As drawn from its seed. */
  readonly plan: object
  /** With which it fails, to begin with. */
  readonly overrides: Overrides
  readonly fields: readonly ShrinkableField[]
  /** Runs the plan with these overrides; what was wrong, or null. */
  readonly run: (overrides: Overrides) => Promise<string | null>
  /** Runs at most. */
  readonly attempts: number
  /** Other seeds of chance tried for each smaller plan. */
  readonly otherSeeds: number
  /** Told of each plan that still fails. */
  readonly progress?: (overrides: Overrides, flaw: string) => void
}

export interface Shrunk {
  readonly overrides: Overrides
  readonly flaw: string
  readonly attempts: number
}

/** The smallest failing plan found, or null when the plan does not fail to begin with. */
export async function shrink(options: ShrinkOptions): Promise<Shrunk | null> {
  const flaw = await options.run(options.overrides)
  if (flaw === null) return null
  const shrinker = new Shrinker(options, flaw)
  while (await shrinker.pass());
  return shrinker.result
}

class Shrinker {
  readonly #options: ShrinkOptions
  #overrides: Overrides
  #flaw: string
  #attempts = 1

  constructor(options: ShrinkOptions, flaw: string) {
    this.#options = options
    this.#overrides = options.overrides
    this.#flaw = flaw
  }

  get result(): Shrunk {
    return { overrides: this.#overrides, flaw: this.#flaw, attempts: this.#attempts }
  }

  /** One step on each field. Whether any made the plan smaller. */
  async pass(): Promise<boolean> {
    let smaller = false
    for (const field of this.#options.fields) if (await this.#shrinkField(field)) smaller = true
    return smaller
  }

  async #shrinkField({ path, simplest }: ShrinkableField): Promise<boolean> {
    const value = valueAt(overridePlan(this.#options.plan, this.#overrides), path)
    for (const candidate of candidates(value, simplest)) {
      if (await this.#fails(withValue(this.#overrides, path, candidate))) return true
    }
    return false
  }

  async #fails(overrides: Overrides): Promise<boolean> {
    const { plan, otherSeeds, run, attempts, progress } = this.#options
    const seed = valueAt(overridePlan(plan, overrides), 'seed')
    for (let other = 0; other <= (typeof seed === 'number' ? otherSeeds : 0); other++) {
      if (this.#attempts >= attempts) return false
      this.#attempts++
      const tried = other === 0 ? overrides : withValue(overrides, 'seed', Number(seed) + other)
      const flaw = await run(tried)
      if (flaw === null) continue
      this.#overrides = tried
      this.#flaw = flaw
      progress?.(tried, flaw)
      return true
    }
    return false
  }
}

/** Simpler values, the simplest first, then half and three quarters of the way back. Few digits: people read them. */
function candidates(value: unknown, simplest: number | boolean): (number | boolean)[] {
  if (value === simplest || typeof value !== typeof simplest) return []
  if (typeof value !== 'number' || typeof simplest !== 'number') return [simplest]
  const distance = value - simplest
  const steps = [0, 0.5, 0.75].map((share) => simplest + distance * share)
  const rounded = steps.map((step) =>
    Number.isInteger(simplest) && Math.abs(distance) >= 4 ? Math.round(step) : Number(step.toPrecision(2)),
  )
  // halving a share for ever makes nothing simpler
  const worthwhile = rounded.filter((step) => step === simplest || Math.abs(value - step) > Math.abs(value) * 0.1)
  return [...new Set(worthwhile)].filter((step) => step !== value && Math.abs(step - simplest) < Math.abs(distance))
}
