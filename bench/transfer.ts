/**
 * One file of 1 GiB stored on, and requested from, another peer on this machine, beside scp, rsync and a bare TLS pipe in the
 * same run. Times are of whole commands, from start to exit. On a busy machine only the ratios mean anything.
 *
 *     npm run bench:transfer [-- ROUNDS [MIB]]
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Machine } from '../tests/cluster/processes.ts'
import { type Other, Skipped, startPipe, startRsync, startScp } from './others.ts'
import { fastFolder, makeNew, median, nameOwnedBy, type Pair, say, sayTable, startPair, timed, writeRandomFile } from './tools.ts'

const rounds = Number(process.argv[2] ?? 3)
const mebibytes = Number(process.argv[3] ?? 1024)
const sizeBytes = mebibytes * 1024 * 1024

/** Rows of the table, in the order of their first round. */
const seconds = new Map<string, number[]>()
const note = (what: string, value: number): void => {
  seconds.set(what, [...(seconds.get(what) ?? []), value])
}

/** The copy must be the other machine's: else nothing was measured. */
function mustBe(far: Machine, machines: unknown): void {
  const ids = (machines as { id: string }[]).map(({ id }) => id)
  if (ids.join() !== far.id) throw new Error(`The bytes did not go over the network: ${JSON.stringify(machines)}`)
}

async function round(folder: string, number: number, { near, far }: Pair): Promise<string> {
  const source = join(folder, 'source')
  const copy = join(folder, 'requested')
  const name = nameOwnedBy(far, near, `round-${number}`)
  await makeNew(source)
  note('ringdrop store', await timed(async () => mustBe(far, (await near.ask('store', '--as', name, source))['holders'])))
  note('ringdrop request', await timed(async () => mustBe(far, (await near.ask('request', '--out', copy, name))['from'])))
  await rm(copy)
  return source
}

async function startOthers(folder: string): Promise<Other[]> {
  const others: Other[] = []
  for (const start of [startScp, startRsync, startPipe]) {
    try {
      others.push(await start(folder))
    } catch (error) {
      if (!(error instanceof Skipped)) throw error
      say(`skipped: ${error.message}`)
    }
  }
  return others
}

function sayResults(): void {
  const medians = new Map([...seconds].map(([what, values]) => [what, median(values)]))
  const against = [...medians.keys()].filter((what) => !what.startsWith('ringdrop'))
  const rows = [['', 'median s', 'fastest', 'slowest', 'MB/s', ...against.map((what) => `of ${what.split(/[ :]/)[0] ?? what}`)]]
  for (const [what, value] of medians) {
    const times = seconds.get(what) ?? []
    const speed = sizeBytes / 1e6 / value
    // speed as a share of the other's speed, pair by pair
    const shares = against.map((other) => median((seconds.get(other) ?? []).map((otherTime, index) => otherTime / (times[index] ?? NaN))))
    rows.push([
      what,
      value.toFixed(2),
      Math.min(...times).toFixed(2),
      Math.max(...times).toFixed(2),
      speed.toFixed(0),
      ...shares.map((share) => share.toFixed(2)),
    ])
  }
  say(`${mebibytes} MiB, ${rounds} rounds; the last columns: speed as a multiple of that one's, median of the pairs`)
  sayTable(rows)
}

const folder = await mkdtemp(join(fastFolder, 'ringdrop-bench-'))
let pair: Pair | null = null
let others: Other[] = []
try {
  await writeRandomFile(join(folder, 'source'), sizeBytes)
  others = await startOthers(folder)
  for (let number = 1; number <= rounds; number++) {
    // a new ring each round: the peers' folders stay as small as one file
    pair = await startPair(folder)
    const source = await round(folder, number, pair)
    await pair.cluster.stop()
    pair = null
    for (const other of others) note(other.name, await timed(() => other.copy(source)))
  }
  sayResults()
} finally {
  await pair?.cluster.stop()
  for (const other of others) await other.stop()
  await rm(folder, { recursive: true, force: true })
}
