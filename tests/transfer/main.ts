/** `npm run transfers -- --seed 17` replays one seed with its story; `--first 1 --count 300` runs many. */

import { parseArgs } from 'node:util'
import { runSeed } from './run.ts'

const { values } = parseArgs({
  options: { seed: { type: 'string' }, first: { type: 'string' }, count: { type: 'string' }, stop: { type: 'boolean' } },
})

async function main(): Promise<void> {
  const isReplay = values.seed !== undefined
  const first = Number(values.seed ?? values.first ?? 1)
  const count = isReplay ? 1 : Number(values.count ?? 300)
  let flaws = 0
  let turns = 0
  for (let seed = first; seed < first + count; seed++) {
    const outcome = await runSeed(seed)
    turns += outcome.turns
    if (isReplay) print([...outcome.story, outcome.hash].join('\n'))
    if (outcome.flaw === null) continue
    flaws++
    print(`seed ${seed}: ${outcome.flaw}`)
    if (values.stop) break
  }
  const { user } = process.cpuUsage()
  print(`${count} seeds, ${flaws} flawed, ${turns} turns, ${(user / 1e6).toFixed(1)} s of CPU`)
  process.exitCode = flaws > 0 ? 1 : 0
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

await main()
