import { describe, expect, it } from 'vitest'
import type { PeerEvent } from '../peer/peer-events.ts'
import { startWording, wordEvent } from './classroom-wording.ts'

/** Lines that one peer prints for a run of events. */
function words(self: string, events: readonly PeerEvent[], more: { successors?: string[]; holds?: string[] } = {}): string[] {
  let state = startWording(self, more.successors ?? [])
  return events.flatMap((event) => {
    const worded = wordEvent(event, state, (name) => more.holds?.includes(name) === true)
    state = worded.state
    return worded.lines
  })
}

describe("the course's wording", () => {
  it('1. ping', () => {
    const events: PeerEvent[] = [
      { kind: 'pings-sent', peers: ['4', '5'] },
      { kind: 'response-received', peer: '4', roundTripMs: 1 },
      { kind: 'response-received', peer: '5', roundTripMs: 1 },
      { kind: 'ping-received', peer: '14' },
      { kind: 'ping-received', peer: '19' },
    ]
    expect(words('2', events, { successors: ['4', '5'] })).toEqual([
      'Ping requests sent to Peers 4 and 5',
      'Ping response received from Peer 4',
      'Ping response received from Peer 5',
      'Ping request message received from Peer 14',
      'Ping request message received from Peer 19',
    ])
    expect(words('2', [{ kind: 'pings-sent', peers: ['4'] }])).toEqual(['Ping requests sent to Peer 4'])
    expect(words('2', [{ kind: 'pings-sent', peers: [] }])).toEqual([])
  })

  it('2. join, at a peer that passes it on', () => {
    expect(words('4', [{ kind: 'join-forwarded', joiner: '15' }])).toEqual(['Peer 15 Join request forwarded to my successor'])
  })

  it('2. join, at the peer before the joiner', () => {
    const events: PeerEvent[] = [
      { kind: 'join-received', joiner: '15' },
      { kind: 'successors', successors: ['15', '19'], previous: ['19', '2'] },
    ]
    expect(words('14', events, { successors: ['19', '2'] })).toEqual([
      'Peer 15 Join request received',
      'My new first successor is Peer 15',
      'My new second successor is Peer 19',
    ])
  })

  it('2. join, at the one before that', () => {
    const events: PeerEvent[] = [
      { kind: 'successor-change-received', from: '14' },
      { kind: 'successors', successors: ['14', '15'], previous: ['14', '19'] },
    ]
    expect(words('9', events, { successors: ['14', '19'] })).toEqual([
      'Successor Change request received',
      'My new first successor is Peer 14',
      'My new second successor is Peer 15',
    ])
  })

  it('2. join, at the joiner, told once though it is heard twice', () => {
    const events: PeerEvent[] = [
      { kind: 'join-accepted', route: ['15', '4', '5', '8', '9', '14'] },
      { kind: 'successors', successors: ['19', '2'], previous: [] },
      { kind: 'join-accepted', route: [] },
      { kind: 'successors', successors: ['19', '2'], previous: [] },
    ]
    expect(words('15', events)).toEqual([
      'Join request has been accepted',
      'Route: 15 -> 4 -> 5 -> 8 -> 9 -> 14',
      'My first successor is Peer 19',
      'My second successor is Peer 2',
    ])
  })

  it('2. join, declined', () => {
    expect(words('15', [{ kind: 'join-declined', reason: 'id-taken' }])).toEqual(['Join request has been declined: id-taken'])
  })

  it('3. graceful departure', () => {
    const events: PeerEvent[] = [
      { kind: 'departing', peer: '9' },
      { kind: 'successors', successors: ['14', '19'], previous: ['9', '14'] },
    ]
    expect(words('8', events, { successors: ['9', '14'] })).toEqual([
      'Peer 9 will depart from the network',
      'My new first successor is Peer 14',
      'My new second successor is Peer 19',
    ])
  })

  it('4. abrupt departure, with a list that is one short for a moment', () => {
    const events: PeerEvent[] = [
      { kind: 'dead', peer: '14' },
      { kind: 'successors', successors: ['19'], previous: ['14', '19'] },
      { kind: 'successors', successors: ['19', '2'], previous: ['19'] },
    ]
    expect(words('9', events, { successors: ['14', '19'] })).toEqual([
      'Peer 14 is no longer alive',
      'My new first successor is Peer 19',
      'My new second successor is Peer 2',
    ])
  })

  it('5. store, at the peer that asks, those between and the owner', () => {
    const asking: PeerEvent[] = [
      { kind: 'lookup-started', purpose: 'store', name: '2067' },
      { kind: 'lookup-done', purpose: 'store', name: '2067', owner: '19', route: ['8', '9', '14', '19'] },
      { kind: 'stored', name: '2067', holders: ['19'], wanted: 1, route: ['8', '9', '14', '19'] },
    ]
    expect(words('8', asking)).toEqual(['Store 2067 request forwarded to my successor', 'Route: 8 -> 9 -> 14 -> 19'])
    expect(words('9', [{ kind: 'lookup-forwarded', purpose: 'store', name: '2067', from: '8' }])).toEqual([
      'Store 2067 request forwarded to my successor',
    ])
    expect(words('19', [{ kind: 'lookup-accepted', purpose: 'store', name: '2067', from: '8' }])).toEqual(['Store 2067 request accepted'])
    expect(words('19', [{ kind: 'receiving', name: '2067', from: '8' }])).toEqual([])
  })

  it('6. request, at the peer that asks', () => {
    const events: PeerEvent[] = [
      { kind: 'lookup-started', purpose: 'request', name: '4103' },
      { kind: 'lookup-done', purpose: 'request', name: '4103', owner: '8', route: ['2', '4', '5', '8'] },
      { kind: 'receiving', name: '4103', from: '8' },
      { kind: 'receiving', name: '4103', from: '8' },
      { kind: 'requested', name: '4103', path: '/x/_4103.pdf', from: ['8'] },
    ]
    expect(words('2', events)).toEqual([
      'File request for 4103 has been sent to my successor',
      'Route: 2 -> 4 -> 5 -> 8',
      'Peer 8 had File 4103',
      'Receiving File 4103 from Peer 8',
      'File 4103 received',
    ])
  })

  it('6. request, when only its end is told', () => {
    const events: PeerEvent[] = [
      { kind: 'lookup-started', purpose: 'request', name: '4103' },
      { kind: 'requested', name: '4103', path: '/x/_4103.pdf', from: ['8'] },
    ]
    expect(words('2', events)).toEqual([
      'File request for 4103 has been sent to my successor',
      'Peer 8 had File 4103',
      'Receiving File 4103 from Peer 8',
      'File 4103 received',
    ])
  })

  it('6. request, at those between and at the holder', () => {
    expect(words('4', [{ kind: 'lookup-forwarded', purpose: 'request', name: '4103', from: '2' }])).toEqual([
      'Request for File 4103 has been received, but the file is not stored here',
    ])
    const holder: PeerEvent[] = [
      { kind: 'lookup-accepted', purpose: 'request', name: '4103', from: '2' },
      { kind: 'serving', name: '4103', to: '2' },
      { kind: 'served', name: '4103', to: '2', bytes: 5 },
    ]
    expect(words('8', holder, { holds: ['4103'] })).toEqual([
      'File 4103 is stored here',
      'Sending file 4103 to Peer 2',
      'The file has been sent',
    ])
    expect(words('8', holder.slice(0, 1))).toEqual(['Request for File 4103 has been received, but the file is not stored here'])
  })

  it('a peer asks for a file that it stores itself', () => {
    const done: PeerEvent = { kind: 'requested', name: '4103', path: '/x/_4103.pdf', from: ['8'] }
    const found: PeerEvent = { kind: 'lookup-accepted', purpose: 'request', name: '4103', from: '8' }
    const said = ['File 4103 is stored here', 'File 4103 received']
    expect(words('8', [found, done], { holds: ['4103'] })).toEqual(said)
    expect(words('8', [done], { holds: ['4103'] })).toEqual(said)
  })

  it('says nothing of what the course has no words for', () => {
    expect(
      words('8', [
        { kind: 'suspected', peer: '9' },
        { kind: 'lookup-started', purpose: 'find', name: '' },
        { kind: 'predecessors', predecessors: ['5'] },
      ]),
    ).toEqual([])
  })
})
