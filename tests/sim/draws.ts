/** Which plans seeds are drawn from, and what is changed of them by hand: with a seed, all that a run depends on. */

import { type Overrides, overridePlan } from './override-plan.ts'
import { filesPlanOf, type Plan, planOf, ringPlanOf, seasonPlanOf } from './plan.ts'

/** `ring`: runs of the ring alone; `files`: runs with files; `season`: those over more than 30 days; `all`: whatever a seed gives. */
const draws = { all: planOf, ring: ringPlanOf, files: filesPlanOf, season: seasonPlanOf } as const

export type Draw = keyof typeof draws

export interface Selection {
  readonly draw: Draw
  readonly overrides: Overrides
}

export const unchanged: Selection = { draw: 'all', overrides: {} }

export function isDraw(text: string): text is Draw {
  return text in draws
}

/** The plan of a seed as selected. Throws when an override does not fit it. */
export function select(seed: number, { draw, overrides }: Selection): Plan {
  return overridePlan(draws[draw](seed), overrides)
}

/** The one command that replays a seed. */
export function replayCommand(seed: number, { draw, overrides }: Selection, ...more: readonly string[]): string {
  const kind = draw === 'all' ? [] : [`--draw ${draw}`]
  const plan = Object.keys(overrides).length > 0 ? [`--plan '${JSON.stringify(overrides)}'`] : []
  return ['npm run sim --', `--seed ${seed}`, ...kind, ...plan, ...more].join(' ')
}
