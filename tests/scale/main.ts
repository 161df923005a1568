/**
 * What the ring does at scale, in figures. All of it, or one part:
 *
 *     npm run scale -- lookups
 *     npm run scale -- churn --peers 1000 --seeds 1
 *     npm run scale -- detection --crashes 500
 *     npm run scale -- false-deaths --hours 100 --loss 0.05 --pause-every 60000
 */

import { parseArgs } from 'node:util'
import { runPlan } from '../sim/run.ts'
import { churnPlan, healBoundMs } from './churn.ts'
import { measureDetection, watchForFalseDeaths } from './detection.ts'
import { lookupBounds, measureLookups, percentile } from './lookups.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    peers: { type: 'string' },
    seeds: { type: 'string', default: '1' },
    from: { type: 'string', default: '1' },
    crashes: { type: 'string', default: '500' },
    hours: { type: 'string', default: '60' },
    loss: { type: 'string', default: '0.05' },
    'pause-every': { type: 'string', default: '60000' },
  },
})

const firstSeed = Number(values.from)
const loss = Number(values.loss)
const sizes = (usual: readonly number[]) => (values.peers === undefined ? usual : values.peers.split(',').map(Number))
let missed = 0

function lookups(): void {
  console.log('     peers    mean     p99   worst   wrong   bound   half log2 N        s')
  for (const bound of lookupBounds) {
    const started = performance.now()
    const { mean, percentile99, worst, wrong } = measureLookups(bound, firstSeed)
    if (wrong > 0 || mean > bound.mean || percentile99 > bound.percentile99) missed++
    const chord = (Math.log2(bound.peers) / 2).toFixed(1)
    const cells = [bound.peers, mean.toFixed(2), percentile99, worst, wrong, `${bound.mean} / ${bound.percentile99}`, chord]
    console.log(`${row(cells)} ${secondsSince(started)}`)
  }
}

async function churn(): Promise<void> {
  for (const peers of sizes([100, 300, 1_000])) {
    for (let seed = firstSeed; seed < firstSeed + Number(values.seeds); seed++) {
      const started = performance.now()
      const { healedMs, flaw, injected, delivered, simulatedMs } = await runPlan(churnPlan(peers, seed))
      if (flaw !== null || healedMs === null || healedMs > healBoundMs(peers)) missed++
      console.log(
        `${peers} peers, seed ${seed}: ideal ${healedMs ?? 'never'} ms after the last fault (at most ${healBoundMs(peers)}), ${flaw ?? 'no flaw'}`,
      )
      console.log(`  ${JSON.stringify(injected)}`)
      console.log(`  ${delivered} messages in ${(simulatedMs / 1000).toFixed(0)} virtual seconds,${secondsSince(started)} s`)
    }
  }
}

function detection(): void {
  console.log('     peers crashes  median     p90     p99   worst (ms)    s')
  for (const size of sizes([5, 20, 100])) {
    const started = performance.now()
    const crashes = Number(values.crashes)
    const noticed = measureDetection({ size, crashes, loss }, firstSeed)
    if (percentile(noticed, 0.5) > 4_000 || percentile(noticed, 0.99) > 8_000) missed++
    const cells = [size, crashes, ...[0.5, 0.9, 0.99, 1].map((share) => percentile(noticed, share))]
    console.log(`${row(cells)}  ${secondsSince(started)}`)
  }
}

function falseDeaths(): void {
  for (const size of sizes([5])) {
    const started = performance.now()
    const bother = { size, loss, pauseEveryMs: Number(values['pause-every']), pauseMaxMs: 2_000 }
    const {
      peerHours,
      pauses,
      suspicions,
      falseDeaths: deaths,
      examples,
    } = watchForFalseDeaths(bother, (Number(values.hours) * 3_600_000) / size, firstSeed)
    missed += deaths
    console.log(`${size} peers, loss ${loss}: ${peerHours} peer-hours, ${pauses} pauses, ${suspicions} suspicions, ${deaths} false deaths`)
    for (const example of examples) console.log(`  ${example}`)
    console.log(`  ${secondsSince(started)} s`)
  }
}

function row(cells: readonly (string | number)[]): string {
  return cells
    .map((cell) => String(cell).padStart(8))
    .join('')
    .padStart(10)
}

function secondsSince(started: number): string {
  return ((performance.now() - started) / 1000).toFixed(1).padStart(8)
}

const parts: Record<string, () => void | Promise<void>> = { lookups, churn, detection, 'false-deaths': falseDeaths }
for (const part of positionals.length > 0 ? positionals : Object.keys(parts)) {
  if (!(part in parts)) throw new Error(`there is no part "${part}": ${Object.keys(parts).join(', ')}`)
  console.log(part)
  await parts[part]?.()
}
if (missed > 0) console.log(`${missed} bounds missed`)
process.exitCode = missed > 0 ? 1 : 0
