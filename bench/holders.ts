/**
 * Machines whose links are bounded to 100 MB/s each way: a store with three copies beside one with one copy, which takes as long when
 * the bytes leave the writer once; a request from three holders beside one from one, on a link four times as fast, which takes a third.
 * Beside them, bytes over plain TCP on the same links.
 *
 *     npm run bench:holders [-- ROUNDS [MIB [MEGABYTES_A_SECOND]]]
 *
 * A machine whose cores cannot encrypt and check three links' worth of bytes at once shows that instead: give it slower links.
 */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Rounds, say, sayBounds, sayTable } from './figures.ts'
import { type Host, withHosts } from './hosts.ts'
import { plainSeconds } from './plain-pipe.ts'
import { argument, inFolder, makeNew, mustBeOthers, nameKeptByOthers, warmMemory, withRing, writeRandomFile } from './tools.ts'

const rounds = argument(1, 5)
const sizeBytes = argument(2, 512) * 1024 * 1024
const linkRate = argument(3, 100) * 1e6
const requesterRate = 4 * linkRate

/** The source, what is requested, and the copies of a ring, while those of the ring before go. */
const filesAtOnce = 6

const seconds = new Rounds()

/** Stores and requests with so many copies, in a ring of its own. */
async function measure(folder: string, hosts: readonly Host[], copies: number): Promise<void> {
  const [own] = hosts
  await withRing(folder, { copies, machines: hosts.map((host) => host.options) }, async (machines) => {
    const [near] = machines
    if (!near || !own) return
    const name = nameKeptByOthers(machines, copies, 'file')
    // times from command received on: the start of the program is the same on every link
    await own.shape(linkRate)
    const stored = await near.ask('store', '--as', name, join(folder, 'source'))
    mustBeOthers(near, stored['holders'], copies)
    seconds.note(`store, ${copies} copies`, Number(stored['seconds']))
    await own.shape(requesterRate)
    const requested = await near.ask('request', '--out', join(folder, 'copy'), name)
    mustBeOthers(near, requested['from'], copies)
    seconds.note(`request, ${copies} holders`, Number(requested['seconds']))
  })
  await rm(join(folder, 'copy'))
}

async function measureLimits([own, ...others]: readonly Host[]): Promise<void> {
  const [first] = others
  if (!own || !first) return
  await own.shape(linkRate)
  seconds.note('limit: plain TCP to one', await plainSeconds([own], first, sizeBytes))
  await own.shape(requesterRate)
  seconds.note('limit: plain TCP from three', await plainSeconds(others, own, sizeBytes))
}

await inFolder(async (folder) => {
  await warmMemory(folder, filesAtOnce * sizeBytes)
  await writeRandomFile(join(folder, 'source'), sizeBytes)
  await withHosts(4, async (hosts) => {
    for (const host of hosts) await host.shape(linkRate)
    for (let round = 0; round < rounds; round++) {
      await makeNew(join(folder, 'source'))
      await measure(folder, hosts, 1)
      await measure(folder, hosts, 3)
      await measureLimits(hosts)
    }
  })
  say(`${sizeBytes / 1024 ** 2} MiB, ${rounds} rounds, links of ${linkRate / 1e6} MB/s, the requester's ${requesterRate / 1e6} MB/s`)
  sayTable([
    ['', 'median s', 'MB/s'],
    ...seconds.names.map((what) => [what, seconds.median(what).toFixed(2), (sizeBytes / 1e6 / seconds.median(what)).toFixed(0)]),
  ])
  say()
  sayBounds([
    { what: 'store: time of three copies / of one', value: seconds.ratio('store, 3 copies', 'store, 1 copies'), most: 1.1 },
    { what: 'request: speed from three / from one', value: seconds.ratio('request, 1 holders', 'request, 3 holders'), least: 2.7 },
  ])
  say(`store of three copies / plain TCP to one: ${seconds.ratio('store, 3 copies', 'limit: plain TCP to one').toFixed(2)}`)
  say(`request from three / plain TCP from three: ${seconds.ratio('request, 3 holders', 'limit: plain TCP from three').toFixed(2)}`)
})
