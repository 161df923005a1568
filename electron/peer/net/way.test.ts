import type { NetworkInterfaceInfo } from 'node:os'
import { describe, expect, it } from 'vitest'
import { IdentifierSpace } from '../protocol/identifier.ts'
import { limits } from '../protocol/limits.ts'
import { raceStaggered } from './race.ts'
import { announcedWays, ownWays } from './system.ts'
import { formatWay, parseWay } from './way.ts'
import { WayBook } from './way-book.ts'

const info = (address: string, internal = false): NetworkInterfaceInfo => ({ address, internal }) as NetworkInterfaceInfo

describe('ways', () => {
  it('are addresses with a port', () => {
    expect(parseWay('192.0.2.1:80')).toEqual({ host: '192.0.2.1', port: 80 })
    expect(parseWay('[2001:db8::1]:65535')).toEqual({ host: '2001:db8::1', port: 65_535 })
    for (const bad of [
      '',
      'host:80',
      '192.0.2.1',
      '192.0.2.256:80',
      '192.0.2.1:0',
      '192.0.2.1:65536',
      '2001:db8::1:80',
      '[::g]:80',
      'relay!x',
    ])
      expect(parseWay(bad)).toBeNull()
    expect(formatWay('::ffff:192.0.2.1', 80)).toBe('192.0.2.1:80')
    expect(formatWay('2001:db8::1', 80)).toBe('[2001:db8::1]:80')
  })

  it('of this machine: real adapters before virtual ones, IPv4 before IPv6, loopback last', () => {
    const adapters = {
      lo: [info('127.0.0.1', true), info('::1', true)],
      docker0: [info('172.17.0.1')],
      eth0: [info('2001:db8::7'), info('fe80::1'), info('192.168.1.7'), info('169.254.3.3')],
      broken: undefined,
      odd: [info(''), info(undefined as unknown as string)],
    }
    expect(ownWays('::', 9, adapters)).toEqual(['192.168.1.7:9', '[2001:db8::7]:9', '172.17.0.1:9', '127.0.0.1:9'])
    expect(ownWays('0.0.0.0', 9, adapters)).toEqual(['192.168.1.7:9', '172.17.0.1:9', '127.0.0.1:9'])
    expect(ownWays('192.168.1.7', 9, adapters)).toEqual(['192.168.1.7:9'])
    const many = { eth0: Array.from({ length: 20 }, (_, index) => info(`10.0.0.${index + 1}`)) }
    expect(ownWays('::', 9, many)).toHaveLength(limits.ways)
    expect(ownWays('::', 9, many).at(-1)).toBe('127.0.0.1:9')
    expect(ownWays('::', 9).at(-1)).toBe('127.0.0.1:9')
  })
})

describe('announced ways', () => {
  it('stand as given, written as ways are, each once', () => {
    expect(announcedWays(['203.0.113.7:7000', ' [2001:DB8::7]:7000', '[::ffff:203.0.113.7]:7000'])).toEqual([
      '203.0.113.7:7000',
      '[2001:DB8::7]:7000',
    ])
    expect(announcedWays([])).toEqual([])
  })

  it.each(['', 'home.example.org:7000', '203.0.113.7', '203.0.113.7:0', '2001:db8::7:7000', '0.0.0.0:7000', '[::]:7000'])(
    '%j is none, and the refusal names it',
    (text) => {
      expect(() => announcedWays(['203.0.113.7:7000', text])).toThrow(`'${text}' is no address`)
    },
  )

  it('are not more than a contact may have', () => {
    const many = Array.from({ length: limits.ways + 1 }, (_, index) => `203.0.113.${index + 1}:7000`)
    expect(announcedWays(many.slice(1))).toHaveLength(limits.ways)
    expect(() => announcedWays(many)).toThrow(`At most ${limits.ways}`)
  })
})

describe('the way book', () => {
  const space = new IdentifierSpace(8)
  const id = space.fromBigInt(1n)

  it('tries ways in turn until the peer is heard, and again when it falls silent', () => {
    const book = new WayBook()
    const ways = ['a', 'b']
    expect([1, 2, 3].map(() => book.forDatagram(id, ways))).toEqual(['a', 'b', 'a'])
    book.heard(id, 'c')
    expect([1, 2, 3, 4, 5].map(() => book.forDatagram(id, ways))).toEqual(['c', 'c', 'c', 'a', 'b'])
    expect(new WayBook().forDatagram(id, [])).toBeNull()
  })

  it('puts the way that was reached last first', () => {
    const book = new WayBook()
    book.reached(id, 'b')
    expect(book.forStream({ id, ways: ['a', 'b', 'c'] })).toEqual(['b', 'a', 'c'])
    expect(book.forStream({ id, ways: ['a', 'c'] })).toEqual(['a', 'c'])
  })
})

describe('racing', () => {
  const never = (signal: AbortSignal): Promise<string> =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        reject(new Error('aborted'))
      })
    })

  it('goes on at once when one fails, after its head start when one is slow, and aborts the losers', async () => {
    const aborted: string[] = []
    const start = (item: string, signal: AbortSignal): Promise<string> => {
      signal.addEventListener('abort', () => aborted.push(item))
      return item === 'bad' ? Promise.reject(new Error('bad')) : item === 'slow' ? never(signal) : Promise.resolve(item)
    }
    const attempt = { start, discard: () => undefined }
    expect(await raceStaggered(['bad', 'good', 'late'], attempt, { staggerMs: 60_000 })).toBe('good')
    expect(await raceStaggered(['slow', 'good'], attempt, { staggerMs: 1 })).toBe('good')
    expect(aborted).toContain('slow')
    expect(aborted).not.toContain('late')
  })

  it('fails when all failed, when there is nothing, and when aborted', async () => {
    const attempt = { start: (item: string) => Promise.reject<string>(new Error(item)), discard: () => undefined }
    await expect(raceStaggered(['one', 'two'], attempt)).rejects.toThrow('one')
    await expect(raceStaggered([], attempt)).rejects.toThrow('no way')
    const controller = new AbortController()
    const slow = raceStaggered(
      ['slow'],
      { start: (_item, signal) => never(signal), discard: () => undefined },
      { signal: controller.signal },
    )
    controller.abort(new Error('enough'))
    await expect(slow).rejects.toThrow('enough')
  })

  it('discards a result that comes too late', async () => {
    const discarded: string[] = []
    let finish: ((value: string) => void) | undefined
    const start = (item: string): Promise<string> =>
      item === 'late' ? new Promise((resolve) => (finish = resolve)) : Promise.resolve(item)
    const attempt = { start, discard: (item: string) => discarded.push(item) }
    expect(await raceStaggered(['late', 'first'], attempt, { staggerMs: 1 })).toBe('first')
    finish?.('late')
    await Promise.resolve()
    expect(discarded).toEqual(['late'])
  })
})
