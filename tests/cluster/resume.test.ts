/** Transfers that are cut short by kill -9 of either side go on where they were: by themselves, and with what had arrived. */

import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hashOf, makeFile, type TestFile } from './files.ts'
import { Cluster, until, type JsonObject, type Machine } from './processes.ts'

const bigBytes = 400_000_000

let folder: string
let cluster: Cluster
let file: TestFile
let holder: Machine
let requester: Machine

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringdrop-resume-'))
  file = await makeFile(folder, 'big.iso', bigBytes)
  cluster = new Cluster()
  const desk = await cluster.start({ name: 'Desk', args: ['--copies', '1'] })
  const laptop = await cluster.start({ name: 'Laptop', join: await desk.invite() })
  const stored = await desk.ask('store', file.path)
  holder = stored['holders'][0]['id'] === desk.id ? desk : laptop
  requester = holder === desk ? laptop : desk
})

afterAll(async () => {
  await cluster.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Bytes of blocks that lie in the hidden file in `target`. */
async function arrivedBytes(target: string): Promise<number> {
  const part = (await readdir(target).catch(() => [])).find((name) => name.endsWith('.ringdrop-part'))
  return part === undefined ? 0 : ((await stat(join(target, part)).catch(() => null))?.blocks ?? 0) * 512
}

/** Asks for the file and cuts `victim` off once the `share` of it has arrived. Result: what had arrived by then, and how the command ended. */
async function cutOff(victim: Machine, target: string, share: number): Promise<{ bytes: number; code: number | null }> {
  await mkdir(target)
  const asking = requester.run('request', file.name, '--out', target)
  let bytes = 0
  while (bytes < bigBytes * share) {
    bytes = await arrivedBytes(target)
    await wait(1)
  }
  await victim.kill()
  const { code } = await asking
  expect(await readdir(target), 'cut off in the middle').toEqual([expect.stringMatching(/ringdrop-part$/)])
  return { bytes: await arrivedBytes(target), code }
}

/** At its old port: both sides that come back with new ones would not find each other. */
function restart(machine: Machine): Promise<Machine> {
  return cluster.start({ name: machine.name, data: machine.data, args: ['--port', machine.address.split(':').at(-1) ?? '0'] })
}

/** Bytes that `machine` was asked for since its event number `from`. */
function askedBytes(machine: Machine, from = 0): number {
  const lines = machine.events().slice(from)
  return lines
    .filter((event) => event['event'] === 'line' && event['direction'] === 'received' && String(event['line']).startsWith('/request '))
    .reduce((sum, event) => sum + Number(String(event['line']).split(' ')[4]), 0)
}

async function shown(): Promise<JsonObject | undefined> {
  return (await requester.run('transfers')).json.find((transfer) => transfer['name'] === file.name)
}

test('a request killed at 90 % goes on by itself after a restart, and moves little of it again', async () => {
  const target = join(folder, 'killed')
  const { bytes } = await cutOff(requester, target, 0.9)
  const from = holder.events().length
  requester = await restart(requester)
  await until(async () => (await readdir(target)).includes(file.name), 'it is here')
  expect(await hashOf(join(target, file.name))).toBe(file.sha256)
  expect(await readdir(target)).toEqual([file.name])
  const moved = askedBytes(holder, from)
  expect(moved / bigBytes).toBeLessThanOrEqual(0.12)
  expect(moved).toBeGreaterThan(0)
  expect(moved, 'at most what was missing, and a few blocks under way').toBeLessThanOrEqual(bigBytes - bytes + 8 * 1_048_576)
  expect(await shown()).toMatchObject({ state: 'done', error: null })
})

test('a holder killed in the middle is told at once to who waits; asked again, only the rest moves', async () => {
  const target = join(folder, 'holder')
  const { bytes, code } = await cutOff(holder, target, 0.5)
  expect(code).toBe(1)
  holder = await restart(holder)
  await until(
    async () => (await requester.ask('status'))['peers'] === 2 && (await requester.run('where', file.name)).code === 0,
    'it is back',
  )
  const result = await until(async () => {
    const { code: ended, json } = await requester.run('request', file.name, '--out', target)
    return ended === 0 ? json[0] : null
  }, 'it is here')
  expect(await hashOf(join(target, file.name))).toBe(file.sha256)
  expect(result['from'][0]['bytes']).toBeLessThanOrEqual(bigBytes - bytes + 8 * 1_048_576)
})

test('with both killed, the request waits for the holder and ends when it is back', async () => {
  const target = join(folder, 'both')
  const { bytes } = await cutOff(requester, target, 0.5)
  await holder.kill()
  requester = await restart(requester)
  await until(async () => (await shown())?.['waitsFor'] === 'machine', 'it waits for a machine')
  expect(await shown()).toMatchObject({ state: 'waiting', endedAt: null, error: { code: expect.stringMatching(/reach/) } })
  holder = await restart(holder)
  await until(async () => (await readdir(target)).includes(file.name), 'it is here')
  expect(await hashOf(join(target, file.name))).toBe(file.sha256)
  expect(askedBytes(holder)).toBeLessThanOrEqual(bigBytes - bytes + 8 * 1_048_576)
})

test('a store whose machine is killed is done by itself after a restart', async () => {
  const big = await makeFile(folder, 'other.iso', bigBytes)
  const storing = requester.run('store', big.path)
  await until(async () => (await readFile(join(requester.data, 'transfers.json'), 'utf8')).includes(big.path), 'it is written down')
  await requester.kill()
  await storing
  requester = await restart(requester)
  const found = await until(async () => (await requester.run('where', big.name)).json[0], 'it is stored')
  expect(found['versions']).toEqual([expect.objectContaining({ sha256: big.sha256, size: bigBytes })])
  expect(await requester.ask('request', big.name, '--out', join(folder, 'other.out'))).toMatchObject({ sha256: big.sha256 })
})

test('at a limit, bytes go at its rate, and it is told that the limit sets the pace', async () => {
  const small = await makeFile(folder, 'limited.iso', 12_000_000)
  await holder.ask('store', small.path)
  const from = (await holder.ask('where', small.name))['versions'][0]['holders'][0]['id'] === holder.id ? requester : holder
  expect(await from.ask('limits', '--down', '4M')).toEqual({ up: null, down: 4_000_000, background: 50 })
  const asking = from.ask('request', small.name, '--out', join(folder, 'limited.out'))
  const paced = until(
    async () => (await from.run('transfers')).json.find((transfer) => transfer['name'] === small.name && transfer['pace'] !== null),
    'the pace is told',
  )
  expect((await paced)['pace']).toEqual({ what: 'own-limit', machine: null })
  expect((await asking)['seconds'], 'never faster, whatever the machine').toBeGreaterThan(2)
})
