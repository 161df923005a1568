/** `npm run sim -- --seeds 200 --from 1` runs seeds; `npm run sim -- --seed 17 --trace` replays one, with every line that travelled. */

import { parseArgs } from 'node:util'
import { planOf } from './plan.ts'
import { type Outcome, runPlan } from './run.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
  },
})

const from = Number(values.seed ?? values.from)
const count = values.seed === undefined ? Number(values.seeds) : 1
const started = performance.now()
const outcomes: Outcome[] = []
for (let seed = from; seed < from + count; seed++) {
  const outcome = await runPlan(planOf(seed), values.trace ? { trace: (text) => console.log(text) } : {})
  outcomes.push(outcome)
  if (count === 1) console.log(JSON.stringify(outcome, null, 2))
  if (outcome.flaw)
    console.log(
      `seed ${seed} (${outcome.plan.kind}, ${outcome.plan.peers} peers): ${outcome.flaw}\n  npm run sim -- --seed ${seed} --trace`,
    )
}

const failed = outcomes.filter((outcome) => outcome.flaw !== null)
const delivered = outcomes.reduce((sum, outcome) => sum + outcome.delivered, 0)
const seconds = (performance.now() - started) / 1000
console.log(`${outcomes.length} seeds, ${failed.length} failed, ${delivered} messages, ${seconds.toFixed(1)} s`)
for (const kind of new Set(outcomes.map((outcome) => outcome.plan.kind))) {
  const healed = outcomes
    .filter((outcome) => outcome.plan.kind === kind && outcome.healedMs !== null)
    .map((outcome) => outcome.healedMs as number)
  healed.sort((a, b) => a - b)
  console.log(
    `  ${kind}: ideal again after ${healed[healed.length >> 1] ?? '-'} ms (median), ${healed.at(-1) ?? '-'} ms (worst) of ${healed.length}`,
  )
}
process.exitCode = failed.length > 0 ? 1 : 0
