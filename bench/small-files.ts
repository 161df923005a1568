/**
 * Many small files stored on, and requested from, another peer on this machine, beside Syncthing and an rsync daemon in the same run. All of
 * them copy the same folder to one other machine. On a busy machine only the ratios mean anything.
 *
 *     npm run bench:small [-- ROUNDS [FILES]]
 */

import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Machine } from '../tests/cluster/processes.ts'
import { type Other, Skipped, startRsync } from './others.ts'
import { startSyncthing } from './syncthing.ts'
import { fastFolder, median, nameOwnedBy, type Pair, say, sayTable, startPair, timed } from './tools.ts'

const rounds = Number(process.argv[2] ?? 3)
const count = Number(process.argv[3] ?? 10_000)
const fileBytes = 4096

/** Rows of the table, in the order of their first round. */
const seconds = new Map<string, number[]>()
const note = (what: string, value: number): void => {
  seconds.set(what, [...(seconds.get(what) ?? []), value])
}

/** A folder of fresh files, each of which belongs on `far` where a ring is given. */
async function makeFiles(folder: string, ring: Pair): Promise<void> {
  await mkdir(folder)
  for (let number = 0; number < count; number++) {
    const name = nameOwnedBy(ring.far, ring.near, `many/f${number}`).slice('many/'.length)
    await writeFile(join(folder, name), randomBytes(fileBytes))
  }
}

/** Runs a command whose answer names each file, with the machine that has it. */
async function each(machine: Machine, far: Machine, [command, ...args]: readonly [string, ...string[]]): Promise<void> {
  const { code, json, stderr } = await machine.run(command, ...args)
  const machines = json.map((line) => (line[command === 'store' ? 'holders' : 'from'] as { id: string }[]).map(({ id }) => id).join())
  if (code !== 0 || json.length !== count) throw new Error(`${command}: exit ${code}, ${json.length} of ${count} files: ${stderr}`)
  if (machines.some((ids) => ids !== far.id)) throw new Error(`${command}: not all bytes went over the network`)
}

/** The highest resident set so far, in MB. */
async function peak(machine: Machine): Promise<string> {
  const status = await readFile(`/proc/${machine.process.pid}/status`, 'utf8').catch(() => '')
  const [, kibibytes = 'NaN'] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? []
  return ((Number(kibibytes) * 1024) / 1e6).toFixed(0)
}

async function round(folder: string): Promise<void> {
  const ring = await startPair(folder)
  const source = join(folder, 'many')
  const out = join(folder, 'out')
  try {
    await makeFiles(source, ring)
    await mkdir(out)
    note('ringdrop store', await timed(() => each(ring.near, ring.far, ['store', source])))
    note('ringdrop request', await timed(() => each(ring.near, ring.far, ['request', '--out', out, 'many'])))
    say(`peak MB: ${await peak(ring.near)} stores and requests, ${await peak(ring.far)} keeps`)
  } finally {
    await ring.cluster.stop()
    await rm(out, { recursive: true, force: true })
  }
  // Syncthing is last: the folder becomes its own
  for (const start of [startRsync, startSyncthing]) {
    let other: Other | null = null
    try {
      other = await start(folder)
      const running = other
      note(running.name, await timed(() => running.copy(source)))
    } catch (error) {
      if (!(error instanceof Skipped)) throw error
      say(`skipped: ${error.message}`)
    } finally {
      await other?.stop()
    }
  }
}

function sayResults(): void {
  const others = [...seconds.keys()].filter((what) => !what.startsWith('ringdrop'))
  const rows = [['', 'median s', 'files/s', ...others.map((what) => `of ${what.split(' ')[0] ?? what}`)]]
  for (const [what, times] of seconds) {
    // speed as a multiple of the other's, pair by pair
    const shares = others.map((other) => median((seconds.get(other) ?? []).map((time, index) => time / (times[index] ?? NaN))))
    rows.push([what, median(times).toFixed(2), (count / median(times)).toFixed(0), ...shares.map((share) => share.toFixed(2))])
  }
  say(`${count} files of ${fileBytes} bytes, ${rounds} rounds; the last columns: speed as a multiple of that one's, median of the pairs`)
  sayTable(rows)
}

for (let number = 1; number <= rounds; number++) {
  const folder = await mkdtemp(join(fastFolder, 'ringdrop-bench-'))
  try {
    await round(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
sayResults()
