/** Peers in one process, over real sockets and disks: what is quicker to arrange without processes. */

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { PeerApi } from '../../electron/peer/peer-api.ts'
import type { PeerOptions } from '../../electron/peer/peer-options.ts'
import { startPeer } from '../../electron/peer/peer.ts'
import { hashOf, makeFile } from './files.ts'
import { until } from './processes.ts'

let folder: string
let peers: PeerApi[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringdrop-peers-'))
  peers = []
})

afterEach(async () => {
  await Promise.all(peers.map((peer) => peer.stop()))
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
})

async function start(name: string, options: Partial<PeerOptions> = {}): Promise<PeerApi> {
  const peer = await startPeer({
    dataFolder: join(folder, name),
    downloadsFolder: join(folder, `${name} downloads`),
    host: '127.0.0.1',
    port: 0,
    machineName: name,
    sharedFolder: null,
    discovery: false,
    log: 'none',
    repairDelaySeconds: 0,
    ...options,
  })
  peers.push(peer)
  return peer
}

/** A ring of machines with these names; everyone knows everyone. */
async function ringOf(...names: [string, ...string[]]): Promise<PeerApi[]> {
  const [first, ...others] = names
  const founder = await start(first)
  const ring = [founder]
  for (const name of others) ring.push(await start(name, { join: (await founder.invite()).link }))
  for (const peer of ring) await until(() => peer.status().peers === names.length, `${peer.id} knows all`)
  return ring
}

describe('requesting', () => {
  test('a holder with rotten bytes is stepped over, and what arrives is right', async () => {
    const ring = await ringOf('Desk', 'Laptop', 'Attic', 'Studio')
    const file = await makeFile(folder, 'precious.bin', 5_000_000)
    const stored = await ring[0]!.storeFile(file.path)
    expect(stored.copies).toBe(3)
    const ids = stored.holders.map((holder) => holder.id)
    const requester = ring.find((peer) => !ids.includes(peer.id))!
    const rotten = ring.find((peer) => peer.id === ids[0])!
    await writeFile(join(rotten.dataFolder, 'content', file.sha256.slice(0, 2), file.sha256), Buffer.alloc(5_000_000, 1))
    const result = await requester.requestFile('precious.bin', { out: join(folder, 'out.bin') })
    expect(await hashOf(join(folder, 'out.bin'))).toBe(file.sha256)
    expect(result.from.map((from) => from.id)).not.toContain(rotten.id)
  })

  test('a cancelled request leaves nothing behind', async () => {
    const [desk, laptop] = await ringOf('Desk', 'Laptop')
    const file = await makeFile(folder, 'large.bin', 30_000_000)
    await desk!.storeFile(file.path)
    const cancel = new AbortController()
    const target = join(folder, 'target')
    await mkdir(target)
    const requesting = laptop!.requestFile('large.bin', { out: target, signal: cancel.signal, onProgress: () => cancel.abort() })
    await expect(requesting).rejects.toMatchObject({ code: 'cancelled' })
    expect(await readdir(target)).toEqual([])
  })

  test('a clash in the downloads folder makes a second file', async () => {
    const [desk] = await ringOf('Desk')
    await desk!.storeFile((await makeFile(folder, 'note.txt', 10)).path)
    await desk!.requestFile('note.txt')
    const { out } = await desk!.requestFile('note.txt')
    expect(out).toBe(join(folder, 'Desk downloads', 'note (2).txt'))
  })
})

describe('what a person asked for', () => {
  test('goes on after the next start: a drop of many files, and a request that was paused stays so', async () => {
    const [desk] = await ringOf('Desk')
    const many = join(folder, 'many')
    await mkdir(many)
    for (let number = 0; number < 20; number++) await writeFile(join(many, `${number}.txt`), `file ${number}`)
    await desk!.storeFile((await makeFile(folder, 'large.bin', 30_000_000)).path)
    const id = await desk!.queueRequest('large.bin', {})
    desk!.pauseTransfer(id)
    expect(await desk!.queueStores([many], 'decline')).toBe(20)
    await desk!.stop()
    const again = await start('Desk')
    await until(() => again.files(null).files.length === 21, 'all of the drop is stored')
    const shown = (): unknown => again.transfers().find((transfer) => transfer.id === id)?.state
    expect(await until(shown, 'the request is in the list')).toBe('paused')
    again.resumeTransfer(id)
    await until(() => shown() === 'done', 'it is done')
    expect(await readdir(join(folder, 'Desk downloads'))).toEqual(['large.bin'])
    await again.stop()
    const third = await start('Desk')
    expect(third.transfers(), 'what ended is not begun again').toEqual([])
  })

  test('that was asked for twice is one file', async () => {
    const [desk] = await ringOf('Desk')
    await desk!.storeFile((await makeFile(folder, 'large.bin', 30_000_000)).path)
    const first = await desk!.queueRequest('large.bin', {})
    desk!.pauseTransfer(first)
    const second = await desk!.queueRequest('large.bin', {})
    await until(() => desk!.transfers().find((transfer) => transfer.id === second)?.state === 'done', 'it is done')
    expect(desk!.transfers().some((transfer) => transfer.id === first)).toBe(false)
    expect(await readdir(join(folder, 'Desk downloads'))).toEqual(['large.bin'])
  })

  test('leaves nothing behind when it is given up while it is paused', async () => {
    const [desk] = await ringOf('Desk')
    await desk!.storeFile((await makeFile(folder, 'large.bin', 150_000_000)).path)
    const target = join(folder, 'target')
    await mkdir(target)
    const id = await desk!.queueRequest('large.bin', { out: target })
    await until(() => (desk!.transfers().find((transfer) => transfer.id === id)?.doneBytes ?? 0) > 0, 'it is under way')
    desk!.pauseTransfer(id)
    expect(desk!.transfers().find((transfer) => transfer.id === id)?.state).toBe('paused')
    expect(await readdir(target), 'what arrived is there').toEqual([expect.stringMatching(/ringdrop-part$/)])
    desk!.cancelTransfer(id)
    await until(async () => (await readdir(target)).length === 0, 'nothing is left')
  })
})

describe('rings', () => {
  test('a machine brings its files along, and they get their copies', async () => {
    const desk = await start('Desk')
    const laptop = await start('Laptop')
    const file = await makeFile(folder, 'from the laptop.txt', 1000)
    await laptop.storeFile(file.path)
    await laptop.join((await desk.invite()).link, true)
    await until(
      () => desk.files(null).files.some((entry) => entry.name === 'from the laptop.txt' && entry.holders.length === 2),
      'two copies',
    )
    expect((await desk.requestFile('from the laptop.txt', { out: join(folder, 'got.txt') })).sha256).toBe(file.sha256)
  })

  test('a machine that joins without its files keeps them aside', async () => {
    const desk = await start('Desk')
    const laptop = await start('Laptop')
    await laptop.storeFile((await makeFile(folder, 'private.txt', 1000)).path)
    await laptop.join((await desk.invite()).link, false)
    expect(laptop.files(null).files).toEqual([])
    expect((await readdir(laptop.dataFolder)).some((name) => name.startsWith('left-behind-'))).toBe(true)
  })
})

describe('the shared folder', () => {
  test('what is put in is stored; other content of two machines under one name is kept twice', async () => {
    const [one, two] = [join(folder, 'share one'), join(folder, 'share two')]
    const desk = await start('Desk', { sharedFolder: one })
    const laptop = await start('Laptop', { sharedFolder: two, join: (await desk.invite()).link })
    await mkdir(join(one, 'plans'), { recursive: true })
    await writeFile(join(one, 'plans', 'list.txt'), 'from the desk')
    await until(
      () => laptop.files(null).files.some((file) => file.name === 'plans/list.txt' && file.holders.length === 2),
      'stored from the desk',
    )
    await writeFile(join(one, 'plans', 'list.txt'), 'from the desk, changed')
    await until(async () => (await laptop.whereIs('plans/list.txt')).versions[0]?.sizeBytes === 22, 'the change is a version')
    await mkdir(join(two, 'plans'), { recursive: true })
    await writeFile(join(two, 'plans', 'list.txt'), 'from the laptop')
    await until(() => desk.files(null).files.some((file) => file.name === 'plans/list.txt' && file.liveVersions === 2), 'both are kept')
    const { versions } = await desk.whereIs('plans/list.txt')
    const chosen = versions.find((version) => version.writerName === 'Laptop')!
    await desk.chooseVersion('plans/list.txt', chosen.version)
    await until(() => laptop.files(null).files.some((file) => file.name === 'plans/list.txt' && file.liveVersions === 1), 'one is chosen')
    await laptop.requestFile('plans/list.txt', { out: join(folder, 'chosen.txt') })
    expect(await readFile(join(folder, 'chosen.txt'), 'utf8')).toBe('from the laptop')
  })
})
