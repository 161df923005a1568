/**
 * A file of 10 KB requested again and again in a ring of five, each time by a machine that does not hold it, connections warm: from the
 * command's arrival at the peer until the bytes are on the disk. Beside it as many bytes over one warm TLS connection.
 *
 *     npm run bench:lookup [-- REQUESTS]
 */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { askPeer } from '../electron/headless/control-client.ts'
import type { Machine } from '../tests/cluster/processes.ts'
import { median, quantile, say, sayBounds, sayTable } from './figures.ts'
import { roundTrips } from './pipe.ts'
import { argument, inFolder, nameKeptByOthers, withRing, writeRandomFile } from './tools.ts'

const requests = argument(1, 200)
/** Not counted: they open the connections. */
const warmUps = 20
const machineCount = 5
const copies = 2
const sizeBytes = 10_000
const limitMs = 20

/** Milliseconds of one request, as the peer counts them; over its control socket, as the command line would ask. */
async function request(machine: Machine, name: string, out: string): Promise<number> {
  let ms = NaN
  await askPeer(
    { dataFolder: machine.data, name: 'request', argument: { names: [name], out } },
    {
      onItem: (item) => {
        ms = item.seconds * 1000
      },
      onFailed: (error) => {
        throw new Error(error.message)
      },
    },
  )
  await rm(out)
  return ms
}

function row(what: string, times: readonly number[], limits: readonly number[]): string[] {
  const values = [median(times), quantile(times, 0.99)]
  return [what, ...values.map((value) => value.toFixed(2)), (median(times) / median(limits)).toFixed(1)]
}

await inFolder(async (folder) => {
  const source = join(folder, 'source')
  await writeRandomFile(source, sizeBytes)
  const plan = { copies, machines: Array.from({ length: machineCount }, () => ({})) }
  const times = await withRing(folder, plan, async (machines) => {
    const [near] = machines
    if (!near) return []
    const name = nameKeptByOthers(machines, copies, 'small')
    // by another machine, so that the asking one has never had it
    await machines[1]?.ask('store', '--as', name, source)
    const measured: number[] = []
    for (let number = 0; number < warmUps + requests; number++) measured.push(await request(near, name, join(folder, `copy-${number}`)))
    return measured.slice(warmUps)
  })
  const limits = (await roundTrips(sizeBytes, warmUps + requests)).slice(warmUps)
  say(`${sizeBytes} bytes, ${requests} requests in a ring of ${machineCount}, ${copies} copies`)
  sayTable([
    ['ms', 'median', '99 %', 'of the limit'],
    row('request', times, limits),
    row('limit: the bytes over one TLS connection', limits, limits),
  ])
  say()
  sayBounds([{ what: 'request, median ms', value: median(times), most: limitMs }])
})
