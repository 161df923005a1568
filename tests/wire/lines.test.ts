/** Golden lines: what travels, letter by letter. A change here is a change of the protocol, and breaks older peers. */

import { describe, expect, it } from 'vitest'
import { decodeMessage, encodeMessage } from '../../electron/peer/protocol/codec.ts'
import { IdentifierSpace } from '../../electron/peer/protocol/identifier.ts'
import type { Message } from '../../electron/peer/protocol/messages.ts'

const classroom = new IdentifierSpace(8)
const ring = new IdentifierSpace(160)
const id = (value: number) => classroom.fromBigInt(BigInt(value))
const contact = (value: number) => ({ id: id(value), ways: [`127.0.0.1:${12_000 + value}`] })
const ends = { destination: id(4), source: id(2) }
const sha256 = '5eed'.padEnd(64, '0')

const lines: readonly (readonly [string, Message])[] = [
  [
    '/ping 7 1 1 1a2b3c4d 12 9@127.0.0.1:12009;3;suspect 4 2',
    {
      command: 'ping',
      sequence: 7,
      incarnation: 1,
      place: 1,
      viewDigest: '1a2b3c4d',
      revision: 12,
      gossip: [{ contact: contact(9), incarnation: 3, state: 'suspect' }],
      ...ends,
    },
  ],
  [
    '/response 7 1 1a2b3c4d 5e6f7a8b 12 - 4 2',
    {
      command: 'response',
      sequence: 7,
      incarnation: 1,
      viewDigest: '1a2b3c4d',
      listsDigest: '5e6f7a8b',
      revision: 12,
      gossip: [],
      ...ends,
    },
  ],
  ['/probe 8 9@127.0.0.1:12009 4 2', { command: 'probe', sequence: 8, target: contact(9), ...ends }],
  ['/probed 8 9 4 2', { command: 'probed', sequence: 8, target: id(9), ...ends }],
  [
    '/join 1 15@127.0.0.1:12015 1 4,5,8 4 2',
    { command: 'join', exchange: 1, joiner: contact(15), incarnation: 1, route: [id(4), id(5), id(8)], ...ends },
  ],
  [
    '/accept 1 14@127.0.0.1:12014 19@127.0.0.1:12019,2@127.0.0.1:12002 4,14 4 2',
    { command: 'accept', exchange: 1, predecessor: contact(14), successors: [contact(19), contact(2)], route: [id(4), id(14)], ...ends },
  ],
  ['/decline 1 id-taken - 4 4 2', { command: 'decline', exchange: 1, reason: 'id-taken', better: null, route: [id(4)], ...ends }],
  ['/successor ask 2 - - 4 2', { command: 'successor', kind: 'ask', exchange: 2, predecessor: null, successors: [], ...ends }],
  [
    '/successor change 0 9@127.0.0.1:12009 15@127.0.0.1:12015 4 2',
    { command: 'successor', kind: 'change', exchange: 0, predecessor: contact(9), successors: [contact(15)], ...ends },
  ],
  [
    '/leave 1 8@127.0.0.1:12008 14@127.0.0.1:12014 4 2',
    { command: 'leave', incarnation: 1, predecessor: contact(8), successors: [contact(14)], ...ends },
  ],
  [
    '/find 3 yes store 19 2067 8@127.0.0.1:12008 8,9 4 2',
    {
      command: 'find',
      exchange: 3,
      forward: true,
      purpose: 'store',
      key: id(19),
      name: '2067',
      requester: contact(8),
      route: [id(8), id(9)],
      ...ends,
    },
  ],
  [
    '/found 3 19@127.0.0.1:12019 - 8,9,14,19 4 2',
    { command: 'found', exchange: 3, owner: contact(19), successors: [], route: [8, 9, 14, 19].map(id), ...ends },
  ],
  ['/closer 3 9@127.0.0.1:12009 4 2', { command: 'closer', exchange: 3, contacts: [contact(9)], ...ends }],
  ['/view ask 4 - 4 2', { command: 'view', kind: 'ask', exchange: 4, members: [], ...ends }],
  [
    '/store 19 3 5@127.0.0.1:12005 512 100 4 2',
    { command: 'store', key: id(19), copies: 3, next: [contact(5)], recordBytes: 512, manifestBytes: 100, ...ends },
  ],
  [
    '/stage 3 5@127.0.0.1:12005 9000000 1048576 4 2',
    { command: 'stage', copies: 3, next: [contact(5)], sizeBytes: 9_000_000, blockBytes: 1_048_576, ...ends },
  ],
  ['/continue 0 4 2', { command: 'continue', bodyBytes: 0, ...ends }],
  ['/stored 4,5 - 4 2', { command: 'stored', holders: [id(4), id(5)], failed: [], ...ends }],
  ['/refuse no-space 3%20bytes%20left 4 2', { command: 'refuse', reason: 'no-space', detail: '3 bytes left', ...ends }],
  [`/request caf%C3%A9 ${sha256} 0 0 4 2`, { command: 'request', name: 'café', sha256, offsetBytes: 0, lengthBytes: 0, ...ends }],
  [`/deliver ${sha256} 0 100 yes 4 2`, { command: 'deliver', sha256, offsetBytes: 0, lengthBytes: 100, manifest: true, ...ends }],
  ['/record %2D 4 2', { command: 'record', name: '-', ...ends }],
  ['/record - 4 2', { command: 'record', name: '', ...ends }],
  ['/catalogue 0 4 2', { command: 'catalogue', since: 0, ...ends }],
  ['/records 12 no yes 345 4 2', { command: 'records', revision: 12, more: false, synced: true, bodyBytes: 345, ...ends }],
  ['/changed 13 4 2', { command: 'changed', revision: 13, ...ends }],
  ['/noted 4 2', { command: 'noted', ...ends }],
  ['/update 512 4 2', { command: 'update', recordBytes: 512, ...ends }],
  [`/have ${sha256} 4 2`, { command: 'have', sha256, ...ends }],
  [`/holds ${sha256} 1700000000000 4 2`, { command: 'holds', sha256, verifiedAt: 1_700_000_000_000, ...ends }],
  [`/damaged ${sha256} 4 2`, { command: 'damaged', sha256, ...ends }],
  ['/names 12 3 4096 4 2', { command: 'names', since: 12, told: 3, bodyBytes: 4096, ...ends }],
  ['/known 3 12 yes 900 4 2', { command: 'known', count: 3, revision: 12, synced: true, bodyBytes: 900, ...ends }],
  [
    '/pack 3 5@127.0.0.1:12005 2 1048576 9000 4 2',
    { command: 'pack', copies: 3, next: [contact(5)], files: 2, blockBytes: 1_048_576, bodyBytes: 9000, ...ends },
  ],
  [
    '/packed 4,5 6 3,1,no-space 8 9 4 2',
    { command: 'packed', holders: [id(4), id(5)], failed: [id(6)], outcomes: [3, 1, 'no-space'], first: 8, last: 9, ...ends },
  ],
  [`/fetch ${sha256},${sha256} 4 2`, { command: 'fetch', contents: [sha256, sha256], ...ends }],
  ['/fetched 0,none,30 30 4 2', { command: 'fetched', sizes: [0, 'none', 30], bodyBytes: 30, ...ends }],
  ['/digest 0123456789abcdef 4 2', { command: 'digest', hash: '0123456789abcdef', ...ends }],
  ['/same 4 2', { command: 'same', ...ends }],
  ['/differs 4 2', { command: 'differs', ...ends }],
  ['/buckets 1 2 4 2', { command: 'buckets', from: id(1), to: id(2), ...ends }],
  ['/hashes no 2048 4 2', { command: 'hashes', synced: false, bodyBytes: 2048, ...ends }],
  ['/entries 1 2 77 4 2', { command: 'entries', from: id(1), to: id(2), bodyBytes: 77, ...ends }],
  ['/compared 2 12 345 4 2', { command: 'compared', upTo: id(2), revision: 12, bodyBytes: 345, ...ends }],
  ['/callback 7 2@127.0.0.1:12002 4 2', { command: 'callback', call: 7, caller: contact(2), ...ends }],
  ['/called 7 4 2', { command: 'called', call: 7, ...ends }],
  ['/enroll abcdef Ada%E2%80%99s%20laptop 4 2', { command: 'enroll', token: 'abcdef', machineName: 'Ada’s laptop', ...ends }],
  ['/enrolled 900 4 2', { command: 'enrolled', bodyBytes: 900, ...ends }],
]

describe('golden lines', () => {
  it.each(lines)('%s', (line, message) => {
    expect(encodeMessage(classroom, message)).toBe(line)
    expect(decodeMessage(classroom, line)).toEqual(message)
  })

  it('writes the ids of a large ring in hexadecimal, and every way of a contact', () => {
    const who = { id: ring.fromBigInt(0xabcn), ways: ['192.168.1.5:4000', '[fe80::1]:4000', 'ada.local:4000'] }
    const message: Message = { command: 'probe', sequence: 1, target: who, destination: who.id, source: who.id }
    const digits = 'abc'.padStart(40, '0')
    expect(encodeMessage(ring, message)).toBe(`/probe 1 ${digits}@192.168.1.5:4000+[fe80::1]:4000+ada.local:4000 ${digits} ${digits}`)
  })
})
