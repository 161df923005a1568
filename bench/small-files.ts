/**
 * Many small files stored on, and requested from, another peer on this machine, beside Syncthing and an rsync daemon in the same run. All of
 * them copy the same folder to one other machine. On a busy machine only the ratios mean anything.
 *
 *     npm run bench:small [-- ROUNDS [FILES]]
 */

import { randomBytes } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Machine } from '../tests/cluster/processes.ts'
import { type Bound, Rounds, say, sayBounds, sayTable } from './figures.ts'
import { startOthers, startRsync } from './others.ts'
import { hasProc, residentMegabytes } from './proc.ts'
import { startSyncthing } from './syncthing.ts'
import { argument, inFolder, mustBeOthers, nameKeptByOthers, timed, withRing } from './tools.ts'

const rounds = argument(1, 5)
const count = argument(2, 10_000)
const fileBytes = 4096

const seconds = new Rounds()
const peaks = new Rounds()

/** A folder of fresh files, each of which belongs on the other machine. */
async function makeFiles(folder: string, machines: readonly Machine[]): Promise<void> {
  await mkdir(folder)
  for (let number = 0; number < count; number++) {
    const name = nameKeptByOthers(machines, 1, `${basename(folder)}/f${number}`)
    await writeFile(join(folder, basename(name)), randomBytes(fileBytes))
  }
}

/** Runs a command whose answer names each file, with the machine that has it. */
async function each(machine: Machine, [command, ...args]: readonly [string, ...string[]]): Promise<void> {
  const { code, json, stderr } = await machine.run(command, ...args)
  if (code !== 0 || json.length !== count) throw new Error(`${command}: exit ${code}, ${json.length} of ${count} files: ${stderr}`)
  for (const line of json) mustBeOthers(machine, line[command === 'store' ? 'holders' : 'from'], 1)
}

async function ownRound(folder: string, source: string): Promise<void> {
  const out = join(folder, 'out')
  await withRing(folder, { copies: 1, machines: [{ name: 'Near' }, { name: 'Far' }] }, async (machines) => {
    const [near, far] = machines
    if (!near || !far) return
    await makeFiles(source, machines)
    await mkdir(out)
    seconds.note('ringdrop store', await timed(() => each(near, ['store', source])))
    seconds.note('ringdrop request', await timed(() => each(near, ['request', '--out', out, basename(source)])))
    if (!hasProc) return
    peaks.note('stores, requests', await residentMegabytes(near.process.pid, 'peak'))
    peaks.note('keeps', await residentMegabytes(far.process.pid, 'peak'))
  })
  await rm(out, { recursive: true })
}

function sayResults(): void {
  const others = seconds.names.filter((what) => !what.startsWith('ringdrop'))
  const rows = [['', 'median s', 'files/s', ...others.map((what) => `of ${what.split(' ')[0] ?? what}`)]]
  for (const what of seconds.names) {
    // speed as a multiple of the other's
    const shares = others.map((other) => seconds.ratio(other, what).toFixed(2))
    rows.push([what, seconds.median(what).toFixed(2), (count / seconds.median(what)).toFixed(0), ...shares])
  }
  say(`${count} files of ${fileBytes} bytes, ${rounds} rounds; the last columns: speed as a multiple of that one's, median of the pairs`)
  sayTable(rows)
  say()
  sayTable([['', 'peak MB'], ...peaks.names.map((what) => [what, peaks.median(what).toFixed(0)])])
  if (!others.includes('Syncthing')) return
  const against = (what: string, least: number): Bound => ({
    what: `${what} / Syncthing`,
    value: seconds.ratio('Syncthing', what),
    least,
  })
  say()
  sayBounds([against('ringdrop store', 10), against('ringdrop request', 20)])
}

await inFolder(async (folder) => {
  for (let round = 0; round < rounds; round++) {
    const source = join(folder, `many-${round}`)
    await ownRound(folder, source)
    // new ones each round, whose books are as empty as the new ring's; Syncthing is last: the folder becomes its own
    for (const start of [startRsync, startSyncthing]) {
      const own = join(folder, `${start.name}-${round}`)
      await mkdir(own)
      for (const other of await startOthers(own, [start])) {
        try {
          seconds.note(other.name, await timed(() => other.copy(source)))
        } finally {
          await other.stop()
        }
      }
      await rm(own, { recursive: true })
    }
  }
  sayResults()
})
