/**
 * How long a peer takes from its start until it is ready, with an empty data folder and with many files, beside `node -e 0`; and what
 * an idle ring of five costs.
 *
 *     npm run bench:start [-- ROUNDS [FILES [IDLE_SECONDS]]]
 */

import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Cluster } from '../tests/cluster/processes.ts'
import { median, Rounds, say, sayBounds, sayTable } from './figures.ts'
import { cpuSeconds, hasProc, residentMegabytes } from './proc.ts'
import { argument, inFolder, timed, withRing, writeSmallFiles } from './tools.ts'

const rounds = argument(1, 5)
const files = argument(2, 10_000)
const idleSeconds = argument(3, 60)
const smallBytes = 4096
const idlePeers = 5
const idleMaxPercent = 0.5
/** After a ring was made it exchanges what is news in it: three times the idle cost for the first ten seconds. */
const settleSeconds = 30

const seconds = new Rounds()

async function startAlone(cluster: Cluster, data: string): Promise<void> {
  const machine = await cluster.start({ data })
  await machine.kill()
}

async function startNode(): Promise<void> {
  await once(spawn(process.execPath, ['-e', '0']), 'close')
}

async function measureStart(folder: string): Promise<void> {
  const many = join(folder, 'many')
  await writeSmallFiles(join(folder, 'small'), files, smallBytes)
  await withRing(folder, { copies: 1, machines: [{ data: many }] }, async ([machine]) => {
    await machine?.ask('store', join(folder, 'small'))
  })
  for (let round = 0; round < rounds; round++) {
    // one cluster a round: it keeps what its machines said
    const cluster = new Cluster(folder)
    try {
      seconds.note('node -e 0', await timed(startNode))
      seconds.note('empty data folder', await timed(() => startAlone(cluster, join(folder, `empty-${round}`))))
      seconds.note(`${files} files`, await timed(() => startAlone(cluster, many)))
    } finally {
      await cluster.stop()
    }
  }
}

interface Idle {
  readonly percents: readonly number[]
  readonly megabytes: readonly number[]
}

function measureIdle(folder: string): Promise<Idle> {
  return withRing(folder, { copies: 2, machines: Array.from({ length: idlePeers }, () => ({})) }, async (machines) => {
    const pids = machines.map(({ process }) => process.pid)
    await wait(settleSeconds * 1000)
    const before = await Promise.all(pids.map(cpuSeconds))
    await wait(idleSeconds * 1000)
    const after = await Promise.all(pids.map(cpuSeconds))
    return {
      percents: after.map((value, index) => (100 * (value - (before[index] ?? NaN))) / idleSeconds),
      megabytes: await Promise.all(pids.map((pid) => residentMegabytes(pid, 'now'))),
    }
  })
}

await inFolder(async (folder) => {
  await measureStart(folder)
  sayTable([
    [`until ready, ${rounds} rounds`, 'median s', 'times node -e 0'],
    ...seconds.names.map((what) => [what, seconds.median(what).toFixed(2), seconds.ratio(what, 'node -e 0').toFixed(1)]),
  ])
  if (!hasProc) return
  const { percents, megabytes } = await measureIdle(folder)
  say()
  sayTable([
    [`${idlePeers} idle peers, ${idleSeconds} s`, 'median', 'most'],
    ['per cent of a core', median(percents).toFixed(2), Math.max(...percents).toFixed(2)],
    ['resident MB', median(megabytes).toFixed(0), Math.max(...megabytes).toFixed(0)],
  ])
  say()
  sayBounds([{ what: 'idle peer, per cent of a core', value: median(percents), most: idleMaxPercent }])
})
