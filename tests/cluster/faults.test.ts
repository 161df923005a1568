/** Bad input and faults against real processes: one clear error each, nothing acknowledged lost, nobody dies. */

import { execFileSync } from 'node:child_process'
import { connect } from 'node:net'
import { chmod, mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hashOf, makeFile, type TestFile } from './files.ts'
import { Cluster, LineProcess, until, type JsonObject, type Machine } from './processes.ts'

const bigBytes = 200_000_000
const isRoot = process.getuid?.() === 0

let folder: string
let cluster: Cluster
const machines: Machine[] = []
let big: TestFile

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringdrop-faults-'))
  big = await makeFile(folder, 'big.iso', bigBytes)
  cluster = new Cluster()
  const desk = await cluster.start({ name: 'Desk' })
  machines.push(desk)
  for (const name of ['Laptop', 'Attic', 'Studio', 'Kitchen']) machines.push(await cluster.start({ name, join: await desk.invite() }))
  await Promise.all(
    machines.map((machine) => until(async () => (await machine.ask('status'))['peers'] === 5, `${machine.name} knows all five`)),
  )
})

afterAll(async () => {
  await cluster.stop()
  await rm(folder, { recursive: true, force: true })
})

const desk = (): Machine => machines[0]!

/** Where each machine's events end now. */
const eventsSeen = (): Map<Machine, number> => new Map(machines.map((machine) => [machine, machine.events().length]))

/** The first of `among` that, after `seen`, asked for the bytes of a store. */
function takesBytes(among: readonly Machine[], seen: ReadonlyMap<Machine, number>): Promise<Machine> {
  const asksOn = (event: JsonObject): boolean =>
    event['event'] === 'line' && event['direction'] === 'sent' && String(event['line']).startsWith('/continue ')
  return Promise.race(
    among.map(async (machine) => {
      await machine.event(asksOn, 'asks for the bytes', { from: seen.get(machine) ?? 0 })
      return machine
    }),
  )
}

describe('files that cannot be stored', () => {
  test.each([
    ['a file that is not there', 'missing.txt', 'not there'],
    ['a folder with nothing in it stores nothing, a device is refused', '/dev/null', 'not a regular file'],
  ])('%s', async (_, path, why) => {
    const result = await desk().run('store', path.startsWith('/') ? path : join(folder, path))
    expect(result.code).toBe(1)
    expect(result.stderr).toContain(why)
    expect(result.stderr.trim().split('\n')).toHaveLength(1)
  })

  test.each(['../up.txt', 'a/../../b.txt', '/rooted.txt', 'C:evil.txt', 'a\\b.txt', 'nul\u0001.txt', 'x'.repeat(256)])(
    'the name %j is refused',
    async (name) => {
      const file = await makeFile(folder, 'harmless.txt', 10)
      const result = await desk().run('store', file.path, `--as=${name}`)
      expect(result.code).not.toBe(0)
      expect(result.stderr).not.toBe('')
    },
  )

  test.skipIf(isRoot)('an unreadable file (skipped as root, who may read everything)', async () => {
    const file = await makeFile(folder, 'secret.txt', 10)
    await chmod(file.path, 0)
    expect((await desk().run('store', file.path)).stderr).toContain('may not be read')
  })

  test('a file that shrinks while it is stored is refused, and no half of it is shown', async () => {
    const shrinking = await makeFile(folder, 'shrinking.iso', bigBytes)
    const seen = eventsSeen()
    // a file is read only once: held to ten seconds, it is still being read when it shrinks
    await desk().ask('limits', '--up', '20M')
    const storing = desk().run('store', shrinking.path)
    await takesBytes(machines.slice(1), seen)
    await truncate(shrinking.path, 1000)
    const result = await storing
    await desk().ask('limits', '--up', 'none')
    expect(result.code).toBe(1)
    expect(result.stderr).toContain('changed while it was being stored')
    expect((await machines[3]!.run('request', 'shrinking.iso')).code).toBe(3)
  })
})

describe('machines that fail', () => {
  test('a holder killed in mid-store is replaced by the next', async () => {
    const seen = eventsSeen()
    const storing = desk().run('store', big.path)
    const holder = await takesBytes(machines.slice(1), seen)
    await holder.kill()
    const { code, json } = await storing
    expect([code, json[0]?.['state'], json[0]?.['copies']]).toEqual([0, 'stored', 3])
    expect(json[0]!['holders'].map((held: JsonObject) => held['id'])).not.toContain(holder.id)
    machines[machines.indexOf(holder)] = await cluster.start({ name: holder.name, data: holder.data })
    const data = await readdir(join(holder.data, 'content', 'partial'))
    expect(data, 'nothing half-written stays').toEqual([])
  })

  test('a holder killed in mid-request is stepped over', async () => {
    await until(async () => (await desk().ask('status'))['peers'] === 5, 'all five are back')
    const holders: JsonObject[] = (await desk().ask('where', 'big.iso'))['versions'][0]['holders']
    const ids = holders.map((holder) => holder['id'])
    const requester = machines.find((machine) => !ids.includes(machine.id))!
    const seen = eventsSeen()
    const requesting = requester.run('request', 'big.iso', '--out', join(folder, 'got.iso'))
    const serving = await Promise.race(
      machines
        .filter((machine) => ids.includes(machine.id))
        .map(async (machine) => {
          await machine.event((event) => event['event'] === 'serving', 'it serves', { from: seen.get(machine)! })
          return machine
        }),
    )
    await serving.kill()
    const { code, stderr } = await requesting
    expect(code, stderr).toBe(0)
    expect(await hashOf(join(folder, 'got.iso'))).toBe(big.sha256)
    machines[machines.indexOf(serving)] = await cluster.start({ name: serving.name, data: serving.data })
  })

  test('the storing machine killed in mid-store leaves no half file', async () => {
    await until(async () => (await machines[4]!.ask('status'))['peers'] === 5, 'all five are back')
    const file = await makeFile(folder, 'orphan.iso', bigBytes)
    const writer = machines[1]!
    const seen = eventsSeen()
    const storing = writer.run('store', file.path).catch(() => null)
    await takesBytes(
      machines.filter((machine) => machine !== writer),
      seen,
    )
    await writer.kill()
    await storing
    const { code } = await machines[2]!.run('request', 'orphan.iso', '--out', join(folder, 'orphan.out'))
    // whole, when everything was on its way already; else not there: never a part
    if (code === 0) expect(await hashOf(join(folder, 'orphan.out'))).toBe(file.sha256)
    else expect([1, 3]).toContain(code)
    machines[1] = await cluster.start({ name: writer.name, data: writer.data })
  })

  test('damaged bytes on a holder are found, and replaced by a good copy', async () => {
    await until(async () => (await desk().ask('status'))['peers'] === 5, 'all five are back')
    const file = await makeFile(folder, 'precious.txt', 3_000_000)
    const stored = await desk().ask('store', file.path)
    const holder = machines.find((machine) => machine.id === stored['holders'][0]['id'])!
    const path = join(holder.data, 'content', file.sha256.slice(0, 2), file.sha256)
    await writeFile(path, Buffer.alloc(3_000_000, 7))
    const { code, json } = await holder.run('verify', 'precious.txt')
    expect(code).not.toBe(0)
    expect(json).toEqual([expect.objectContaining({ name: 'precious.txt' })])
    await until(async () => (await hashOf(path)) === file.sha256, 'the copy is good again')
    expect((await holder.run('verify', 'precious.txt')).code).toBe(0)
  })
})

describe('strangers and rubbish', () => {
  test('a second process on the same data folder is refused', async () => {
    const second = new LineProcess(['serve', '--json', '--data', desk().data, '--no-web', '--no-share', '--no-discovery'])
    const { code } = await second.exited
    expect(code).not.toBe(0)
    expect(second.errorLines.join(' ')).toMatch(/another process|already/i)
  })

  test('a port in use is one clear line', async () => {
    const port = desk().address.split(':').at(-1)!
    const second = new LineProcess([
      'serve',
      '--data',
      join(folder, 'other'),
      '--host',
      '127.0.0.1',
      '--port',
      port,
      '--no-web',
      '--no-share',
      '--no-discovery',
    ])
    const { code } = await second.exited
    expect(code).toBe(1)
    expect(second.errorLines.join('\n')).toContain(port)
    expect(second.errorLines).toHaveLength(1)
  })

  test.each([
    ['mangled', (link: string) => `${link.slice(0, -4)}AAAA`],
    ['cut', (link: string) => link.slice(0, 60)],
    ['of another kind', () => 'https://example.org/'],
  ])('a link that is %s is refused', async (_, mangle) => {
    const stranger = new LineProcess([
      'serve',
      '--data',
      join(folder, 'stranger'),
      '--host',
      '127.0.0.1',
      '--no-web',
      '--no-share',
      '--no-discovery',
      '--join',
      mangle(await desk().invite()),
    ])
    const { code } = await stranger.exited
    expect([1, 2]).toContain(code)
    expect(stranger.errorLines.join(' ')).toContain('link')
  })

  test('an invite works once', async () => {
    const link = await desk().invite()
    const guest = await cluster.start({ name: 'Guest', join: link })
    const second = new LineProcess([
      'serve',
      '--data',
      join(folder, 'late'),
      '--host',
      '127.0.0.1',
      '--no-web',
      '--no-share',
      '--no-discovery',
      '--join',
      link,
    ])
    expect((await second.exited).code).toBe(1)
    expect(second.errorLines.join(' ')).toContain('used up or too old')
    expect((await guest.leave()).code).toBe(0)
  })

  test('bytes that are no protocol do not disturb a peer', async () => {
    const [host, port] = desk().address.split(':') as [string, string]
    await new Promise<void>((done) => {
      const socket = connect(Number(port), host, () => socket.end(Buffer.alloc(100_000, 'GET / HTTP/1.1\r\n')))
      socket.on('error', () => undefined)
      socket.on('close', () => done())
    })
    expect((await desk().ask('status'))['peers']).toBeGreaterThanOrEqual(4)
  })

  test('a damaged settings file is set aside, a damaged ring file too', async () => {
    const data = join(folder, 'damaged')
    await mkdir(data, { recursive: true })
    await writeFile(join(data, 'settings.json'), '{"machineName": ')
    await writeFile(join(data, 'ring.json'), 'nonsense')
    const machine = await cluster.start({ name: 'Damaged', data })
    expect((await machine.ask('status'))['peers']).toBe(1)
    expect(await readdir(data)).toEqual(expect.arrayContaining(['settings.json.bad', 'ring.json.bad']))
    await machine.kill()
  })
})

describe('a full disk', () => {
  const canMount = isRoot && process.platform === 'linux'
  test.skipIf(!canMount)(
    'a holder without room is stepped over; a writer without room is told (skipped where no small disk can be mounted)',
    async () => {
      const mount = join(folder, 'small-disk')
      await mkdir(mount)
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', mount])
      try {
        const full = await cluster.start({ name: 'Full', data: join(mount, 'data'), join: await desk().invite() })
        await until(async () => (await full.ask('status'))['peers'] >= 5, 'it knows the ring')
        const file = await makeFile(folder, 'too-big-for-one.iso', 80_000_000)
        const stored = await full.ask('store', file.path)
        expect(stored).toMatchObject({ state: 'stored', copies: 3 })
        expect(stored['holders'].map((holder: JsonObject) => holder['id'])).not.toContain(full.id)
        const request = await full.run('request', 'too-big-for-one.iso', '--out', join(mount, 'out.iso'))
        expect(request.code).toBe(6)
        expect(request.stderr).toMatch(/room|full/)
        expect(await readdir(mount)).toEqual(['data'])
        await full.leave()
      } finally {
        execFileSync('umount', ['-l', mount])
      }
    },
  )
})
