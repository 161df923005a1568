import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createFakeIo, type FakeIo } from '../../tests/fakes/fake-io.ts'
import { createScriptedPeer, type ScriptedPeer } from '../../tests/fakes/scripted-peer.ts'
import type { PeerApi } from '../peer/peer-api.ts'
import { startControlServer, type ControlServer } from './control-socket.ts'
import { runCli } from './program.ts'

let base: string
let data: string
let peer: ScriptedPeer

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'ringdrop-test-'))
  data = join(base, 'data')
  peer = createScriptedPeer(data)
})
afterEach(() => rm(base, { recursive: true, force: true }))

const oneLine = (text: string): boolean => /^ringdrop: [^\n]+\n$/.test(text)

describe('wrong usage: exit code 2 and one line', () => {
  it.each([
    'bogus',
    'store',
    'request',
    'where',
    'where a b',
    'store a b --as c',
    'store a --bogus',
    'store a --as=',
    'list --here --mine',
    'list --mine --trash',
    'restore a --keep-both',
    'restore a --version=',
    'whatif',
    'join',
    'serve --port x',
    'serve --port 65536',
    'serve --port -1',
    'serve --announce=',
    'serve --announce home.example.org:7000',
    'serve --announce 203.0.113.7',
    'serve --announce 203.0.113.7:7000,',
    'serve --announce 0.0.0.0:7000',
    'serve --copies 0',
    'serve --copies 9',
    'serve --repair-delay -5',
    'serve --web 8080',
    'serve --data=',
    'classroom init 2 4',
    'classroom init 2 4 5 soon',
    'classroom init 256 4 5 1',
    'classroom init two 4 5 1',
    'classroom join 7 7 1',
    'classroom join 7 4 1 --dir /nowhere/at/all',
    'classroom begin 7',
    'demo 1',
    'demo 13',
    'demo x',
    'demo 2.5',
  ])('%s', async (line) => {
    const io = createFakeIo({ cwd: base })
    expect(await runCli(line.split(' '), io)).toBe(2)
    expect(io.out()).toBe('')
    expect(io.err()).toSatisfy(oneLine)
    expect(io.started).toEqual([])
  })

  it('no command at all shows the help', async () => {
    const io = createFakeIo()
    expect(await runCli([], io)).toBe(2)
    expect(io.err()).toContain('Usage: ringdrop')
  })

  it('--help and --version are no errors', async () => {
    const io = createFakeIo()
    expect(await runCli(['--help'], io)).toBe(0)
    expect(await runCli(['--version'], io)).toBe(0)
    expect(io.out()).toMatch(/\d+\.\d+\.\d+\n$/)
  })
})

describe('without a peer: exit code 5', () => {
  it.each([
    'store a',
    'request a',
    'list',
    'where a',
    'versions a',
    'remove a',
    'restore a',
    'restore a --version 1a2b',
    'list --trash',
    'status',
    'peers',
    'transfers',
    'log',
    'whatif a',
    'verify',
    'invite',
    'join x',
    'leave',
  ])('%s', async (line) => {
    const io = createFakeIo({ cwd: base })
    expect(await runCli([...line.split(' '), '--data', 'data', '--json'], io)).toBe(5)
    expect(io.out()).toBe('')
    expect(io.err()).toSatisfy(oneLine)
    expect(io.err()).toContain(data)
  })
})

describe('with a peer', () => {
  let control: ControlServer
  let io: FakeIo
  const run = (...argv: string[]): Promise<number> => runCli([...argv, '--data', data], io)
  beforeEach(async () => {
    control = await startControlServer({ peer, leave: () => Promise.resolve() })
    await mkdir(join(base, 'here'))
    io = createFakeIo({ cwd: join(base, 'here') })
  })
  afterEach(() => control.close())

  it('paths are those of the person, names come in NFC, -- ends the options', async () => {
    await writeFile(join(base, 'here/-x'), 'x')
    expect(await runCli(['store', '--data', data, '--as', 'Éte\u0301', '--', '-x'], io)).toBe(0)
    expect(peer.calls.find((call) => call.what === 'storeFile')?.args).toEqual([join(base, 'here/-x'), { name: 'Été', onClash: 'decline' }])
  })

  it('--data and --json may stand before the command', async () => {
    expect(await runCli(['--data', data, '--json', 'status'], io)).toBe(0)
    expect(JSON.parse(io.out())).toMatchObject({ id: 'a1a1' })
  })

  it('several files: each is told, the exit code is the worst', async () => {
    for (const name of ['good', 'partial', 'clash']) await writeFile(join(base, 'here', name), name)
    peer.put('clash', Buffer.from('other'))
    expect(await run('store', 'good', 'partial', '--json')).toBe(4)
    expect(await run('store', 'good', 'clash', 'partial', '--json')).toBe(6)
    expect(await run('store', 'good', 'none')).toBe(1)
    expect(await run('store', 'clash', '--replace')).toBe(0)
    expect(await run('request', 'good', 'none')).toBe(3)
    peer.put('bad', Buffer.from('x'))
    expect(await run('verify')).toBe(1)
  })

  it('request goes to the current folder, a path, or standard output', async () => {
    peer.put('dir/a.bin', Buffer.from([0, 255, 10, 13]))
    expect(await run('request', 'dir/a.bin')).toBe(0)
    expect([...(await readFile(join(base, 'here/a.bin')))]).toEqual([0, 255, 10, 13])
    expect(await run('request', 'dir/a.bin', '--out', '../b')).toBe(0)
    expect([...(await readFile(join(base, 'b')))]).toEqual([0, 255, 10, 13])
    expect(await run('request', 'dir/a.bin', '--out', 'none/')).toBe(2)
    expect(await run('request', 'dir/a.bin', 'x', '--out', '../b')).toBe(2)
    const before = io.bytes().length
    expect(await run('request', 'dir/a.bin', '--out', '-', '--json')).toBe(0)
    expect([...io.bytes().subarray(before)]).toEqual([0, 255, 10, 13])
  })

  it('versions: current, conflicting and earlier ones, each with its state', async () => {
    peer.put('a.txt', Buffer.from('new'))
    peer.putVersions('a.txt', [
      { bytes: Buffer.from('other'), state: 'conflict' },
      { bytes: Buffer.from('old'), state: 'earlier' },
    ])
    expect(await run('versions', 'a.txt')).toBe(0)
    const lines = io.out().trim().split('\n')
    expect(lines.map((line) => line.split(/\s+/)[1])).toEqual(['current', 'conflict', 'earlier'])
    expect(lines[2]).toMatch(/^[0-9a-f]{8} .* 3 B +by Desk +1 copy +on Desk$/)
    io = createFakeIo()
    await run('versions', 'a.txt', '--json')
    const item = JSON.parse(io.out().split('\n')[1] ?? '') as object
    expect(Object.keys(item)).toEqual(['name', 'version', 'state', 'size', 'sha256', 'storedAt', 'writer', 'copies', 'holders'])
    io = createFakeIo()
    await run('where', 'a.txt', '--json')
    expect((JSON.parse(io.out()) as { versions: unknown[] }).versions).toHaveLength(2)
  })

  it('what was removed is nowhere but in the trash, and comes back as the line says', async () => {
    peer.put('my file.txt', Buffer.from('x'))
    expect(await run('remove', 'my file.txt')).toBe(0)
    expect(io.out()).toContain('ringdrop restore "my file.txt"')
    expect(await run('where', 'my file.txt')).toBe(3)
    io = createFakeIo()
    expect(await run('list', '--trash', '--json')).toBe(0)
    expect(JSON.parse(io.out())).toEqual({ name: 'my file.txt', size: 1, removedAt: 1, removedBy: 'Laptop', daysLeft: 12 })
    expect(await run('versions', 'my file.txt')).toBe(0)
    expect(await run('restore', 'my file.txt')).toBe(0)
    expect(peer.bytesOf('my file.txt')).toEqual(Buffer.from('x'))
    expect(await run('restore', 'my file.txt')).toBe(3)
    expect(io.err()).toContain('ringdrop versions "my file.txt"')
  })

  it('restore takes one version, or gives it a name of its own', async () => {
    peer.put('a.txt', Buffer.from('x'))
    expect(await run('restore', 'a.txt', '--version', '1a2b')).toBe(0)
    expect(await run('restore', 'a.txt', '--version', '3c4d', '--keep-both', '--json')).toBe(0)
    expect(peer.calls.filter(({ what }) => /restore|keepBoth/.test(what))).toEqual([
      { what: 'restoreFile', args: ['a.txt', '1a2b'] },
      { what: 'keepBothVersions', args: ['a.txt', '3c4d'] },
    ])
    expect(io.out()).toBe('a.txt is version 1a2b again\n{"name":"a.txt (2)","restored":true,"version":"3c4d"}\n')
  })

  it('names of others do not steer the terminal', async () => {
    peer.put('a\u001b[2Jb', Buffer.from('x'))
    expect(await run('list')).toBe(0)
    expect(io.out()).not.toContain('\u001b')
  })

  it('pause, resume, cancel and retry take names or ids, or all', async () => {
    const view = { ...peer.transfers()[0], kind: 'store', parts: [], error: null, endedAt: null, waitsFor: null, path: null }
    const list = [
      { ...view, id: 'aaaa1111', name: 'a', state: 'running' },
      { ...view, id: 'bbbb2222', name: 'b', state: 'waiting', waitsFor: 'machine' },
      { ...view, id: 'cccc3333', name: 'c', state: 'paused' },
      { ...view, id: 'dddd4444', name: 'd', state: 'failed', endedAt: 1 },
      { ...view, id: 'eeee5555', name: 'e', state: 'running', kind: 'repair' },
    ]
    Object.assign(peer, { transfers: () => list })
    const asked = async (...argv: string[]): Promise<unknown[]> => {
      const before = peer.calls.length
      expect(await run(...argv)).toBe(0)
      return peer.calls.slice(before).map(({ what, args }) => [what, args[0]])
    }
    expect(await asked('pause')).toEqual(['aaaa1111', 'bbbb2222'].map((id) => ['pauseTransfer', id]))
    expect(await asked('pause', 'eeee')).toEqual([['pauseTransfer', 'eeee5555']])
    expect(await asked('resume')).toEqual([['resumeTransfer', 'cccc3333']])
    expect(await asked('resume', 'b')).toEqual([['resumeTransfer', 'bbbb2222']])
    expect(await asked('cancel', 'a', 'cccc3333')).toEqual(['aaaa1111', 'cccc3333'].map((id) => ['cancelTransfer', id]))
    expect(await asked('retry')).toEqual([['retryTransfer', 'dddd4444']])
    expect(await run('pause', 'nobody')).toBe(3)
    expect(await run('resume', 'a')).toBe(3)
    expect(await run('cancel')).toBe(2)
  })

  it('limits are set and shown', async () => {
    expect(await run('limits', '--up', '2M', '--json')).toBe(0)
    expect(JSON.parse(io.out())).toEqual({ up: 2_000_000, down: null, background: 50 })
    io = createFakeIo()
    expect(await run('limits', '--up', 'none', '--background', '20')).toBe(0)
    expect(io.out()).toContain('Up: no limit · down: no limit')
    expect(await run('limits', '--down', '1k')).toBe(2)
    expect(await run('limits', '--background', '0')).toBe(2)
  })

  it('log prints sentences, lines, or objects', async () => {
    const line = { sequence: 1, at: 0, kind: 'ring', text: 'Pinged', line: '/ping 1', machineId: null, name: null }
    Object.assign(peer, { activity: () => [line, { ...line, sequence: 2, line: null }] })
    expect(await run('log', '--raw')).toBe(0)
    expect(io.out()).toBe('/ping 1\n')
  })
})

describe('serve', () => {
  const serving = (): FakeIo => createFakeIo({ cwd: base, startPeer: () => Promise.resolve(peer) })

  it('says that it is ready, tells events, and leaves in good order', async () => {
    const io = serving()
    const ended = runCli(
      ['serve', '--json', '--data', 'data', '--port', '0', '--no-share', '--no-discovery', '--downloads', 'd', '--copies', '2'],
      io,
    )
    await io.said('\n')
    const ready = JSON.parse(io.out()) as Record<string, unknown>
    expect(Object.keys(ready)).toEqual(['event', 'id', 'name', 'address', 'web', 'ring', 'data'])
    expect(ready).toMatchObject({ event: 'ready', id: 'a1a1', name: 'Desk', data })
    expect(ready['web']).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{43}$/)
    expect(io.started[0]).toEqual({
      dataFolder: data,
      port: 0,
      sharedFolder: null,
      discovery: false,
      downloadsFolder: join(base, 'd'),
      copies: 2,
    })
    peer.emit({ kind: 'dead', peer: 'b2b2' })
    await io.said('b2b2')
    expect(io.out().split('\n')[1]).toBe('{"event":"dead","peer":"b2b2"}')
    io.signal('SIGINT')
    expect(await ended).toBe(0)
    expect(peer.calls.at(-1)).toEqual({ what: 'leave', args: [{ forget: false }] })
  })

  it('a second Ctrl+C stops at once', async () => {
    let now = 0
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now)
    Object.assign(peer, { leave: () => new Promise(() => undefined) })
    const io = serving()
    const ended = runCli(['serve', '--json', '--data', data, '--no-web'], io)
    await io.said('ready')
    expect(JSON.parse(io.out())).toMatchObject({ web: null })
    io.signal('SIGINT')
    io.signal('SIGINT')
    expect(peer.calls.map((call) => call.what)).not.toContain('stop')
    now = 1000
    io.signal('SIGINT')
    expect(await ended).toBe(1)
    expect(peer.calls.at(-1)?.what).toBe('stop')
    clock.mockRestore()
  })

  it('`ringdrop leave` is answered before the peer ends', async () => {
    const io = serving()
    const ended = runCli(['serve', '--data', data, '--no-web'], io)
    await io.said('in the ring')
    const asking = createFakeIo()
    expect(await runCli(['leave', '--json', '--data', data], asking)).toBe(0)
    expect(JSON.parse(asking.out())).toEqual({ left: true, forgot: false, filesLeft: 0 })
    expect(await ended).toBe(0)
  })

  it.each(['`ringdrop leave`', 'Ctrl+C'])('%s says what no machine took', async (how) => {
    Object.assign(peer, {
      leave: ({ onProgress }: Parameters<PeerApi['leave']>[0]) => {
        onProgress?.({ filesLeft: 1, filesTotal: 3, done: false })
        return Promise.resolve()
      },
    })
    const [io, asking] = [serving(), createFakeIo()]
    const ended = runCli(['serve', '--data', data, '--no-web'], io)
    await io.said('in the ring')
    if (how === 'Ctrl+C') io.signal('SIGINT')
    else expect(await runCli(['leave', '--data', data], asking)).toBe(0)
    expect(await ended).toBe(0)
    expect(io.err() + asking.out()).toContain('No machine took 1 file: out of reach until this machine is back, if nobody else has it\n')
  })

  it('a port that is taken ends the peer', async () => {
    const one = serving()
    const first = runCli(['serve', '--json', '--data', data], one)
    await one.said('ready')
    const port = new URL((JSON.parse(one.out()) as { web: string }).web).port
    const other = createScriptedPeer(join(base, 'other'))
    const two = createFakeIo({ startPeer: () => Promise.resolve(other) })
    expect(await runCli(['serve', '--data', join(base, 'other'), '--web', `127.0.0.1:${port}`], two)).toBe(1)
    expect(two.err()).toSatisfy(oneLine)
    expect(other.calls.at(-1)?.what).toBe('stop')
    one.signal('SIGTERM')
    expect(await first).toBe(0)
  })
})

describe('classroom', () => {
  it('prints events, runs commands, and goes abruptly with a signal', async () => {
    const io = createFakeIo({ cwd: base, startPeer: () => Promise.resolve(peer) })
    await writeFile(join(base, '2067.txt'), 'x')
    const ended = runCli(['classroom', 'init', '8', '9', '14', '0.5'], io)
    await vi.waitFor(() => expect(io.started).toHaveLength(1))
    expect(io.started[0]).toMatchObject({
      classroom: { id: 8, successors: [9, 14], knownPeer: null, pingIntervalMs: 500 },
      host: '127.0.0.1',
      port: 12_008,
      sharedFolder: null,
      discovery: false,
      log: 'none',
    })
    io.stdin.write('nonsense\nstore 2067\nStore 1\nREQUEST 77\n')
    await Promise.all([io.said('Unknown command nonsense'), io.said('There is no file 1 in'), io.said('File 77 is not stored in the ring')])
    await vi.waitFor(() => expect(peer.bytesOf('2067')?.toString()).toBe('x'))
    io.stdin.end()
    peer.emit({ kind: 'departing', peer: '9' })
    await io.said('Peer 9 will depart from the network')
    io.signal('SIGINT')
    expect(await ended).toBe(0)
    expect(peer.calls.map((call) => call.what)).not.toContain('leave')
    expect(peer.calls.at(-1)?.what).toBe('stop')
  })

  it('Quit leaves in good order', async () => {
    const io = createFakeIo({ cwd: base, startPeer: () => Promise.resolve(peer) })
    const ended = runCli(['classroom', 'join', '15', '4', '1'], io)
    await io.said('Join request has been accepted')
    io.stdin.write('qUIT\n')
    expect(await ended).toBe(0)
    expect(peer.calls.at(-1)?.what).toBe('leave')
  })
})
