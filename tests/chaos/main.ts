/** `npm run chaos -- --minutes 30 --seed 1 --peers 8`: real processes behind a fault proxy, under load. Exit code 1 on a flaw. */

import { parseArgs } from 'node:util'
import { runCampaign } from './campaign.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    peers: { type: 'string', default: '8' },
    copies: { type: 'string', default: '3' },
    parent: { type: 'string' },
  },
})

const startedAt = performance.now()
const result = await runCampaign({
  seed: Number(values.seed),
  machines: Number(values.peers),
  copies: Number(values.copies),
  lengthMs: Number(values.minutes) * 60_000,
  roundMs: { min: 60_000, max: 150_000 },
  sizeBytesMax: 20_000_000,
  ...(values.parent === undefined ? {} : { parent: values.parent }),
  say: (text) => {
    console.log(`${new Date().toISOString().slice(11, 19)} ${text}`)
  },
})

const { counts, faults, flaws } = result
console.log(
  [
    `${result.rounds} rounds in ${((performance.now() - startedAt) / 60_000).toFixed(1)} minutes, seed ${values.seed}, ${values.peers} machines`,
    `operations: ${counts.acknowledged} acknowledged, ${counts.unknown} failed, ${counts.refused} refused; ` +
      `requests under faults and after: ${counts.requested} delivered, ${counts.requestsFailed} failed; ${result.checked} compared when whole`,
    `faults: ${[...faults].map(([kind, count]) => `${kind} ${count}`).join(', ')}`,
    `whole again after ${(result.wholeAfterMs / 1000).toFixed(1)} s at most; largest process ${Math.round(result.peakBytes / 1e6)} MB`,
    `${flaws.length} flaws`,
    ...flaws.map((flaw) => `  ${flaw.slice(0, 1000)}`),
    ...(flaws.length > 0 ? [`look at ${result.folder}: timeline.jsonl, and logs/ of each disk-…`] : []),
  ].join('\n'),
)
process.exitCode = flaws.length > 0 ? 1 : 0
