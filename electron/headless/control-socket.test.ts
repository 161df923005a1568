import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createScriptedPeer, type ScriptedPeer } from '../../tests/fakes/scripted-peer.ts'
import { readAddress, socketPath } from './control-address.ts'
import { askPeer } from './control-client.ts'
import { startControlServer, type ControlServer } from './control-socket.ts'
import type { ControlHost } from './control-commands.ts'
import { frameLimits } from './frames.ts'

let base: string
let data: string
let peer: ScriptedPeer
let server: ControlServer | null
const left: { forget: boolean }[] = []

const host = (): ControlHost => ({
  peer,
  leave: (options) => {
    left.push({ forget: options.forget })
    return Promise.resolve()
  },
})
const items = async (name: 'list' | 'status' | 'where' | 'invite' | 'peers' | 'verify', argument: object): Promise<unknown[]> => {
  const got: unknown[] = []
  await askPeer({ dataFolder: data, name, argument: argument }, { onItem: (item) => void got.push(item) })
  return got
}
/** What the socket says to a raw line, until it closes. */
const raw = (path: string, text: string): Promise<string> =>
  new Promise((resolve) => {
    let said = ''
    const socket = createConnection(path)
    socket.on('data', (chunk: Buffer) => (said += chunk.toString()))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(said))
    socket.write(text)
  })

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'ringdrop-test-'))
  data = join(base, 'data')
  peer = createScriptedPeer(data)
  left.length = 0
  server = null
})
afterEach(async () => {
  await server?.close()
  await rm(base, { recursive: true, force: true })
})

describe.skipIf(process.platform === 'win32')('who may open the socket', () => {
  it('is its owner: modes of socket, secret and folder', async () => {
    await mkdir(data, { mode: 0o755 })
    server = await startControlServer(host())
    expect((await stat(server.path)).mode & 0o777).toBe(0o600)
    expect((await stat(data)).mode & 0o777).toBe(0o700)
    expect((await stat(join(data, 'control.json'))).mode & 0o777).toBe(0o600)
  })

  it('is nobody without the secret', async () => {
    server = await startControlServer(host())
    const said = await raw(server.path, `${JSON.stringify({ secret: 'x'.repeat(64), name: 'status', argument: {} })}\n`)
    expect(JSON.parse(said)).toMatchObject({ kind: 'end', error: { code: 'not-a-member' } })
  })

  it('a data folder with a long path has its socket elsewhere', async () => {
    data = join(base, 'x'.repeat(120))
    peer = createScriptedPeer(data)
    server = await startControlServer(host())
    expect(Buffer.byteLength(server.path)).toBeLessThanOrEqual(100)
    expect(await items('status', {})).toHaveLength(1)
  })

  it('on Windows it is a named pipe', () => {
    expect(socketPath('C:\\x', 'win32')).toMatch(/^\\\\\.\\pipe\\ringdrop-[0-9a-f]{32}$/)
  })
})

describe('the life of the socket', () => {
  it('no peer: says so', async () => {
    await expect(items('status', {})).rejects.toMatchObject({ code: 'peer-not-running' })
  })

  it('a socket left by a killed process is no peer, and is replaced', async () => {
    await mkdir(data)
    const path = socketPath(data)
    const killed = `const s = require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`
    spawnSync(process.execPath, ['-e', killed, path])
    await writeFile(join(data, 'control.json'), JSON.stringify({ path, secret: 'y'.repeat(64) }))
    await expect(items('status', {})).rejects.toMatchObject({ code: 'peer-not-running' })
    server = await startControlServer(host())
    expect(await items('status', {})).toHaveLength(1)
  })

  it('a second server for the same folder is refused', async () => {
    server = await startControlServer(host())
    await expect(startControlServer(host())).rejects.toMatchObject({ code: 'peer-running' })
    expect(await items('status', {})).toHaveLength(1)
  })

  it('closing removes it at once, and ends what runs', async () => {
    server = await startControlServer(host())
    peer.put('a', Buffer.from('a'))
    peer.hang = true
    const failed = vi.fn()
    const asked = askPeer(
      { dataFolder: data, name: 'request', argument: { names: ['a'], out: base } },
      { onItem: () => undefined, onFailed: failed },
    )
    await vi.waitFor(() => expect(peer.signals).toHaveLength(1))
    const began = performance.now()
    await server.close()
    await asked
    expect(performance.now() - began).toBeLessThan(900)
    expect(failed).toHaveBeenCalledWith(expect.objectContaining({ code: 'cancelled' }), 'a')
    expect(await readAddress(data)).toBeNull()
    server = null
  })
})

describe('rubbish', () => {
  it.each(['\n', 'hello\n', '[]\n', '{"secret":1}\n', 'null\n'])('%j is answered with an error', async (text) => {
    server = await startControlServer(host())
    expect(JSON.parse(await raw(server.path, text))).toMatchObject({ kind: 'end', error: { code: 'protocol' } })
  })

  it('a line without end is cut off', async () => {
    server = await startControlServer(host())
    expect(await raw(server.path, 'x'.repeat(frameLimits.lineBytes + 1))).toBe('')
    expect(await items('status', {})).toHaveLength(1)
  })

  it.each([
    ['nothing', {}],
    ['toString', {}],
    ['where', {}],
    ['where', { name: '' }],
    ['where', { name: 7 }],
    ['store', { paths: [], as: null, replace: false }],
    ['whatif', { machines: ['x'.repeat(5000)] }],
  ])('%s %j is a bad argument', async (name, argument) => {
    server = await startControlServer(host())
    await expect(items(name as 'where', argument)).rejects.toMatchObject({ code: 'bad-argument' })
  })
})

describe('commands', () => {
  beforeEach(async () => {
    server = await startControlServer(host())
  })

  it('answer in the shapes of the manual', async () => {
    peer.put('a.txt', Buffer.from('hello'))
    expect(await items('where', { name: 'a.txt' })).toEqual([
      {
        name: 'a.txt',
        key: 'c3c3',
        versions: [
          {
            version: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c',
            size: 5,
            sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
            holders: [{ id: 'a1a1', name: 'Desk', verifiedAt: 1_700_000_000_000 }],
          },
        ],
      },
    ])
    const keys = ['id', 'name', 'ring', 'copiesWanted', 'predecessors', 'successors', 'peers', 'files', 'bytes', 'mayFail', 'atRisk']
    expect(Object.keys((await items('status', {}))[0] as object)).toEqual(keys)
    expect(Object.keys((await items('invite', {}))[0] as object)).toEqual(['link', 'expiresAt'])
  })

  it('store: each file is answered, and one that fails does not stop the others', async () => {
    await writeFile(join(base, 'a.txt'), 'a')
    await writeFile(join(base, 'clash.txt'), 'b')
    peer.put('clash.txt', Buffer.from('other'))
    const got: unknown[] = []
    const failed: string[] = []
    await askPeer(
      {
        dataFolder: data,
        name: 'store',
        argument: { paths: ['none', 'clash.txt', 'a.txt'].map((name) => join(base, name)), as: null, replace: false },
      },
      { onItem: (item) => void got.push(item), onFailed: (error) => void failed.push(error.code) },
    )
    expect(got).toEqual([
      expect.objectContaining({
        name: 'a.txt',
        size: 1,
        copies: 2,
        wanted: 2,
        state: 'stored',
        holders: [{ id: 'a1a1', name: 'Desk' }],
        route: ['a1a1'],
      }),
    ])
    expect(Object.keys(got[0] as object)).toEqual(['name', 'size', 'sha256', 'copies', 'wanted', 'state', 'holders', 'route', 'seconds'])
    expect(failed.toSorted()).toEqual(['already-exists', 'file-unreadable'])
  })

  it('request: bytes are streamed, and a slow reader holds them up', async () => {
    const bytes = Buffer.alloc(20 * 1_048_576, 'ring')
    peer.put('big', bytes)
    const got: Buffer[] = []
    let inside = 0
    await askPeer(
      { dataFolder: data, name: 'request', argument: { names: ['big'], out: null } },
      {
        onItem: (item) => expect(item).toMatchObject({ name: 'big', size: bytes.length, out: '-' }),
        onBytes: async (piece) => {
          expect(++inside).toBe(1)
          await new Promise((resolve) => setImmediate(resolve))
          got.push(piece)
          inside--
        },
      },
    )
    expect(Buffer.concat(got).equals(bytes)).toBe(true)
  })

  it('a client that goes away cancels its command', async () => {
    peer.put('a', Buffer.from('a'))
    peer.hang = true
    const address = await readAddress(data)
    const socket = createConnection(address?.path ?? '')
    socket.write(`${JSON.stringify({ secret: address?.secret, name: 'request', argument: { names: ['a'], out: base } })}\n`)
    await vi.waitFor(() => expect(peer.signals).toHaveLength(1))
    socket.destroy()
    await vi.waitFor(() => expect(peer.signals[0]?.aborted).toBe(true))
  })

  it('leave for good is refused while files would be lost', async () => {
    peer.put('a', Buffer.from('a'))
    const alone = { ...peer.ring(), machines: peer.ring().machines.filter((machine) => machine.isSelf) }
    Object.assign(peer, { ring: () => alone, safety: () => ({ files: 1 }) })
    const leave = (forget: boolean): Promise<void> =>
      askPeer({ dataFolder: data, name: 'leave', argument: { forget } }, { onItem: () => undefined })
    await expect(leave(true)).rejects.toMatchObject({ code: 'out-of-reach' })
    await leave(false)
    expect(left).toEqual([{ forget: false }])
  })
})
