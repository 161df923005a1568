/**
 * Many seeds over worker threads: what they found, how much ring time that was, and how soon rings were ideal again. Sums only
 * are kept, so that memory does not grow with the seeds.
 */

import type { Selection } from './draws.ts'
import type { Outcome } from './run.ts'
import type { Answer } from './seed-worker.ts'

export interface CampaignOptions {
  readonly from: number
  readonly seeds: number
  /** Stops when so many seeds were flawed. */
  readonly flaws: number
  readonly selection: Selection
}

/** What runs seeds, one at a time: a thread, or a fake. */
export interface SeedRunner {
  run(seed: number, selection: Selection): Promise<Answer>
}

export interface Flawed {
  readonly seed: number
  readonly flaw: string
}

const hourMs = 3_600_000

/** Sums over outcomes. */
export class Tally {
  seeds = 0
  simulatedMs = 0
  peerMs = 0
  delivered = 0
  readonly flawed: Flawed[] = []
  readonly injected = new Map<string, number>()
  /** By kind of plan: how many runs took so many steps of `healedStepMs` to the ideal ring. */
  readonly #healed = new Map<string, Map<number, number>>()

  add(seed: number, { outcome, flaw }: Answer): void {
    this.seeds++
    if (flaw !== null) this.flawed.push({ seed, flaw })
    if (!outcome) return
    this.simulatedMs += outcome.simulatedMs
    this.peerMs += outcome.peerMs
    this.delivered += outcome.delivered
    for (const [kind, times] of Object.entries(outcome.injected)) this.injected.set(kind, (this.injected.get(kind) ?? 0) + times)
    this.#addHealed(outcome)
  }

  /** The lines of a report. `seconds`: real time that it took; `cpuSeconds`: of all cores together. */
  lines(seconds: number, cpuSeconds: number): string[] {
    const each = Math.max(1, this.seeds)
    const speed = this.simulatedMs / 1000 / Math.max(seconds, 0.001)
    const injected = [...this.injected].filter(([, times]) => times > 0).sort((a, b) => b[1] - a[1])
    return [
      `${count(this.seeds)} seeds, ${count(this.flawed.length)} failed, in ${duration(seconds)} (${(this.seeds / Math.max(seconds, 0.001)).toFixed(1)} seeds/s)`,
      `${(this.simulatedMs / 60_000 / each).toFixed(1)} simulated minutes and ${(cpuSeconds / each).toFixed(2)} s of a core a seed`,
      `${(this.simulatedMs / hourMs).toFixed(1)} hours of rings, ${(this.peerMs / hourMs).toFixed(1)} hours of peers, ${speed.toFixed(0)} times real time`,
      `${count(this.delivered)} messages delivered`,
      ...[...this.#healed].map(([kind, steps]) => {
        const { median, percentile99, worst, runs } = spread(steps)
        const times = `${seconds3(median)} (median), ${seconds3(percentile99)} (99th percentile), ${seconds3(worst)} (worst)`
        return `  ${kind}: ideal again after ${times} of ${count(runs)}`
      }),
      `faults: ${injected.map(([kind, times]) => `${count(times)} ${kind}`).join(', ') || 'none'}`,
    ]
  }

  #addHealed({ plan, healedMs }: Outcome): void {
    if (healedMs === null) return
    const steps = this.#healed.get(plan.kind) ?? new Map<number, number>()
    const step = Math.round(healedMs / healedStepMs)
    steps.set(step, (steps.get(step) ?? 0) + 1)
    this.#healed.set(plan.kind, steps)
  }
}

/** Runs look for the ideal ring so often. */
const healedStepMs = 250

/** Runs the seeds in order, each runner taking the next one. `progress` is called after each. */
export async function runCampaign(
  runners: readonly SeedRunner[],
  options: CampaignOptions,
  progress: (tally: Tally, answer: Answer & { readonly seed: number }) => void,
): Promise<Tally> {
  const tally = new Tally()
  const end = options.from + options.seeds
  let next = options.from
  const work = async (runner: SeedRunner) => {
    while (next < end && tally.flawed.length < options.flaws) {
      const seed = next++
      const answer = await runner.run(seed, options.selection)
      tally.add(seed, answer)
      progress(tally, { ...answer, seed })
    }
  }
  await Promise.all(runners.map(work))
  tally.flawed.sort((a, b) => a.seed - b.seed)
  return tally
}

/** "1 h 02 min", "3 min 20 s", "12.3 s". */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}

function spread(steps: ReadonlyMap<number, number>): { median: number; percentile99: number; worst: number; runs: number } {
  const sorted = [...steps].sort((a, b) => a[0] - b[0])
  const runs = sorted.reduce((sum, [, times]) => sum + times, 0)
  const at = (share: number): number => {
    let seen = 0
    const step = sorted.find(([, times]) => (seen += times) >= share * runs)
    return (step?.[0] ?? 0) * healedStepMs
  }
  return { median: at(0.5), percentile99: at(0.99), worst: at(1), runs }
}

function seconds3(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}

function count(value: number): string {
  return value.toLocaleString('en')
}
