import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMessage, encodeMessage, formatContact, parseContact } from './codec.ts'
import type { Contact } from './contact.ts'
import { IdentifierSpace } from './identifier.ts'
import { limits } from './limits.ts'
import type { Member, Message } from './messages.ts'

const space = new IdentifierSpace(160)
const small = new IdentifierSpace(8)

const identifiers = fc.bigInt({ min: 0n, max: space.size - 1n }).map((value) => space.fromBigInt(value))
const ports = fc.integer({ min: 1, max: 65_535 })
const hosts = fc.oneof(fc.ipV4(), fc.constantFrom('localhost', 'ada.local', '[::1]', '[fe80::1:2]', '[1:2:3:4:5:6:7:8]'))
const ways = fc.tuple(hosts, ports).map(([host, port]) => `${host}:${port}`)
const contacts: fc.Arbitrary<Contact> = fc.record({ id: identifiers, ways: fc.array(ways, { minLength: 1, maxLength: limits.ways }) })
const counters = fc.maxSafeNat()
const members: fc.Arbitrary<Member> = fc.record({
  contact: contacts,
  incarnation: counters,
  state: fc.constantFrom('alive' as const, 'suspect' as const, 'dead' as const, 'left' as const),
})
const names = fc.oneof(fc.string({ maxLength: 40 }), fc.constantFrom('-', '', 'é ü/ñ', '文件, 1.txt', '😀;+@'))
const route = fc.array(identifiers, { maxLength: limits.route })
const ends = { destination: identifiers, source: identifiers }
const digests = fc.stringMatching(/^[0-9a-f]{8}$/)

const messages: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    command: fc.constant('ping' as const),
    sequence: counters,
    incarnation: counters,
    place: fc.nat(limits.successors),
    viewDigest: digests,
    revision: counters,
    gossip: fc.array(members, { maxLength: limits.gossipMembers }),
    ...ends,
  }),
  fc.record({
    command: fc.constant('decline' as const),
    exchange: counters,
    reason: fc.constantFrom('id-taken' as const, 'not-between' as const, 'not-ready' as const, 'wrong-version' as const),
    better: fc.option(contacts),
    route,
    ...ends,
  }),
  fc.record({
    command: fc.constant('find' as const),
    exchange: counters,
    forward: fc.boolean(),
    purpose: fc.constantFrom('store' as const, 'request' as const, 'find' as const),
    key: identifiers,
    name: names,
    requester: contacts,
    route,
    ...ends,
  }),
  fc.record({ command: fc.constant('refuse' as const), reason: fc.constant('failed' as const), detail: names, ...ends }),
  fc.record({ command: fc.constant('continue' as const), bodyBytes: fc.nat(limits.wantedBytes), ...ends }),
)

describe('codec', () => {
  it('reads back exactly what it writes', () => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(decodeMessage(space, encodeMessage(space, message))).toEqual(message)
      }),
    )
  })

  it('writes printable ASCII without a newline', () => {
    fc.assert(fc.property(messages, (message) => /^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(encodeMessage(space, message))))
  })

  it('answers rubbish with a reason', () => {
    const rubbish = fc.oneof(
      fc.string(),
      fc.array(fc.nat(0xffff)).map((codes) => String.fromCharCode(...codes)),
      fc.array(fc.string()).map((words) => `/ping ${words.join(' ')}`),
    )
    fc.assert(
      fc.property(rubbish, (line) => {
        expect(decodeMessage(space, line)).toHaveProperty('reason')
      }),
    )
  })

  it('answers a damaged line with a reason, or reads one that it would write itself', () => {
    fc.assert(
      fc.property(messages, fc.nat(), fc.string({ minLength: 1, maxLength: 1 }), (message, at, letter) => {
        const line = encodeMessage(space, message)
        const damaged = line.slice(0, at % line.length) + letter + line.slice((at % line.length) + 1)
        const read = decodeMessage(space, damaged)
        if ('command' in read) expect(encodeMessage(space, read)).toBe(damaged)
      }),
    )
  })

  it.each([
    ['', 'unknown command'],
    ['ping 1 2', 'unknown command'],
    ['/constructor 1 2', 'unknown command'],
    ['/continue 0', '/continue takes 1 arguments, a destination and a source'],
    ['/continue 0 1 256', '/continue: bad source'],
    ['/continue 0 01 2', '/continue: bad destination'],
    ['/catalogue 1.5 1 2', '/catalogue: bad since'],
    ['/catalogue 9007199254740993 1 2', '/catalogue: bad since'],
    ['/probe 1 9@127.0.0.1:0 1 2', '/probe: bad target'],
    ['/probe 1 9 1 2', '/probe: bad target'],
    ['/record %zz 1 2', '/record: bad name'],
    ['/record a%2db 1 2', '/record: bad name'],
    ['/update 1048577 1 2', '/update: bad recordBytes'],
    ['/successor shout 1 - - 1 2', '/successor: bad kind'],
  ])('refuses "%s"', (line, reason) => {
    expect(decodeMessage(small, line)).toEqual({ reason })
  })

  it('refuses lists and lines beyond their limits', () => {
    const gossip = Array.from({ length: limits.gossipMembers + 1 }, () => '9@127.0.0.1:1;1;alive').join(',')
    expect(decodeMessage(small, `/response 1 1 00000000 00000000 0 ${gossip} 1 2`)).toEqual({ reason: '/response: bad gossip' })
    expect(decodeMessage(small, `/record ${'a'.repeat(limits.nameBytes + 1)} 1 2`)).toEqual({ reason: '/record: bad name' })
    expect(decodeMessage(small, `/record ${'a'.repeat(limits.lineBytes)} 1 2`)).toEqual({ reason: 'line too long' })
  })

  it('sends a lone surrogate as the replacement character', () => {
    const ends = { destination: small.fromBigInt(1n), source: small.fromBigInt(2n) }
    expect(encodeMessage(small, { command: 'record', name: 'a\ud800', ...ends })).toBe('/record a%EF%BF%BD 1 2')
  })

  it.each(['9@127.0.0.1:12009', '9@[::1]:1+host-name.local:65535'])('contact %s', (line) => {
    const contact = parseContact(small, line)
    expect(contact && formatContact(small, contact)).toBe(line)
  })

  it.each([
    '9',
    '9@',
    '@127.0.0.1:1',
    '256@127.0.0.1:1',
    '9@127.0.0.256:1',
    '9@127.0.0.1:65536',
    '9@1.2.3:4',
    '9@[1:2]:3',
    '9@a b:1',
    '9@[::1]',
    '9@-a:1',
  ])('no contact %s', (line) => {
    expect(parseContact(small, line)).toBeNull()
  })
})
