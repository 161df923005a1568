/**
 * One file of 1 GiB stored on, and requested from, another peer on this machine, beside scp, Syncthing, rsync and a bare TLS pipe in
 * the same run. Times are of whole commands, from start to exit. On a busy machine only the ratios mean anything.
 *
 *     npm run bench:transfer [-- ROUNDS [MIB]]
 */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Machine } from '../tests/cluster/processes.ts'
import { type Bound, Rounds, say, sayBounds, sayTable } from './figures.ts'
import { startOthers, startRsync, startScp } from './others.ts'
import { startPipe } from './pipe.ts'
import { cpuSeconds, hasProc } from './proc.ts'
import { startSyncthing } from './syncthing.ts'
import { argument, inFolder, makeNew, mustBeOthers, nameKeptByOthers, timed, warmMemory, withRing, writeRandomFile } from './tools.ts'

const rounds = argument(1, 5)
const mebibytes = argument(2, 1024)
const sizeBytes = mebibytes * 1024 * 1024

/** The source, and the copies of all programs. */
const filesAtOnce = 6

const seconds = new Rounds()
/** Processor seconds per GB. */
const work = new Rounds()

/** Times `run` and notes what each machine of the transfer worked for it. */
async function measure(what: string, machines: Readonly<Record<string, Machine>>, run: () => Promise<unknown>): Promise<void> {
  const worked = async ({ process }: Machine): Promise<number> => (hasProc ? cpuSeconds(process.pid) : NaN)
  const workedBy = (): Promise<number[]> => Promise.all(Object.values(machines).map(worked))
  const before = await workedBy()
  seconds.note(what, await timed(run))
  const after = await workedBy()
  for (const [index, role] of Object.keys(machines).entries())
    work.note(`${what}: ${role}`, ((after[index] ?? NaN) - (before[index] ?? NaN)) / (sizeBytes / 1e9))
}

async function ownRound(folder: string, source: string): Promise<void> {
  // a new ring each round: the peers' folders stay as small as one file
  await withRing(folder, { copies: 1, machines: [{ name: 'Near' }, { name: 'Far' }] }, async ([near, far]) => {
    if (!near || !far) return
    const name = nameKeptByOthers([near, far], 1, 'file')
    const copy = join(folder, 'requested')
    await measure('ringdrop store', { writer: near, holder: far }, async () =>
      mustBeOthers(near, (await near.ask('store', '--as', name, source))['holders'], 1),
    )
    await measure('ringdrop request', { requester: near, holder: far }, async () =>
      mustBeOthers(near, (await near.ask('request', '--out', copy, name))['from'], 1),
    )
    await rm(copy)
  })
}

const column = (name: string): string => name.split(/[ :]/)[0] ?? name

function sayResults(): void {
  const against = seconds.names.filter((what) => !what.startsWith('ringdrop'))
  const rows = [['', 'median s', 'fastest', 'slowest', 'MB/s', ...against.map((what) => `of ${column(what)}`)]]
  for (const what of seconds.names) {
    const median = seconds.median(what)
    const ends = [Math.min(...seconds.of(what)), Math.max(...seconds.of(what))]
    // speed as a multiple of the other's speed
    const shares = against.map((other) => seconds.ratio(other, what))
    rows.push([
      what,
      ...[median, ...ends].map((value) => value.toFixed(2)),
      (sizeBytes / 1e6 / median).toFixed(0),
      ...shares.map((share) => share.toFixed(2)),
    ])
  }
  say(`${mebibytes} MiB, ${rounds} rounds; the last columns: speed as a multiple of that one's, median of the pairs`)
  sayTable(rows)
  say()
  sayTable([['processor seconds per GB', 'median'], ...work.names.map((what) => [what, work.median(what).toFixed(2)])])
  say()
  sayBounds(
    ['ringdrop store', 'ringdrop request'].flatMap((what) =>
      against.flatMap((other): Bound[] => {
        const least = { scp: 1.2, Syncthing: 3, limit: 1 }[column(other)]
        return least === undefined ? [] : [{ what: `${what} / ${column(other)}`, value: seconds.ratio(other, what), least }]
      }),
    ),
  )
}

await inFolder(async (folder) => {
  const source = join(folder, 'source')
  await warmMemory(folder, filesAtOnce * sizeBytes)
  await writeRandomFile(source, sizeBytes)
  const others = await startOthers(folder, [startScp, startSyncthing, startRsync, startPipe])
  try {
    for (let round = 0; round < rounds; round++) {
      await makeNew(source)
      await ownRound(folder, source)
      for (const other of others) {
        seconds.note(other.name, await timed(() => other.copy(source)))
        await other.tidy?.()
      }
    }
    sayResults()
  } finally {
    for (const other of others) await other.stop()
  }
})
