import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { IdentifierSpace } from '../protocol/identifier.ts'
import { limits } from '../protocol/limits.ts'
import type { FileMessage } from '../protocol/messages.ts'
import { ConnectionPool } from './connection-pool.ts'
import { ManualTimers } from '../../../tests/fakes/manual-timers.ts'
import { Connection, type ConnectionOptions } from './connection.ts'
import { RateLimit } from './rate-limit.ts'

const space = new IdentifierSpace(160)
const [us, them] = [space.fromBigInt(1n), space.fromBigInt(2n)]
const question: FileMessage = { command: 'have', sha256: '0'.repeat(64), destination: them, source: us }

let server: Server
let port: number
const sockets: Socket[] = []
const waiting: ((socket: Socket) => void)[] = []

beforeEach(async () => {
  server = createServer((socket) => waiting.shift()?.(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as { port: number }).port
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await new Promise((resolve) => server.close(resolve))
})

/** Two ends of a TCP connection. */
async function ends(): Promise<[Socket, Socket]> {
  const accepted = new Promise<Socket>((resolve) => waiting.push(resolve))
  const dialled = connect(port, '127.0.0.1')
  const pair: [Socket, Socket] = [dialled, await accepted]
  for (const socket of pair) socket.on('error', () => undefined)
  sockets.push(...pair)
  return pair
}

const connectionOn = (stream: Socket, options: Partial<ConnectionOptions> = {}): Connection =>
  new Connection({ stream, space, peerId: them, remoteAddress: 'test', ...options })

async function connections(options: Partial<ConnectionOptions> = {}): Promise<[Connection, Connection]> {
  const [a, b] = await ends()
  return [connectionOn(a, options), connectionOn(b, options)]
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => ({ value }),
    (error: unknown) => (error as { code?: unknown }).code,
  )

describe('lines', () => {
  it('arrive in order however the stream cuts them, with bodies between them', async () => {
    const [raw, stream] = await ends()
    const connection = connectionOn(stream)
    const line = `/have ${'0'.repeat(64)} ${them} ${us}\n`
    raw.write(line.slice(0, 10))
    const first = connection.receive()
    raw.write(`${line.slice(10)}body!${line}`)
    expect(await first).toEqual(question)
    expect((await connection.readBodyBuffer(5)).toString()).toBe('body!')
    expect(await connection.receive()).toEqual(question)
    expect((await connection.readBodyBuffer(0)).length).toBe(0)
  })

  it('that are rubbish or too long end the connection', async () => {
    for (const rubbish of ['/nonsense\n', 'GET / HTTP/1.1\n', '\n', 'x'.repeat(limits.lineBytes + 1), Buffer.from([0x2f, 0, 0xff, 0x0a])]) {
      const [raw, stream] = await ends()
      const connection = connectionOn(stream)
      raw.write(rubbish)
      expect(await codeOf(connection.receive())).toBe('protocol')
      expect(connection.destroyed).toBe(true)
    }
  })

  it('end with null, or with an error in the middle of one', async () => {
    const [raw, stream] = await ends()
    const connection = connectionOn(stream)
    raw.end(`/have ${'0'.repeat(64)} ${them} ${us}\n`)
    expect(await connection.receive()).toEqual(question)
    expect(await connection.receive()).toBeNull()
    const [rawHalf, streamHalf] = await ends()
    const half = connectionOn(streamHalf)
    rawHalf.end('/have 0000')
    expect(await codeOf(half.receive())).toBe('peer-unreachable')
  })

  it('that do not come are an error in time, and may come later', async () => {
    const [a, b] = await connections()
    expect(await codeOf(b.receive({ timeoutMs: 5 }))).toBe('peer-unreachable')
    await a.send(question)
    expect(await b.receive()).toEqual(question)
  })

  it('wake a waiting reader with an error when the connection breaks', async () => {
    const [a, b] = await connections()
    const waitingForLine = codeOf(b.receive())
    b.destroy()
    expect(await waitingForLine).toBe('peer-unreachable')
    await new Promise<void>((resolve) => {
      a.onClose(resolve)
    })
    expect(await codeOf(a.send(question))).toBe('peer-unreachable')
    expect(await codeOf(b.write(Buffer.from('x')))).toBe('peer-unreachable')
  })
})

describe('bodies', () => {
  it('wait for a slow reader: neither side gathers them', async () => {
    const counters = { bytesIn: 0, bytesOut: 0 }
    const [a, b] = await ends()
    const [writer, reader] = [connectionOn(a), connectionOn(b, { counters })]
    const block = Buffer.alloc(1_048_576, 1)
    const blocks = 64
    let written = 0
    const writing = (async () => {
      for (; written < blocks; written++) await writer.write(block)
    })()
    let received = 0
    let mostAhead = 0
    for await (const chunk of reader.readBody(blocks * block.length)) {
      received += chunk.length
      mostAhead = Math.max(mostAhead, counters.bytesIn - received)
      await new Promise(setImmediate)
    }
    await writing
    expect(received).toBe(blocks * block.length)
    expect(mostAhead).toBeLessThan(2 * 1_048_576)
  })

  it('stop the writer when nobody reads', async () => {
    const [a, b] = await ends()
    const writer = connectionOn(a, { silenceMs: 50 })
    connectionOn(b) // takes a megabyte and pauses
    const writeAll = async (): Promise<void> => {
      for (let index = 0; index < 64; index++) await writer.write(Buffer.alloc(1_048_576))
    }
    expect(await codeOf(writeAll())).toBe('peer-unreachable')
    expect(writer.destroyed).toBe(true)
  })

  it('cut short, silent or left unread end the connection', async () => {
    const read = async (connection: Connection): Promise<void> => {
      for await (const chunk of connection.readBody(100)) expect(chunk.length).toBeGreaterThan(0)
    }
    const [a, b] = await ends()
    const short = connectionOn(b)
    a.end('only this')
    expect(await codeOf(read(short))).toBe('peer-unreachable')
    const [c, d] = await ends()
    const silent = connectionOn(d, { silenceMs: 5 })
    c.write('only this')
    expect(await codeOf(read(silent))).toBe('peer-unreachable')
    expect(silent.destroyed).toBe(true)
    const [e, f] = await ends()
    const unread = connectionOn(f)
    e.write('only this')
    for await (const chunk of unread.readBody(100)) {
      expect(chunk.length).toBeGreaterThan(0)
      break
    }
    expect(unread.destroyed).toBe(true)
  })
})

describe('the pool', () => {
  const closed = (connection: Connection): Promise<void> =>
    new Promise((resolve) => {
      connection.onClose(resolve)
    })

  it('gives back what was put in, newest first, by peer', async () => {
    const pool = new ConnectionPool()
    const [[one], [two]] = [await connections(), await connections()]
    pool.put(us, one)
    pool.put(us, two)
    expect(pool.take(them)).toBeNull()
    expect(pool.take(us)).toBe(two)
    expect(pool.take(us)).toBe(one)
    expect(pool.take(us)).toBeNull()
  })

  it('forgets what the other side closed, and takes nothing that is not at its end', async () => {
    const pool = new ConnectionPool()
    const [[one, other], [two, chatty]] = [await connections(), await connections()]
    pool.put(us, one)
    other.destroy()
    await closed(one)
    expect(pool.size).toBe(0)
    const busy = two.receive()
    await chatty.send(question)
    await chatty.send(question)
    await busy
    while (two.idle) await new Promise(setImmediate)
    pool.put(us, two)
    expect(two.destroyed).toBe(true)
  })

  it('is bounded by peer, in all, and in time', async () => {
    const pool = new ConnectionPool({ perPeer: 2, total: 3, idleMs: 20 })
    const all = [await connections(), await connections(), await connections(), await connections(), await connections()].map(
      ([one]) => one,
    )
    for (const [index, connection] of all.entries()) pool.put(index < 3 ? us : them, connection)
    expect(all.map((connection) => connection.destroyed)).toEqual([true, true, false, false, false])
    expect(pool.size).toBe(3)
    await Promise.all(all.map(closed))
    expect(pool.size).toBe(0)
  })

  it('closes everything when closed, and what comes later', async () => {
    const pool = new ConnectionPool()
    const [[one], [two]] = [await connections(), await connections()]
    pool.put(us, one)
    pool.close()
    pool.put(us, two)
    expect([one.destroyed, two.destroyed]).toEqual([true, true])
  })

  it('leaves no listeners behind after many exchanges', async () => {
    const [a] = await ends()
    const pool = new ConnectionPool()
    const connection = connectionOn(a)
    const before = a.listenerCount('close') + a.listenerCount('end')
    for (let index = 0; index < 50; index++) {
      pool.put(us, connection)
      expect(pool.take(us)).toBe(connection)
    }
    expect(a.listenerCount('close') + a.listenerCount('end')).toBe(before)
  })
})

describe('limits', () => {
  const bytes = 1_000_000
  function limited(): { timers: ManualTimers; limits: { up: RateLimit; down: RateLimit } } {
    const timers = new ManualTimers()
    const limits = { up: new RateLimit(() => timers.now), down: new RateLimit(() => timers.now) }
    return { timers, limits }
  }
  /** Lets time pass until `work` is done. Result: how much had to. */
  async function timeOf(work: Promise<unknown>, timers: ManualTimers): Promise<number> {
    let done = false
    void work.finally(() => (done = true))
    while (!done) {
      timers.advance(10)
      await new Promise((resolve) => setImmediate(resolve))
    }
    return timers.now
  }

  it('hold the bytes of a body back where they leave, and change none', async () => {
    const { timers, limits } = limited()
    limits.up.bytesPerSecond = bytes
    const [a, b] = await ends()
    const from = connectionOn(a, { limits, timers })
    const sent = Buffer.alloc(bytes, 'ringdrop')
    const received = connectionOn(b).readBodyBuffer(bytes)
    expect(await timeOf(from.write(sent), timers)).toBeGreaterThan(600)
    expect((await received).equals(sent)).toBe(true)
  })

  it('keep bodies whole and in order that are given before the one before them has left', async () => {
    const { timers, limits } = limited()
    limits.up.bytesPerSecond = bytes
    const [a, b] = await ends()
    const from = connectionOn(a, { limits, timers })
    const sent = [Buffer.alloc(bytes / 2, 'ring'), Buffer.alloc(bytes / 2, 'drop')]
    const received = connectionOn(b).readBodyBuffer(bytes)
    await timeOf(Promise.all(sent.map((body) => from.write(body))), timers)
    expect((await received).equals(Buffer.concat(sent))).toBe(true)
  })

  it('and where they arrive', async () => {
    const { timers, limits } = limited()
    limits.down.bytesPerSecond = bytes
    const [a, b] = await ends()
    const sent = Buffer.alloc(bytes, 'ringdrop')
    const received = connectionOn(b, { limits, timers }).readBodyBuffer(bytes)
    a.write(sent)
    expect(await timeOf(received, timers)).toBeGreaterThan(500)
    expect((await received).equals(sent)).toBe(true)
  })

  it('let lines pass, however much is owed', async () => {
    const { timers, limits } = limited()
    limits.up.bytesPerSecond = limits.down.bytesPerSecond = 50_000
    limits.up.take(bytes)
    limits.down.take(bytes)
    const [one, two] = await connections({ limits, timers })
    await one.send(question)
    expect(await two.receive()).toEqual(question)
    expect(timers.now).toBe(0)
  })
})
