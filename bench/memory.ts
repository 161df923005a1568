/**
 * The most memory that each of two peers takes while one stores, and then requests, one large file that the other keeps; and, in another
 * ring, stores many small ones that both keep (VmHWM of /proc, so on Linux only).
 *
 *     npm run bench:memory [-- MEGABYTES [SMALL_FILES]]
 *
 * Above 4 GB everything lies on the disk of the folder for temporary files, four times the size.
 */

import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Machine } from '../tests/cluster/processes.ts'
import { say, sayBounds, sayTable } from './figures.ts'
import { hasProc, residentMegabytes, resetPeak } from './proc.ts'
import { argument, inFolder, mustBeOthers, nameKeptByOthers, Skipped, timed, withRing, writeRandomFile, writeSmallFiles } from './tools.ts'

const sizeBytes = argument(1, 2000) * 1e6
const smallFiles = argument(2, 100_000)
const smallBytes = 4096
/** More would fill a common machine's RAM with the file and its copies. */
const inRamMaxBytes = 4e9
const limitMegabytes = 150

const rows = [['peak MB', 'near (stores, requests)', 'far (keeps)', 'seconds']]
const pair = [{ name: 'Near' }, { name: 'Far' }]
const peaks: number[] = []

/** Notes the highest resident set of both while `work` ran. */
async function look(what: string, machines: readonly Machine[], work: () => Promise<unknown>): Promise<void> {
  const pids = machines.map(({ process }) => process.pid)
  const seconds = await timed(work)
  const both = await Promise.all(pids.map((pid) => residentMegabytes(pid, 'peak')))
  await Promise.all(pids.map(resetPeak))
  peaks.push(...both)
  rows.push([what, ...both.map((value) => value.toFixed(0)), seconds.toFixed(0)])
}

async function measureLarge(folder: string, machines: readonly Machine[]): Promise<void> {
  const [near] = machines
  if (!near) return
  const source = join(folder, 'source')
  const copy = join(folder, 'requested')
  await writeRandomFile(source, sizeBytes)
  const name = nameKeptByOthers(machines, 1, 'large')
  const size = `${sizeBytes / 1e6} MB`
  await look(`storing ${size}`, machines, async () => mustBeOthers(near, (await near.ask('store', '--as', name, source))['holders'], 1))
  await rm(source)
  await look(`requesting ${size}`, machines, async () => mustBeOthers(near, (await near.ask('request', '--out', copy, name))['from'], 1))
  await rm(copy)
}

async function measureSmall(folder: string, machines: readonly Machine[]): Promise<void> {
  const source = join(folder, 'small')
  await writeSmallFiles(source, smallFiles, smallBytes)
  await look(`storing ${smallFiles} files of ${smallBytes} bytes`, machines, async () => machines[0]?.ask('store', source))
}

await inFolder(
  async (folder) => {
    if (!hasProc) throw new Skipped('peak memory is read from /proc, which this system has not')
    await withRing(folder, { copies: 1, machines: pair }, async (machines) => {
      await look('started', machines, () => Promise.resolve())
      if (sizeBytes > 0) await measureLarge(folder, machines)
    })
    // with one copy each machine would keep as many as the machines' places on the circle happen to give it
    if (smallFiles > 0) await withRing(folder, { copies: 2, machines: pair }, (machines) => measureSmall(folder, machines))
    sayTable(rows)
    say()
    sayBounds([{ what: 'highest of all, MB', value: Math.max(...peaks), most: limitMegabytes }])
  },
  sizeBytes > inRamMaxBytes ? tmpdir() : undefined,
)
