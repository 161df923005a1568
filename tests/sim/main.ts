/**
 * The simulator on the command line; docs/simulator.md tells what it shows.
 *
 *     npm run sim -- --seeds 50000 --from 1        a campaign over all cores
 *     npm run sim -- --seed 17 --trace             one run, line by line; --page run.html draws it; --shrink makes it smaller
 *     npm run sim -- --planted [name ...]          how soon planted faults are found
 */

import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { bundleSimulator } from './bundle.ts'
import { duration, runCampaign } from './campaign.ts'
import { isDraw, replayCommand, select } from './draws.ts'
import { History } from './history.ts'
import { historyPage } from './history-page.ts'
import { hunt } from './hunt.ts'
import { parseOverrides } from './override-plan.ts'
import { plantedFaults } from './planted-faults.ts'
import { describeOutcome, describePlan } from './plain-words.ts'
import { runPlan } from './run.ts'
import { SeedWorker } from './seed-worker.ts'
import { shrink, shrinkableFields } from './shrink.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    /** A campaign ends with so many flawed seeds. */
    flaws: { type: 'string', default: '10' },
    workers: { type: 'string', default: String(availableParallelism()) },
    seed: { type: 'string' },
    /** all, ring, files or season */
    draw: { type: 'string', default: 'all' },
    plan: { type: 'string', default: '{}' },
    trace: { type: 'boolean', default: false },
    page: { type: 'string' },
    shrink: { type: 'boolean', default: false },
    planted: { type: 'boolean', default: false },
    /** Starts of a hunt for a planted fault, and seeds from each at most. */
    starts: { type: 'string', default: '9' },
    most: { type: 'string', default: '1000' },
  },
})

const say = (line: string) => console.log(line)
// "--trace | head": who reads has read enough
process.stdout.on('error', () => process.exit(1))
const workers = wholeNumber(values.workers, '--workers')
if (!isDraw(values.draw)) throw new Error(`--draw takes all, ring, files or season, not "${values.draw}"`)
const selection = { draw: values.draw, overrides: parseOverrides(values.plan) }

if (values.planted) await huntAll()
else if (values.seed === undefined) await campaign()
else if (values.shrink) await shrinkSeed(wholeNumber(values.seed, '--seed'))
else await replay(wholeNumber(values.seed, '--seed'))

function wholeNumber(text: string, option: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${option} takes a whole number from 1, not "${text}"`)
  return value
}

async function campaign(): Promise<void> {
  const from = wholeNumber(values.from, '--from')
  const seeds = wholeNumber(values.seeds, '--seeds')
  select(from, selection)
  const bundle = await bundleSimulator()
  const runners = Array.from({ length: workers }, () => new SeedWorker(bundle.path))
  const started = performance.now()
  const elapsed = () => (performance.now() - started) / 1000
  const startedCpu = process.cpuUsage()
  // a terminal shows every second, a log file a line a minute
  const everyS = process.stdout.isTTY ? 1 : 60
  let nextLineAt = everyS
  const options = { from, seeds, flaws: wholeNumber(values.flaws, '--flaws'), selection }
  const tally = await runCampaign(runners, options, (sums, { seed, flaw }) => {
    if (flaw !== null) say(`${process.stdout.isTTY ? '\r' : ''}seed ${seed}: ${flaw}\n  ${replayCommand(seed, selection, '--trace')}`)
    if (elapsed() < nextLineAt) return
    nextLineAt = elapsed() + everyS
    const left = ((seeds - sums.seeds) * elapsed()) / sums.seeds
    const line = `${sums.seeds} of ${seeds} seeds (up to ${seed}), ${sums.flawed.length} failed, about ${duration(left)} left`
    if (process.stdout.isTTY) process.stdout.write(`\r${line.padEnd(78)}`)
    else say(line)
  })
  await Promise.all(runners.map((runner) => runner.close()))
  await bundle.remove()
  if (process.stdout.isTTY) process.stdout.write(`\r${' '.repeat(78)}\r`)
  for (const line of tally.lines(elapsed(), cpuSecondsSince(startedCpu))) say(line)
  if (tally.flawed.length >= options.flaws) say(`stopped at ${tally.flawed.length} flaws`)
  for (const { seed } of tally.flawed) say(`  ${replayCommand(seed, selection, '--shrink')}`)
  process.exitCode = tally.flawed.length > 0 ? 1 : 0
}

function cpuSecondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

async function replay(seed: number): Promise<void> {
  const plan = select(seed, selection)
  for (const line of describePlan(plan)) say(line)
  const history = new History()
  const outcome = await runPlan(plan, {
    ...(values.trace ? { trace: say } : {}),
    ...(values.page === undefined ? {} : { history: (snapshot) => history.add(snapshot) }),
  })
  for (const line of describeOutcome(outcome)) say(line)
  process.exitCode = outcome.flaw === null ? 0 : 1
  if (values.page === undefined) return
  const lines = [...describePlan(plan), replayCommand(seed, selection)]
  await writeFile(values.page, historyPage(history, { title: `Seed ${seed}`, lines, flaw: outcome.flaw }))
  say(`drawn in ${values.page}`)
}

async function shrinkSeed(seed: number): Promise<void> {
  const bundle = await bundleSimulator()
  const worker = new SeedWorker(bundle.path)
  const shrunk = await shrink({
    plan: select(seed, { ...selection, overrides: {} }),
    overrides: selection.overrides,
    fields: shrinkableFields,
    run: async (changed) => (await worker.run(seed, { ...selection, overrides: changed })).flaw,
    attempts: 400,
    otherSeeds: 5,
    progress: (changed, flaw) => say(`${JSON.stringify(changed)}  ${flaw}`),
  })
  await worker.close()
  await bundle.remove()
  if (!shrunk) {
    say(`seed ${seed} has no flaw`)
    return
  }
  say(`\nafter ${shrunk.attempts} runs: ${shrunk.flaw}\n  ${replayCommand(seed, { ...selection, overrides: shrunk.overrides }, '--trace')}`)
  process.exitCode = 1
}

async function huntAll(): Promise<void> {
  const unknown = positionals.filter((name) => !plantedFaults.some((fault) => fault.name === name))
  if (unknown.length > 0)
    throw new Error(`no planted fault is called ${unknown.join(', ')}; there are ${plantedFaults.map((fault) => fault.name).join(', ')}`)
  const faults = positionals.length > 0 ? plantedFaults.filter((fault) => positionals.includes(fault.name)) : plantedFaults
  const starts = Array.from({ length: wholeNumber(values.starts, '--starts') }, (_, index) => 1 + 10_000 * index)
  for (const fault of faults) {
    const { median, catches } = await hunt(fault, { starts, most: wholeNumber(values.most, '--most'), workers })
    const numbers = catches.map((caught) => caught.seeds ?? 'none')
    say(`${fault.name}: ${median ?? `more than ${values.most}`} seeds (median of ${numbers.join(', ')})\n  ${fault.what}`)
    const shown = catches.find((caught) => caught.flaw !== null)
    if (shown?.seeds) say(`  seed ${shown.start + shown.seeds - 1}: ${shown.flaw ?? ''}`)
    if (median === null) process.exitCode = 1
  }
}
