import { createSocket } from 'node:dgram'
import { connect as tcpConnect, createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Contact, Way } from '../protocol/contact.ts'
import { IdentifierSpace, type Identifier } from '../protocol/identifier.ts'
import { limits } from '../protocol/limits.ts'
import type { FileMessage, RingMessage } from '../protocol/messages.ts'
import type { Channel } from '../ring/ports.ts'
import { createCredentials, type Credentials } from '../trust/credentials.ts'
import { createIdentity, type Identity } from '../trust/identity.ts'
import { createRingKey } from '../trust/ring-key.ts'
import type { Connection } from './connection.ts'
import { NetTransport } from './transport.ts'

const space = new IdentifierSpace(160)
const ringKey = createRingKey()

/** Values that arrive in time, each awaited once. */
class Arrivals<T> {
  readonly all: T[] = []
  #taken = 0
  #wake: (() => void) | null = null

  readonly add = (value: T): void => {
    this.all.push(value)
    this.#wake?.()
  }

  async next(): Promise<T> {
    while (this.all.length === this.#taken) await new Promise<void>((resolve) => (this.#wake = resolve))
    return this.all[this.#taken++] as T
  }
}

interface Received {
  readonly message: RingMessage
  readonly channel: Channel
}

class TestPeer {
  readonly received = new Arrivals<Received>()
  readonly failed = new Arrivals<Identifier>()
  readonly refused = new Arrivals<string>()
  readonly lines = new Arrivals<string>()
  readonly exchanges = new Arrivals<{ peerId: Identifier | null; remote: string; first: FileMessage }>()
  exchange: (connection: Connection, first: FileMessage) => Promise<void> = (connection, first) =>
    connection.send({ command: 'continue', bodyBytes: 0, destination: first.source, source: this.id })
  transport!: NetTransport
  readonly credentials: Credentials

  constructor(credentials: Credentials) {
    this.credentials = credentials
  }

  get id(): Identifier {
    return this.credentials.id
  }

  get contact(): Contact {
    return { id: this.id, ways: this.transport.ways }
  }

  async listen(port = 0, host = '127.0.0.1', announced: readonly Way[] = []): Promise<this> {
    this.transport = await NetTransport.listen({
      host,
      port,
      announced,
      credentials: this.credentials,
      onRingMessage: (message, channel) => {
        this.received.add({ message, channel })
      },
      onExchange: (connection, first) => {
        this.exchanges.add({ peerId: connection.peerId, remote: connection.remoteAddress, first })
        return this.exchange(connection, first)
      },
      onStreamFailed: this.failed.add,
      onRefused: this.refused.add,
      onLine: (direction, _peer, line) => {
        this.lines.add(`${direction} ${line.split(' ')[0] ?? ''}`)
      },
    })
    peers.push(this)
    return this
  }
}

let peers: TestPeer[] = []
afterEach(async () => {
  await Promise.all(peers.map((peer) => peer.transport.close()))
  peers = []
})

async function peerOf(options: { key?: Buffer; identity?: Identity; chosenId?: Identifier } = {}): Promise<TestPeer> {
  const { key = ringKey, identity = createIdentity(), chosenId = null } = options
  return new TestPeer(await createCredentials({ ringKey: key, identity, space, chosenId }))
}
const started = async (options: Parameters<typeof peerOf>[0] = {}): Promise<TestPeer> => (await peerOf(options)).listen()

const ping = (from: TestPeer, to: TestPeer, sequence = 1): RingMessage => ({
  command: 'ping',
  sequence,
  incarnation: 1,
  place: 1,
  viewDigest: '00000000',
  revision: 0,
  gossip: [],
  destination: to.id,
  source: from.id,
})
const have = (from: TestPeer, to: TestPeer): FileMessage => ({
  command: 'have',
  sha256: '0'.repeat(64),
  destination: to.id,
  source: from.id,
})
const zero = space.fromBigInt(0n)
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'resolved',
    (error: unknown) => (error as { code?: unknown }).code,
  )

describe('datagrams', () => {
  it('deliver the first message and its answer, once each', async () => {
    const [a, b] = [await started(), await started()]
    a.transport.send(b.contact, 'datagram', ping(a, b))
    expect(await b.received.next()).toEqual({ message: ping(a, b), channel: 'datagram' })
    b.transport.send(a.contact, 'datagram', ping(b, a, 7))
    expect((await a.received.next()).message).toEqual(ping(b, a, 7))
    for (let sequence = 2; sequence < 50; sequence++) {
      a.transport.send(b.contact, 'datagram', ping(a, b, sequence))
      expect((await b.received.next()).message).toMatchObject({ sequence })
    }
    expect(b.received.all).toHaveLength(49)
    expect(a.transport.stats.bytesOut).toBeGreaterThan(0)
  })

  it('go over a stream when they are too long', async () => {
    const [a, b] = [await started(), await started()]
    const ways = Array.from({ length: limits.ways }, (_, index) => `192.0.2.${index}:12000`)
    const member = { contact: { id: a.id, ways }, incarnation: 1, state: 'alive' } as const
    const long: RingMessage = { ...(ping(a, b) as RingMessage & { command: 'ping' }), gossip: Array.from({ length: 6 }, () => member) }
    a.transport.send(b.contact, 'datagram', long)
    expect(await b.received.next()).toEqual({ message: long, channel: 'stream' })
  })

  it('of another ring, for another machine, or junk are dropped', async () => {
    const [a, b, foreign] = [await started(), await started(), await started({ key: createRingKey() })]
    foreign.transport.send(b.contact, 'datagram', ping(foreign, b))
    expect(await b.refused.next()).toContain('no member sealed')
    const socket = createSocket('udp4')
    socket.send(Buffer.from('junk'), b.transport.port, '127.0.0.1')
    expect(await b.refused.next()).toContain('wrong length')
    socket.close()
    a.transport.send({ id: foreign.id, ways: b.transport.ways }, 'datagram', ping(a, foreign))
    a.transport.send(b.contact, 'datagram', ping(a, b, 9))
    expect((await b.received.next()).message).toMatchObject({ sequence: 9 })
  })
})

describe('a machine that cannot be dialled', () => {
  const nowhere: Way = '127.0.0.1:1'

  it('is asked over the connection it made to make another, which is kept between exchanges', async () => {
    const [a, hidden] = [await started(), await (await peerOf()).listen(0, '127.0.0.1', [nowhere])]
    hidden.transport.send(a.contact, 'stream', ping(hidden, a))
    await a.received.next()
    const first = await a.transport.open(hidden.contact)
    for (const connection of [first, await reopened(first)]) {
      expect(connection).toBe(first)
      await connection.send(have(a, hidden))
      expect(await connection.receive()).toMatchObject({ command: 'continue', source: hidden.id })
    }
    expect(hidden.exchanges.all.map(({ peerId }) => peerId)).toEqual([a.id, a.id])

    function reopened(connection: Connection): Promise<Connection> {
      connection.release()
      return a.transport.open(hidden.contact)
    }
  })

  it('that has made no connection is out of reach', async () => {
    const [a, hidden] = [await started(), await (await peerOf()).listen(0, '127.0.0.1', [nowhere])]
    expect(await codeOf(a.transport.open(hidden.contact))).toBe('peer-unreachable')
  })

  it('is nobody who calls unasked, or wishes a call for another machine', async () => {
    const [a, b] = [await started(), await started()]
    const ends = { destination: b.id, source: a.id }
    const unasked = await a.transport.open(b.contact)
    await unasked.send({ command: 'called', call: 1, ...ends })
    expect(await b.refused.next()).toContain('nobody waits for')
    expect(await unasked.receive()).toBeNull()
    const wishing = await a.transport.open(b.contact)
    await wishing.send({ command: 'callback', call: 1, caller: { id: zero, ways: [nowhere] }, ...ends })
    expect(await b.refused.next()).toContain("another machine's name")
    await wishing.send(have(a, b))
    expect(await wishing.receive()).toMatchObject({ command: 'continue' })
  })
})

describe('ring lines over streams', () => {
  it('go both ways on one connection, in order', async () => {
    const [a, b] = [await started(), await started()]
    for (let sequence = 1; sequence <= 3; sequence++) a.transport.send(b.contact, 'stream', ping(a, b, sequence))
    for (let sequence = 1; sequence <= 3; sequence++) expect((await b.received.next()).message).toMatchObject({ sequence })
    // no way back but the connection that a made
    b.transport.send({ id: a.id, ways: ['127.0.0.1:1'] }, 'stream', ping(b, a, 5))
    expect(await a.received.next()).toMatchObject({ channel: 'stream', message: { sequence: 5 } })
  })

  it('are lost with a hint when nobody is there, and when the other side goes', async () => {
    const [a, b] = [await started(), await started()]
    a.transport.send({ id: b.id, ways: ['127.0.0.1:1'] }, 'stream', ping(a, b))
    expect(await a.failed.next()).toBe(b.id)
    a.transport.send(b.contact, 'stream', ping(a, b))
    await b.received.next()
    await b.transport.close()
    expect(await a.failed.next()).toBe(b.id)
  })

  it('have all arrived before closing, however many were said at once', async () => {
    const [a, b] = [await started(), await started()]
    a.transport.send(b.contact, 'stream', ping(a, b, 1))
    await b.received.next()
    for (let sequence = 2; sequence <= 5; sequence++) a.transport.send(b.contact, 'stream', ping(a, b, sequence))
    await a.transport.finishLines()
    await a.transport.close()
    expect(await b.failed.next()).toBe(a.id)
    expect(b.received.all.map(({ message }) => message)).toEqual([1, 2, 3, 4, 5].map((sequence) => ping(a, b, sequence)))
  })

  it('go where the peer spoke last, and anew after it is forgotten', async () => {
    const identity = createIdentity()
    const [a, b] = [await started(), await started({ identity })]
    a.transport.send(b.contact, 'stream', ping(a, b))
    await b.received.next()
    // the same machine after a crash that nobody was told of: the old connection still looks well
    const reborn = await started({ identity })
    reborn.transport.send(a.contact, 'stream', ping(reborn, a))
    await a.received.next()
    a.transport.send({ id: b.id, ways: ['127.0.0.1:1'] }, 'stream', ping(a, b, 2))
    expect((await reborn.received.next()).message).toMatchObject({ sequence: 2 })
    a.transport.forget(b.id)
    a.transport.send(b.contact, 'stream', ping(a, b, 3))
    expect((await b.received.next()).message).toMatchObject({ sequence: 3 })
    expect(a.failed.all).toEqual([])
  })

  it('wait in a bounded queue while a connection is made', async () => {
    const [a, b] = [await started(), await started()]
    for (let sequence = 0; sequence < 1000; sequence++) a.transport.send(b.contact, 'stream', ping(a, b, sequence))
    for (let sequence = 0; sequence < 256; sequence++) expect((await b.received.next()).message).toMatchObject({ sequence })
    a.transport.send(b.contact, 'stream', ping(a, b, 5000))
    expect((await b.received.next()).message).toMatchObject({ sequence: 5000 })
  })

  it("are dropped when they speak in another's name", async () => {
    const [a, b, c] = [await started(), await started(), await started()]
    a.transport.send(b.contact, 'stream', ping(c, b))
    expect(await b.refused.next()).toContain("another machine's name")
    a.transport.send(b.contact, 'stream', ping(a, b))
    expect((await b.received.next()).message.source).toBe(a.id)
  })
})

describe('exchanges', () => {
  it('follow each other on one pooled connection', async () => {
    const [a, b] = [await started(), await started()]
    for (let round = 0; round < 20; round++) {
      const connection = await a.transport.open(b.contact)
      expect(connection.peerId).toBe(b.id)
      await connection.send(have(a, b))
      expect(await connection.receive()).toMatchObject({ command: 'continue' })
      connection.release()
    }
    expect(new Set(b.exchanges.all.map((exchange) => exchange.remote)).size).toBe(1)
    expect(b.exchanges.all[0]?.peerId).toBe(a.id)
  })

  it('dial again when the other side closed the resting connection', async () => {
    const [a, b] = [await started(), await started()]
    const first = await a.transport.open(b.contact)
    await first.send(have(a, b))
    await first.receive()
    first.release()
    const { port } = b.transport
    await b.transport.close()
    await b.listen(port)
    const second = await a.transport.open(b.contact)
    await second.send(have(a, b))
    expect(await second.receive()).toMatchObject({ command: 'continue' })
  })

  it('carry large bodies intact', async () => {
    const [a, b] = [await started(), await started()]
    const block = Buffer.alloc(1_048_576, 'ringdrop')
    b.exchange = async (connection, first) => {
      let received = 0
      for await (const chunk of connection.readBody(16 * block.length)) {
        expect(chunk.equals(block.subarray(received % 8, (received % 8) + chunk.length))).toBe(true)
        received += chunk.length
      }
      await connection.send({ command: 'continue', bodyBytes: 0, destination: first.source, source: b.id })
    }
    const connection = await a.transport.open(b.contact)
    await connection.send(have(a, b))
    for (let index = 0; index < 16; index++) await connection.write(block)
    expect(await connection.receive()).toMatchObject({ command: 'continue' })
    expect(a.transport.stats.bytesOut).toBeGreaterThan(16 * block.length)
  })

  it('close the connection when the handler fails', async () => {
    const [a, b] = [await started(), await started()]
    b.exchange = () => Promise.reject(new Error('disk full'))
    const connection = await a.transport.open(b.contact)
    await connection.send(have(a, b))
    expect(await codeOf(connection.receive())).not.toBe('resolved_message')
    connection.release()
    expect(connection.destroyed).toBe(true)
  })
})

describe('who gets in', () => {
  it('refuses a peer of another ring, on either side', async () => {
    const [a, foreign] = [await started(), await started({ key: createRingKey() })]
    expect(await codeOf(foreign.transport.open(a.contact))).toBe('peer-unreachable')
    // the other direction: the client is convinced of nothing it needs, the server looks at the client's certificate
    const trusting = await foreign.transport.openStranger(a.transport.ways[0] as string, a.credentials.fingerprint)
    expect(trusting.peerId).toBe(a.id)
    trusting.destroy()
    const disguised = new TestPeer({ ...foreign.credentials, authorityKey: a.credentials.authorityKey })
    await disguised.listen()
    await disguised.transport.open(a.contact).catch(() => undefined)
    expect(await a.refused.next()).toContain('not of this ring')
    expect(a.exchanges.all).toEqual([])
  })

  it('refuses a machine that is not the one dialled, and tries the other ways', async () => {
    const [a, b, c] = [await started(), await started(), await started()]
    expect(await codeOf(a.transport.open({ id: b.id, ways: c.transport.ways }))).toBe('peer-unreachable')
    const connection = await a.transport.open({ id: b.id, ways: ['127.0.0.1:1', ...c.transport.ways, ...b.transport.ways] })
    expect(connection.peerId).toBe(b.id)
  })

  it('refuses an id that is not the hash of its key', async () => {
    const [a, liar] = [await started(), await started({ chosenId: space.fromBigInt(5n) })]
    expect(await codeOf(a.transport.open(liar.contact))).toBe('peer-unreachable')
  })

  it('lets a stranger enroll and nothing else', async () => {
    const [a, b] = [await started(), await started({ key: createRingKey() })]
    const way = a.transport.ways[0] as string
    a.exchange = async (connection, first) => {
      expect(connection.peerId).toBeNull()
      await connection.send({ command: 'enrolled', bodyBytes: 4, destination: first.source, source: a.id })
      await connection.write(Buffer.from('ring'))
    }
    const stranger = await b.transport.openStranger(way, a.credentials.fingerprint)
    await stranger.send({ command: 'enroll', token: 'token', machineName: 'm', destination: a.id, source: zero })
    expect(await stranger.receive()).toMatchObject({ command: 'enrolled', bodyBytes: 4 })
    expect((await stranger.readBodyBuffer(4)).toString()).toBe('ring')
    stranger.release()
    expect(stranger.destroyed).toBe(true)

    const other = await b.transport.openStranger(way, a.credentials.fingerprint)
    await other.send({ ...have(a, a), source: b.id })
    expect(await other.receive()).toBeNull()
    expect(await a.refused.next()).toContain('/have of a stranger')
    expect(a.exchanges.all).toHaveLength(1)
    expect(await codeOf(b.transport.openStranger(way, b.credentials.fingerprint))).toBe('peer-unreachable')
  })

  it('changes rings without changing ports', async () => {
    const identity = createIdentity()
    const [a, b, c] = [await started(), await started({ identity, key: createRingKey() }), await started()]
    b.transport.setCredentials(a.credentials.id === b.id ? b.credentials : (await peerOf({ identity })).credentials)
    const connection = await a.transport.open({ id: b.id, ways: b.transport.ways })
    expect(connection.peerId).toBe(b.id)
    b.transport.send(c.contact, 'datagram', ping(b, c))
    expect((await c.received.next()).message.source).toBe(b.id)
  })

  it('survives noise on its port', async () => {
    const [a, b] = [await started(), await started()]
    const socket = tcpConnect(a.transport.port, '127.0.0.1')
    socket.on('error', () => undefined)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write('GET / HTTP/1.1\r\n\r\n')
    await closed
    expect((await b.transport.open(a.contact)).peerId).toBe(a.id)
  })
})

describe('ports', () => {
  it('says that a port is in use', async () => {
    const a = await started()
    expect(await codeOf((await peerOf()).listen(a.transport.port))).toBe('port-in-use')
    const udp = createSocket('udp4')
    const port = await new Promise<number>((resolve) =>
      udp.bind(0, '127.0.0.1', () => {
        resolve(udp.address().port)
      }),
    )
    expect(await codeOf((await peerOf()).listen(port))).toBe('port-in-use')
    // the half that was free is free again
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    await new Promise((resolve) => server.close(resolve))
    await new Promise<void>((resolve) => udp.close(resolve))
  })

  it('says that an address is not its own', async () => {
    expect(await codeOf((await peerOf()).listen(0, '192.0.2.1'))).toBe('bad-argument')
  })

  it('serves every interface', async () => {
    const a = await (await peerOf()).listen(0, '::')
    const b = await started()
    expect(a.transport.ways.at(-1)).toBe(`127.0.0.1:${a.transport.port}`)
    const contact = { id: a.id, ways: [`127.0.0.1:${a.transport.port}`] }
    expect((await b.transport.open(contact)).remoteAddress).toBe(contact.ways[0])
    b.transport.send(contact, 'datagram', ping(b, a))
    await a.received.next()
    a.transport.send(b.contact, 'datagram', ping(a, b))
    expect((await b.received.next()).message.source).toBe(a.id)
  })

  it('tells the ways that are announced in place of its own, whatever it listens on', async () => {
    const forwarded = ['203.0.113.7:7000', '[2001:db8::7]:7000']
    const a = await (await peerOf()).listen(0, '127.0.0.1', forwarded)
    expect(a.transport.ways).toEqual(forwarded)
    const b = await (await peerOf()).listen(0, '127.0.0.1')
    expect(b.transport.ways).toEqual([`127.0.0.1:${b.transport.port}`])
  })

  it('rejects what is opened after closing or cancelled before', async () => {
    const [a, b] = [await started(), await started()]
    expect(await codeOf(a.transport.open(b.contact, { signal: AbortSignal.abort() }))).toBe('cancelled')
    await a.transport.close()
    expect(await codeOf(a.transport.open(b.contact))).toBe('peer-unreachable')
    a.transport.send(b.contact, 'stream', ping(a, b))
  })
})
