/**
 * What the ring does at scale, in figures. All of it, or one part:
 *
 *     npm run scale -- lookups
 *     npm run scale -- idle --peers 100
 *     npm run scale -- churn --peers 1000 --seeds 1
 *     npm run scale -- detection --crashes 500
 *     npm run scale -- false-deaths --hours 100 --loss 0.05 --pause-every 60000
 *     npm run scale -- rarity --runs 250 --tries 800
 */

import { parseArgs } from 'node:util'
import { defaultParameters } from '../../electron/peer/ring/ring-options.ts'
import { healBoundMs, measureHealing } from './churn.ts'
import { measureDetection, watchForFalseDeaths } from './detection.ts'
import { idleBound, measureIdle } from './idle.ts'
import { lookupBounds, measureLookups, percentile } from './lookups.ts'
import { estimateRarity } from './splitting.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    peers: { type: 'string' },
    seeds: { type: 'string', default: '1' },
    from: { type: 'string', default: '1' },
    crashes: { type: 'string', default: '500' },
    hours: { type: 'string', default: '60' },
    loss: { type: 'string', default: '0.05' },
    runs: { type: 'string', default: '250' },
    tries: { type: 'string', default: '800' },
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

function churn(): void {
  for (const peers of sizes([100, 300, 1_000])) {
    for (let seed = firstSeed; seed < firstSeed + Number(values.seeds); seed++) {
      const started = performance.now()
      const { neighboursMs, idealMs, happened, delivered, virtualMs } = measureHealing(peers, loss, seed)
      if (idealMs === null || idealMs > healBoundMs(peers)) missed++
      console.log(
        `  ${peers} peers, seed ${seed}: after the last fault neighbours right in ${neighboursMs ?? '-'} ms, ideal in ${idealMs ?? '-'} ms`,
      )
      console.log(
        `    ${JSON.stringify(happened)}, ${delivered} messages in ${(virtualMs / 1000).toFixed(0)} virtual s, ${secondsSince(started)} s`,
      )
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

/** How rare they are, where waiting for one takes too long. */
function rarity(): void {
  const started = performance.now()
  const bother = { size: Number(values.peers ?? 5), loss, pauseEveryMs: Number(values['pause-every']), pauseMaxMs: 2_000 }
  const { peerHours, steps, ratePerPeerHour, isBound } = estimateRarity(
    bother,
    { runs: Number(values.runs), triesPerLevel: Number(values.tries) },
    firstSeed,
  )
  console.log(`${peerHours.toFixed(1)} peer-hours; a suspicion's age in ms: tries, hits`)
  for (const { level, tries, hits } of steps) console.log(row([level, tries, hits]))
  console.log(`  ${isBound ? 'at most' : 'about'} ${ratePerPeerHour.toExponential(1)} false deaths a peer-hour, ${secondsSince(started)} s`)
}

function idle(): void {
  console.log('     peers view cap  sent    received (bits a second of the busiest)    s')
  for (const size of sizes([3, 5, 20, 100, 300])) {
    for (const viewCap of size > 100 ? [defaultParameters.viewCap, 200] : [defaultParameters.viewCap]) {
      const started = performance.now()
      const { sent, received } = measureIdle({ size, viewCap }, firstSeed)
      if (viewCap >= size && Math.max(sent, received) > idleBound) missed++
      console.log(`${row([size, viewCap, Math.round(sent), Math.round(received)])} ${secondsSince(started)}`)
    }
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

const parts: Record<string, () => void> = { lookups, idle, churn, detection, 'false-deaths': falseDeaths, rarity }
for (const part of positionals.length > 0 ? positionals : Object.keys(parts)) {
  if (!(part in parts)) throw new Error(`there is no part "${part}": ${Object.keys(parts).join(', ')}`)
  console.log(part)
  parts[part]?.()
}
if (missed > 0) console.log(`${missed} bounds missed`)
process.exitCode = missed > 0 ? 1 : 0
