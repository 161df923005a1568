import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ManualTimers } from '../../../tests/fakes/manual-timers.ts'
import { IdentifierSpace } from '../protocol/identifier.ts'
import type { FileMessage } from '../protocol/messages.ts'
import { createCredentials, type Credentials } from '../trust/credentials.ts'
import { createIdentity } from '../trust/identity.ts'
import { createRingKey } from '../trust/ring-key.ts'
import { Connection, type ConnectionOptions } from './connection.ts'
import { readDirectly } from './direct-read.ts'
import { RateLimit } from './rate-limit.ts'
import { secureClient, secureContextOf, TlsEndpoint, verifierOf } from './tls-endpoint.ts'

const space = new IdentifierSpace(160)
const [us, them] = [space.fromBigInt(1n), space.fromBigInt(2n)]
const question: FileMessage = { command: 'have', sha256: '0'.repeat(64), destination: them, source: us }

let credentials: Credentials
let endpoint: TlsEndpoint
const accepted: ((socket: TLSSocket) => void)[] = []
const sockets: Socket[] = []

beforeAll(async () => {
  credentials = await createCredentials({ ringKey: createRingKey(), identity: createIdentity(), space, chosenId: null })
  endpoint = await TlsEndpoint.listen({
    host: '127.0.0.1',
    port: 0,
    credentials,
    onConnection: ({ socket }) => accepted.shift()?.(socket),
    onRefused: () => undefined,
  })
})
afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  await endpoint.close()
})

/** Two ends of a TLS connection. `onAccepted` gets the far one in the turn in which its handshake ends. */
async function ends(onAccepted: (socket: TLSSocket) => void = () => undefined): Promise<{ near: TLSSocket; far: TLSSocket }> {
  const farEnd = new Promise<TLSSocket>((resolve) => {
    accepted.push((socket) => {
      onAccepted(socket)
      resolve(socket)
    })
  })
  const stream = connect(endpoint.address.port, '127.0.0.1')
  const [context, signal] = [secureContextOf(credentials), new AbortController().signal]
  const { socket: near } = await secureClient(stream, { context, verify: verifierOf(credentials), signal })
  const far = await farEnd
  for (const socket of [near, far]) socket.on('error', () => undefined)
  sockets.push(stream, near, far)
  return { near, far }
}

const connectionOn = (stream: TLSSocket, options: Partial<ConnectionOptions> = {}): Connection =>
  new Connection({ stream, space, peerId: them, remoteAddress: 'test', ...options })

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A body in blocks of so many bytes, the reader resting before each for as many turns of the event loop as `rest` says. */
async function readAll(
  connection: Connection,
  lengthBytes: number,
  { blockBytes, rest }: { blockBytes: number; rest: number },
): Promise<Buffer> {
  const blocks: Buffer[] = []
  let left = lengthBytes
  const nextBuffer = (): Buffer => {
    const block = Buffer.alloc(Math.min(blockBytes, left))
    left -= block.length
    return block
  }
  for await (const block of connection.readBlocks(lengthBytes, nextBuffer)) {
    blocks.push(block)
    for (let turns = 0; turns < rest; turns++) await turn()
  }
  return Buffer.concat(blocks)
}

describe('bytes of a TLS socket', () => {
  it('go into the memory of who reads, without an event for each record, on the side that dialled and on the other', async () => {
    const { near, far } = await ends()
    connectionOn(near)
    connectionOn(far)
    expect([near.listenerCount('data'), far.listenerCount('data')]).toEqual([0, 0])
  })

  it('are the same, in the same order, whoever is faster, with lines between bodies', async () => {
    const { near, far } = await ends()
    const [from, to] = [connectionOn(near), connectionOn(far)]
    for (const [lengthBytes, blockBytes, rest] of [
      [3_500_000, 1_048_576, 0],
      [3_500_000, 1_048_576, 5],
      [100_000, 1_000, 0],
      [40_000, 16_384, 1],
      [1, 1_048_576, 0],
    ] as const) {
      const body = randomBytes(lengthBytes)
      const sent = (async () => {
        await from.send(question)
        await from.write(body)
        await from.send(question)
      })()
      expect(await to.receive()).toEqual(question)
      expect((await readAll(to, lengthBytes, { blockBytes, rest })).equals(body)).toBe(true)
      expect(await to.receive()).toEqual(question)
      await sent
    }
  })

  it('that came before anybody read are not lost', async () => {
    const body = randomBytes(100_000)
    const { near } = await ends((socket) => socket.write(body))
    while (near.readableLength === 0) await turn()
    expect((await connectionOn(near).readBodyBuffer(body.length)).equals(body)).toBe(true)
  })

  it('wait for a slow reader: neither side gathers them', async () => {
    const { near, far } = await ends()
    const counters = { bytesIn: 0, bytesOut: 0 }
    const [from, to] = [connectionOn(near), connectionOn(far, { counters })]
    const block = Buffer.alloc(1_048_576, 1)
    const blocks = 32
    const writing = (async () => {
      for (let index = 0; index < blocks; index++) await from.write(block)
    })()
    let received = 0
    let mostAhead = 0
    for await (const read of to.readBlocks(blocks * block.length, () => Buffer.alloc(block.length))) {
      received += read.length
      mostAhead = Math.max(mostAhead, counters.bytesIn - received)
      for (let turns = 0; turns < 20; turns++) await turn()
    }
    await writing
    expect(received).toBe(blocks * block.length)
    expect(mostAhead).toBeLessThan(2 * block.length)
  })

  it('come no faster than they may', async () => {
    const { near, far } = await ends()
    const timers = new ManualTimers()
    const limits = { up: new RateLimit(() => timers.now), down: new RateLimit(() => timers.now) }
    limits.down.bytesPerSecond = 1_000_000
    const sent = randomBytes(1_000_000)
    let isDone = false
    const reading = readAll(connectionOn(far, { limits, timers }), sent.length, { blockBytes: 300_000, rest: 0 }).finally(
      () => (isDone = true),
    )
    near.write(sent)
    while (!isDone) {
      timers.advance(10)
      await turn()
    }
    expect((await reading).equals(sent)).toBe(true)
    expect(timers.now).toBeGreaterThan(500)
  })

  it('end, and break off, as those of any stream', async () => {
    const { near, far } = await ends()
    const ending = connectionOn(far)
    near.end()
    expect(await ending.receive()).toBeNull()
    const other = await ends()
    const broken = connectionOn(other.far)
    const reading = readAll(broken, 1_000_000, { blockBytes: 1_000_000, rest: 0 }).catch((error: unknown) => error)
    other.near.write(Buffer.alloc(100_000), () => other.near.destroy())
    expect(await reading).toMatchObject({ code: 'peer-unreachable' })
  })
})

it('other streams are read as ever', async () => {
  const socket = connect(endpoint.address.port, '127.0.0.1')
  await once(socket, 'connect')
  const memory = { nextMemory: () => new Uint8Array(1), onBytes: () => undefined }
  expect(readDirectly(socket, memory)).toBe(false)
  socket.destroy()
})
