import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { request, type IncomingHttpHeaders } from 'node:http'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { createScriptedPeer, type ScriptedPeer } from '../../tests/fakes/scripted-peer.ts'
import { createCommandHost } from '../peer/command-host.ts'
import { contentDisposition } from './web-files.ts'
import { parseWebAddress, startWebServer, type WebServer } from './web-server.ts'
import { socketLimits } from './web-socket.ts'

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

let base: string
let peer: ScriptedPeer
let server: WebServer
let cookie: string
const quit = vi.fn()

/** A request with its path sent as it is: fetch would tidy it. */
function ask(path: string, options: { method?: string; headers?: Record<string, string>; body?: Buffer } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port: server.port, path, method: options.method ?? 'GET', headers: options.headers ?? {}, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }))
      },
    )
    asked.on('error', reject)
    asked.end(options.body)
  })
}
const signedIn = (more: Record<string, string> = {}): Record<string, string> => ({ cookie, ...more })
const origin = (): string => `http://127.0.0.1:${server.port}`
const tokenPath = (): string => server.url.slice(server.url.indexOf('/?'))

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'ringdrop-test-'))
  const root = join(base, 'renderer')
  await mkdir(join(root, 'assets'), { recursive: true })
  await writeFile(
    join(root, 'index.html'),
    '<meta property="csp-nonce" nonce="__NONCE__"><script type="module" src="/assets/a.js"></script>',
  )
  await writeFile(join(root, 'assets/a.js'), 'export {}')
  await writeFile(join(base, 'secret.txt'), 'secret')
  await symlink(join(base, 'secret.txt'), join(root, 'link.txt'))
  peer = createScriptedPeer(join(base, 'data'))
  const host = createCommandHost(peer, { desktop: null, version: '1', quit })
  server = await startWebServer({ peer, host, root, address: '127.0.0.1', port: 0 })
  cookie = String((await ask(tokenPath())).headers['set-cookie']?.[0]).split(';')[0] ?? ''
})
afterEach(async () => {
  await server.close()
  await rm(base, { recursive: true, force: true })
})

describe('who is let in', () => {
  it('a token is traded for a cookie that scripts cannot read', async () => {
    const answer = await ask(tokenPath())
    expect(answer.status).toBe(302)
    expect(answer.headers.location).toBe('/')
    expect(answer.headers['set-cookie']?.[0]).toMatch(/^ringdrop-\d+=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/$/)
    expect(answer.headers['set-cookie']?.[0]).not.toContain(server.url.split('token=')[1])
  })

  it.each(['/', '/?token=wrong', '/?token=', '/assets/a.js', '/download?name=a', '/upload', '/api', '/nothing'])(
    '%s without a cookie: 401',
    async (path) => {
      const answer = await ask(path)
      expect(answer.status).toBe(401)
      expect(answer.body.toString()).toContain('?token=')
    },
  )

  it('a wrong cookie: 401', async () => {
    expect((await ask('/', { headers: { cookie: `${cookie}x` } })).status).toBe(401)
    expect((await ask('/', { headers: { cookie: cookie.split('=')[0] ?? '' } })).status).toBe(401)
  })

  it.each(['evil.example', 'evil.example:80', '127.0.0.1.evil.example', '127.0.0.1@evil.example', 'localhost.evil'])(
    'Host %j: 421',
    async (name) => {
      expect((await ask('/', { headers: signedIn({ host: name }) })).status).toBe(421)
      expect((await ask(tokenPath(), { headers: { host: name } })).status).toBe(421)
    },
  )

  it.each(['localhost', '127.0.0.1', '[::1]:80', '192.168.1.7:8080'])('Host %j is ours', async (name) => {
    expect((await ask('/', { headers: signedIn({ host: name }) })).status).toBe(200)
  })
})

describe('pages', () => {
  it('carry the strict policy and a fresh nonce', async () => {
    const [one, two] = [await ask('/', { headers: signedIn() }), await ask('/', { headers: signedIn() })]
    const nonce = /nonce="([^"]+)"/.exec(one.body.toString())?.[1] ?? ''
    expect(nonce).toMatch(/^[\w+/]{24}$/)
    expect(one.headers['content-security-policy']).toBe(
      `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    )
    expect(two.body.toString()).not.toBe(one.body.toString())
    expect(one.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(one.headers['x-content-type-options']).toBe('nosniff')
  })

  it('have the right type', async () => {
    const script = await ask('/assets/a.js', { headers: signedIn() })
    expect(script.headers['content-type']).toBe('text/javascript; charset=utf-8')
    expect(script.body.toString()).toBe('export {}')
  })

  it.each([
    '/../secret.txt',
    '/../../../../../../etc/passwd',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/..%5csecret.txt',
    '/%2e%2e%2f%2e%2e%2fetc/passwd',
    '/link.txt',
    '/assets',
    '/%00',
    '/%',
    '//etc/passwd',
    '/index.html/../../secret.txt',
  ])('%s: 404, nothing outside the folder', async (path) => {
    const answer = await ask(path, { headers: signedIn() })
    expect(answer.status).toBe(404)
    expect(answer.body.toString()).not.toMatch(/secret|root:/)
  })

  it('other methods: 405', async () => {
    expect((await ask('/', { method: 'DELETE', headers: signedIn() })).status).toBe(405)
  })
})

describe('upload', () => {
  const upload = (query: string, body: Buffer, headers: Record<string, string> = { origin: origin() }): Promise<Answer> =>
    ask(`/upload?${query}`, { method: 'POST', headers: signedIn(headers), body })

  it('becomes a file of the ring, and leaves nothing behind', async () => {
    const bytes = Buffer.alloc(3_000_000, 'x')
    const answer = await upload(`name=${encodeURIComponent('photos/Été.bin')}&onClash=replace`, bytes)
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body.toString())).toMatchObject({ queued: 1, name: 'photos/Été.bin', size: bytes.length, state: 'stored' })
    expect(peer.bytesOf('photos/Été.bin')?.equals(bytes)).toBe(true)
    expect(await readdir(join(base, 'data/uploads'))).toEqual([])
  })

  it('a clash: 409 with the code', async () => {
    peer.put('a', Buffer.from('old'))
    const answer = await upload('name=a', Buffer.from('new'))
    expect(answer.status).toBe(409)
    expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 'already-exists', facts: { name: 'a' } })
    expect(await readdir(join(base, 'data/uploads'))).toEqual([])
  })

  it.each(['', 'name=', `name=${'x'.repeat(5000)}`, 'name=a&onClash=what'])('a bad query (%#): 400', async (query) => {
    expect((await upload(query, Buffer.from('x'))).status).toBe(400)
  })

  it('from another page, or from nowhere: 403', async () => {
    expect((await upload('name=a', Buffer.from('x'), { origin: 'http://evil.example' })).status).toBe(403)
    expect((await upload('name=a', Buffer.from('x'), { origin: 'null' })).status).toBe(403)
    expect((await upload('name=a', Buffer.from('x'), {})).status).toBe(403)
    expect(peer.bytesOf('a')).toBeUndefined()
  })

  it('more than the disk has room for: 507 before a byte is read', async () => {
    const socket = createConnection(server.port, '127.0.0.1')
    const said = new Promise<string>((resolve) => {
      let text = ''
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
      socket.on('close', () => resolve(text))
    })
    socket.write(
      `POST /upload?name=a HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nOrigin: ${origin()}\r\nCookie: ${cookie}\r\nContent-Length: 9000000000000000\r\n\r\nx`,
    )
    expect(await said).toMatch(/^HTTP\/1\.1 507 /)
  })

  it('broken off: nothing stays', async () => {
    const socket = createConnection(server.port, '127.0.0.1')
    socket.write(
      `POST /upload?name=broken HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nOrigin: ${origin()}\r\nCookie: ${cookie}\r\nContent-Length: 100000\r\n\r\nhalf`,
    )
    await vi.waitFor(async () => expect(await readdir(join(base, 'data/uploads'))).toHaveLength(1))
    socket.destroy()
    await vi.waitFor(async () => expect(await readdir(join(base, 'data/uploads'))).toEqual([]))
    expect(peer.bytesOf('broken')).toBeUndefined()
  })
})

describe('download', () => {
  it('gives the bytes with their length and name', async () => {
    const bytes = Buffer.alloc(5_000_000, 'ring')
    peer.put('photos/Été "1".svg', bytes)
    const answer = await ask(`/download?name=${encodeURIComponent('photos/Été "1".svg')}`, { headers: signedIn() })
    expect(answer.status).toBe(200)
    expect(answer.headers['content-length']).toBe('5000000')
    expect(answer.headers['content-type']).toBe('application/octet-stream')
    expect(answer.headers['content-disposition']).toBe(`attachment; filename="_t_ _1_.svg"; filename*=UTF-8''%C3%89t%C3%A9%20%221%22.svg`)
    expect(answer.headers['content-security-policy']).toContain('sandbox')
    expect(answer.body.equals(bytes)).toBe(true)
  })

  it('an empty file is a file', async () => {
    peer.put('empty', Buffer.alloc(0))
    const answer = await ask('/download?name=empty', { headers: signedIn() })
    expect([answer.status, answer.headers['content-length'], answer.body.length]).toEqual([200, '0', 0])
  })

  it('an unknown name: 404', async () => {
    expect((await ask('/download?name=none', { headers: signedIn() })).status).toBe(404)
    expect((await ask('/download', { headers: signedIn() })).status).toBe(400)
  })

  it('stops when the browser goes away', async () => {
    peer.put('a', Buffer.from('a'))
    peer.hang = true
    const socket = createConnection(server.port, '127.0.0.1')
    socket.write(`GET /download?name=a HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nCookie: ${cookie}\r\n\r\n`)
    await vi.waitFor(() => expect(peer.signals).toHaveLength(1))
    socket.destroy()
    await vi.waitFor(() => expect(peer.signals[0]?.aborted).toBe(true))
  })

  it('no name makes a header of its own', () => {
    expect(contentDisposition('a\r\nSet-Cookie: x')).toBe(
      `attachment; filename="a__Set-Cookie: x"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x`,
    )
  })
})

describe('the socket', () => {
  const connect = (headers: Record<string, string>, path = '/api'): WebSocket =>
    new WebSocket(`ws://127.0.0.1:${server.port}${path}`, { headers })
  const opened = async (): Promise<{ socket: WebSocket; next: () => Promise<unknown> }> => {
    const socket = connect({ cookie, origin: origin() })
    const frames: unknown[] = []
    const waiting: ((frame: unknown) => void)[] = []
    socket.on('message', (data: Buffer) => {
      const frame: unknown = JSON.parse(data.toString())
      const wake = waiting.shift()
      if (wake) wake(frame)
      else frames.push(frame)
    })
    await new Promise((resolve) => socket.once('open', resolve))
    return { socket, next: () => (frames.length > 0 ? Promise.resolve(frames.shift()) : new Promise((resolve) => waiting.push(resolve))) }
  }
  const refusal = (socket: WebSocket): Promise<string> =>
    new Promise((resolve) => {
      socket.on('error', (error) => resolve(error.message))
      socket.on('open', () => resolve('open'))
    })

  it('needs the cookie, our own page, and the right path', async () => {
    expect(await refusal(connect({ origin: origin() }))).toContain('401')
    expect(await refusal(connect({ cookie, origin: 'http://evil.example' }))).toContain('403')
    expect(await refusal(connect({ cookie }))).toContain('403')
    expect(await refusal(connect({ cookie, origin: origin(), host: 'evil.example' }))).toContain('421')
    expect(await refusal(connect({ cookie, origin: origin() }, '/other'))).toContain('404')
  })

  it('carries commands, outcomes and news', async () => {
    const { socket, next } = await opened()
    peer.put('a', Buffer.from('a'))
    socket.send(JSON.stringify({ id: 1, name: 'whereIs', argument: { name: 'a' } }))
    expect(await next()).toMatchObject({ id: 1, outcome: { ok: true, value: { name: 'a', key: 'c3c3' } } })
    socket.send(JSON.stringify({ id: 2, name: 'open', argument: null }))
    expect(await next()).toMatchObject({ id: 2, outcome: { ok: true, value: { host: 'browser' } } })
    socket.send(JSON.stringify({ id: 3, name: 'storePaths', argument: { paths: ['/etc/passwd'], onClash: 'decline' } }))
    expect(await next()).toMatchObject({ id: 3, outcome: { ok: false, error: { code: 'bad-argument' } } })
    socket.send(JSON.stringify({ id: 4, name: 'constructor', argument: {} }))
    expect(await next()).toMatchObject({ id: 4, outcome: { ok: false, error: { code: 'bad-argument' } } })
    peer.tell({ kind: 'nearby', rings: [] })
    expect(await next()).toEqual({ news: { kind: 'nearby', rings: [] } })
    socket.terminate()
  })

  it.each(['{', '[]', '{"id":"x","name":"open","argument":null}', 'null'])('%j closes it', async (text) => {
    const { socket } = await opened()
    const closed = new Promise<number>((resolve) => socket.on('close', resolve))
    socket.send(text)
    expect(await closed).toBe(1008)
  })

  it('a frame that is too big closes it', async () => {
    const { socket } = await opened()
    const closed = new Promise<number>((resolve) => socket.on('close', resolve))
    socket.on('error', () => undefined)
    socket.send('x'.repeat(socketLimits.frameBytes + 1))
    expect(await closed).toBe(1009)
  })

  it('there are only so many', async () => {
    const all = await Promise.all(Array.from({ length: socketLimits.sockets }, opened))
    const late = connect({ cookie, origin: origin() })
    expect(await new Promise((resolve) => late.on('close', resolve))).toBe(1013)
    for (const { socket } of all) socket.terminate()
  })

  it('a window that does not read gets the latest, not everything', async () => {
    const { socket, next } = await opened()
    socket.pause()
    const text = 'x'.repeat(100_000)
    for (let left = 400; left >= 0; left--) {
      peer.tell({ kind: 'notice', notice: { tone: 'good', text, error: null, actions: [], transferId: null } })
      peer.tell({ kind: 'leaving', leaving: { filesLeft: left, filesTotal: 400, done: left === 0 } })
    }
    socket.resume()
    let leavings = 0
    for (;;) {
      const frame = (await next()) as { news: { kind: string; leaving?: { done: boolean } } }
      if (frame.news.kind === 'leaving') leavings++
      if (frame.news.leaving?.done === true) break
    }
    expect(leavings).toBeLessThan(300)
    socket.terminate()
  })
})

describe('parseWebAddress', () => {
  it('takes an address and a port', () => {
    expect(parseWebAddress('127.0.0.1:8080')).toEqual({ address: '127.0.0.1', port: 8080 })
    expect(parseWebAddress('[::1]:0')).toEqual({ address: '::1', port: 0 })
  })

  it.each(['8080', ':80', '127.0.0.1', '127.0.0.1:99999', '127.0.0.1:x', '::1:80'])('%s is refused', (text) => {
    expect(() => parseWebAddress(text)).toThrow(expect.objectContaining({ code: 'bad-argument' }))
  })

  it('a port in use is said so', async () => {
    const host = createCommandHost(peer, { desktop: null, version: '1', quit })
    await expect(startWebServer({ peer, host, root: base, address: '127.0.0.1', port: server.port })).rejects.toMatchObject({
      code: 'port-in-use',
    })
  })
})
