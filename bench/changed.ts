/**
 * What travels again: of a stored file of 1 GiB in which 1 % changed, of one that is stored again as it was, and of one whose
 * requester was killed at 90 %. Counted on the links of two machines, headers and pings included.
 *
 *     npm run bench:changed [-- ROUNDS [MIB]]
 */

import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { type Cluster, type Machine, until } from '../tests/cluster/processes.ts'
import { Rounds, say, sayBounds, sayTable } from './figures.ts'
import { type Host, withHosts } from './hosts.ts'
import { argument, inFolder, makeNew, nameKeptByOthers, withRing, writeRandomFile } from './tools.ts'

const rounds = argument(1, 5)
const sizeBytes = argument(2, 1024) * 1024 * 1024
const changedShare = 0.01
const places = 10
const killedAtShare = 0.9
const resumeTimeoutMs = 600_000

/** Shares of the file's size. */
const moved = new Rounds()

async function changeInPlaces(path: string): Promise<void> {
  const file = await open(path, 'r+')
  const bytes = randomBytes(Math.floor((sizeBytes * changedShare) / places))
  for (let place = 0; place < places; place++) await file.write(bytes, 0, bytes.length, Math.floor(((place + 0.5) * sizeBytes) / places))
  await file.close()
}

/** Bytes over both machines' links so far: each link's arrivals are the other's departures. */
async function total(hosts: readonly Host[]): Promise<number> {
  let sum = 0
  for (const host of hosts) sum += await host.receivedBytes()
  return sum
}

async function measure(what: string, hosts: readonly Host[], work: () => Promise<unknown>): Promise<void> {
  const before = await total(hosts)
  await work()
  moved.note(what, ((await total(hosts)) - before) / sizeBytes)
}

/** Asks for the file, kills the asking peer when `killedAtShare` of it has come, starts it again and waits for the file. */
async function killAndResume(asked: { cluster: Cluster; near: Machine; own: Host; name: string }, out: string): Promise<void> {
  const { cluster, near, own, name } = asked
  const before = await own.receivedBytes()
  const command = near.run('request', '--out', out, name)
  while ((await own.receivedBytes()) - before < sizeBytes * killedAtShare) await wait(1)
  await near.kill()
  await command
  const port = near.address.split(':').at(-1) ?? '0'
  await cluster.start({ ...own.options, name: near.name, data: near.data, args: ['--port', port] })
  await until(() => stat(out), 'the request goes on by itself', resumeTimeoutMs)
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

async function round(folder: string, hosts: readonly Host[]): Promise<void> {
  const [own] = hosts
  const source = join(folder, 'source')
  const out = join(folder, 'requested')
  await makeNew(source)
  await withRing(folder, { copies: 1, machines: hosts.map((host) => host.options) }, async (machines, cluster) => {
    const [near] = machines
    if (!near || !own) return
    const name = nameKeptByOthers(machines, 1, 'file')
    const store = (...options: readonly string[]): Promise<unknown> => near.ask('store', '--as', name, ...options, source)
    await measure('stored', hosts, () => store())
    await measure('stored again as it was', hosts, () => store())
    await changeInPlaces(source)
    await measure('stored with 1 % changed', hosts, () => store('--replace'))
    await measure('requested, killed at 90 %, resumed', hosts, () => killAndResume({ cluster, near, own, name }, out))
    if ((await hashOf(out)) !== (await hashOf(source))) throw new Error('What was requested is not what was stored')
  })
}

await inFolder(async (folder) => {
  await writeRandomFile(join(folder, 'source'), sizeBytes)
  await withHosts(2, async (hosts) => {
    for (let number = 0; number < rounds; number++) await round(folder, hosts)
  })
  say(`${sizeBytes / 1024 ** 2} MiB, ${rounds} rounds; bytes on the wire as a share of the file's size`)
  sayTable([['', 'median %'], ...moved.names.map((what) => [what, (100 * moved.median(what)).toFixed(2)])])
  say()
  sayBounds([
    { what: '1 % changed: moved, %', value: 100 * moved.median('stored with 1 % changed'), most: 3 },
    { what: 'killed at 90 %: moved again, %', value: 100 * (moved.median('requested, killed at 90 %, resumed') - 1), most: 12 },
  ])
})
