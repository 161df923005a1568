import { createSocket, type Socket as DatagramSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FaultProxy } from './fault-proxy.ts'
import { LinkFaults } from './link-faults.ts'

/** Everything up to the other side's end; this side stays open. */
async function allOf(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (bytes: Buffer) => chunks.push(bytes))
  await once(socket, 'end')
  return Buffer.concat(chunks)
}

const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once('close', () => resolve()))

// two machines that are nothing but their sockets; other systems than Linux give loopback one address
describe.skipIf(process.platform !== 'linux')('the proxy (skipped where loopback has one address only)', () => {
  const faults = new LinkFaults(1)
  const both = [
    [0, 1],
    [1, 0],
  ] as const
  let proxy: FaultProxy
  let udp: DatagramSocket[]
  let servers: Server[]
  let sockets: Socket[]

  beforeEach(async () => {
    faults.apply([])
    proxy = await FaultProxy.open(2, 1, faults)
    sockets = []
    udp = [createSocket('udp4'), createSocket('udp4')]
    servers = [createServer({ allowHalfOpen: true }), createServer({ allowHalfOpen: true })]
    for (const number of [0, 1]) {
      const { inside } = proxy.places(number)
      await new Promise<void>((resolve) => udp[number]!.bind(inside.port, inside.host, resolve))
      servers[number]!.listen(inside)
      await once(servers[number]!, 'listening')
    }
  })
  afterEach(async () => {
    for (const socket of sockets) socket.destroy()
    for (const socket of udp) socket.close()
    for (const server of servers) server.close()
    await proxy.close()
  })

  const post = (text: string): void => {
    const { outside } = proxy.places(1)
    udp[0]!.send(text, outside.port, outside.host)
  }
  const arrival = async (): Promise<{ text: string; from: string }> => {
    const [bytes, from] = (await once(udp[1]!, 'message')) as [Buffer, { address: string; port: number }]
    return { text: bytes.toString(), from: `${from.address}:${from.port}` }
  }
  /** A connection from machine 0 to machine 1, both ends. */
  const dial = async (localAddress = proxy.places(0).inside.host): Promise<[Socket, Socket]> => {
    const accepted = once(servers[1]!, 'connection') as Promise<[Socket]>
    const { outside } = proxy.places(1)
    const near = connect({ ...outside, localAddress, allowHalfOpen: true })
    near.on('error', () => undefined)
    sockets.push(near)
    const [far] = await accepted
    far.on('error', () => undefined)
    sockets.push(far)
    return [near, far]
  }

  it('brings datagrams from the announced address of one to the other', async () => {
    const arriving = arrival()
    post('one')
    const { outside } = proxy.places(0)
    expect(await arriving).toEqual({ text: 'one', from: `${outside.host}:${outside.port}` })
  })

  it('loses and doubles datagrams, and blocks them in one direction', async () => {
    faults.apply([{ pairs: both, link: { dropShare: 1 } }])
    post('lost')
    while (proxy.traffic.datagramsLost < 1) await new Promise(setImmediate)
    faults.apply([{ pairs: [[1, 0]], link: { blocked: 'all' } }])
    const first = arrival()
    post('the other direction is blocked')
    expect((await first).text).toBe('the other direction is blocked')
    faults.apply([{ pairs: both, link: { duplicateShare: 1 } }])
    const texts: string[] = []
    const twice = new Promise<void>((resolve) => {
      udp[1]!.on('message', (bytes) => {
        texts.push(bytes.toString())
        if (texts.length === 2) resolve()
      })
    })
    post('twice')
    await twice
    expect(texts).toEqual(['twice', 'twice'])
  })

  it('carries streams whole, with delay, and each end of them', async () => {
    faults.apply([{ pairs: both, link: { delayMs: 2, jitterMs: 5 } }])
    const [near, far] = await dial()
    const sent = Buffer.alloc(3_000_000, 'abcdefg')
    const received = allOf(far)
    near.end(sent)
    expect((await received).equals(sent)).toBe(true)
    far.end('thanks')
    expect((await allOf(near)).toString()).toBe('thanks')
  })

  it('holds what is sent while the way is cut, in that direction only', async () => {
    const [near, far] = await dial()
    faults.apply([{ pairs: [[0, 1]], link: { blocked: 'all' } }])
    let received = ''
    far.on('data', (bytes: Buffer) => (received += bytes.toString()))
    near.write('held')
    far.write('open')
    expect(String((await once(near, 'data'))[0])).toBe('open')
    expect(received).toBe('')
    faults.apply([])
    await once(far, 'data')
    expect(received).toBe('held')
  })

  it('breaks connections off', async () => {
    const [near, far] = await dial()
    near.write('x')
    await once(far, 'data')
    expect(proxy.reset(1, null)).toBe(1)
    await Promise.all([closed(near), closed(far)])
    expect(proxy.reset(1, null)).toBe(0)
  })

  it('turns one bit, once', async () => {
    const [near, far] = await dial()
    const received = allOf(far)
    proxy.damage(0)
    near.end(Buffer.alloc(1000))
    const bits = [...(await received)].reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
    expect(bits).toBe(1)
  })

  it('refuses who speaks from an unknown address', async () => {
    const { outside } = proxy.places(1)
    const stranger = connect(outside)
    stranger.on('error', () => undefined)
    await closed(stranger)
    expect(proxy.traffic.connections).toBe(0)
  })
})
