/**
 * The most memory that each of two peers takes while one stores, and then requests, one file of 2 GB that the other keeps
 * (VmHWM of /proc, so on Linux only). Fails when a peer took more than the limit.
 *
 *     npm run bench:memory [-- MEGABYTES]
 */

import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Machine } from '../tests/cluster/processes.ts'
import { fastFolder, nameOwnedBy, type Pair, say, sayTable, startPair, writeRandomFile } from './tools.ts'

const sizeBytes = Number(process.argv[2] ?? 2000) * 1e6
const limitMegabytes = 200

/** The highest resident set since the last `reset`, in MB. */
async function peak(machine: Machine): Promise<number> {
  const [, kibibytes = 'NaN'] = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${machine.process.pid}/status`, 'utf8')) ?? []
  return (Number(kibibytes) * 1024) / 1e6
}

async function reset(machine: Machine): Promise<void> {
  await writeFile(`/proc/${machine.process.pid}/clear_refs`, '5')
}

async function measure(folder: string, { near, far }: Pair): Promise<number> {
  const source = join(folder, 'source')
  await writeRandomFile(source, sizeBytes)
  const name = nameOwnedBy(far, near, 'large')
  const rows = [['peak MB', 'near (stores, requests)', 'far (keeps)']]
  const peaks: number[] = []
  const look = async (what: string): Promise<void> => {
    const both = [await peak(near), await peak(far)]
    peaks.push(...both)
    rows.push([what, ...both.map((value) => value.toFixed(0))])
    await reset(near)
    await reset(far)
  }
  await look('started')
  await near.ask('store', '--as', name, source)
  await look('storing')
  await near.ask('request', '--out', join(folder, 'requested'), name)
  await look('requesting')
  say(`one file of ${sizeBytes / 1e6} MB`)
  sayTable(rows)
  return Math.max(...peaks)
}

if (!existsSync('/proc/self/clear_refs')) {
  say('skipped: peak memory is read from /proc, which this system has not')
} else {
  const folder = await mkdtemp(join(fastFolder, 'ringdrop-bench-'))
  let pair: Pair | null = null
  try {
    pair = await startPair(folder)
    const most = await measure(folder, pair)
    say(most < limitMegabytes ? `under ${limitMegabytes} MB` : `MORE THAN ${limitMegabytes} MB`)
    process.exitCode = most < limitMegabytes ? 0 : 1
  } finally {
    await pair?.cluster.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
