/**
 * What a classroom peer prints: the course's wording, one event a line. Pure: an event and what was printed before go in, lines
 * and what is known now come out.
 */

import type { PeerEvent } from '../peer/peer-events.ts'

export interface WordingState {
  readonly self: string
  /** The join was accepted, and that was said. */
  readonly accepted: boolean
  /** Successors that were announced, or given by hand. */
  readonly successors: readonly string[]
  /** Files that were asked for here, by a question that left this peer. */
  readonly asking: ReadonlySet<string>
  /** Of those, the ones on their way here. */
  readonly receiving: ReadonlySet<string>
  /** Files asked for here and found here. */
  readonly foundHere: ReadonlySet<string>
}

export interface Worded {
  readonly lines: readonly string[]
  readonly state: WordingState
}

/** `successors`: those given by hand, none when joining. */
export function startWording(self: string, successors: readonly string[]): WordingState {
  return { self, accepted: successors.length > 0, successors, asking: new Set(), receiving: new Set(), foundHere: new Set() }
}

const places = ['first', 'second'] as const

/** Lines for one event. `holds`: whether this peer's disk has the file of a name. */
export function wordEvent(event: PeerEvent, state: WordingState, holds: (name: string) => boolean): Worded {
  const say = (...lines: string[]): Worded => ({ lines, state })
  switch (event.kind) {
    case 'pings-sent':
      return event.peers.length === 0 ? say() : say(`Ping requests sent to ${peers(event.peers)}`)
    case 'ping-received':
      return say(`Ping request message received from Peer ${event.peer}`)
    case 'response-received':
      return say(`Ping response received from Peer ${event.peer}`)
    case 'join-forwarded':
      return say(`Peer ${event.joiner} Join request forwarded to my successor`)
    case 'join-received':
      return say(`Peer ${event.joiner} Join request received`)
    case 'join-accepted':
      return accepted(event.route, state)
    case 'join-declined':
      return say(`Join request has been declined: ${event.reason}`)
    case 'successor-change-received':
      return say('Successor Change request received')
    case 'successors':
      return newSuccessors(event.successors, state)
    case 'departing':
      return say(`Peer ${event.peer} will depart from the network`)
    case 'dead':
      return say(`Peer ${event.peer} is no longer alive`)
    default:
      return wordFileEvent(event, state, holds)
  }
}

function wordFileEvent(event: PeerEvent, state: WordingState, holds: (name: string) => boolean): Worded {
  const say = (...lines: string[]): Worded => ({ lines, state })
  switch (event.kind) {
    case 'lookup-started':
      if (event.purpose === 'store') return say(`Store ${event.name} request forwarded to my successor`)
      if (event.purpose === 'find') return say()
      return {
        lines: [`File request for ${event.name} has been sent to my successor`],
        state: { ...state, asking: new Set([...state.asking, event.name]) },
      }
    case 'lookup-forwarded':
      if (event.purpose === 'store') return say(`Store ${event.name} request forwarded to my successor`)
      return event.purpose === 'request' ? say(`Request for File ${event.name} has been received, but the file is not stored here`) : say()
    case 'lookup-accepted':
      if (event.purpose === 'store') return say(`Store ${event.name} request accepted`)
      return event.purpose === 'request' ? asked(event, state, holds(event.name)) : say()
    case 'lookup-done':
      return event.purpose === 'find' ? say() : say(...routeLine(event.route))
    case 'serving':
      return event.to === state.self ? say() : say(`Sending file ${event.name} to Peer ${event.to}`)
    case 'served':
      return event.to === state.self ? say() : say('The file has been sent')
    case 'receiving':
      // A copy that is stored here arrives by the same event: the course has words only for what was asked for.
      if (!state.asking.has(event.name) || state.receiving.has(event.name)) return say()
      return { lines: receivingLines(event.name, event.from), state: { ...state, receiving: new Set([...state.receiving, event.name]) } }
    case 'requested':
      return received(event.name, event.from, state)
    default:
      return say()
  }
}

/** `Peers 4 and 5`, `Peer 4` */
function peers(ids: readonly string[]): string {
  const last = ids.at(-1) ?? ''
  return ids.length === 1 ? `Peer ${last}` : `Peers ${ids.slice(0, -1).join(', ')} and ${last}`
}

/** Whoever asked is shown the way that the question took. */
function routeLine(route: readonly string[]): string[] {
  return route.length > 1 ? [`Route: ${route.join(' -> ')}`] : []
}

/** Said once: the peer may have joined before anybody could listen, and be told of it twice. */
function accepted(route: readonly string[], state: WordingState): Worded {
  if (state.accepted) return { lines: [], state }
  return { lines: ['Join request has been accepted', ...routeLine(route)], state: { ...state, accepted: true } }
}

/** Both are named when anything changed; only the missing one when the list merely became complete. */
function newSuccessors(successors: readonly string[], state: WordingState): Worded {
  const before = state.successors
  const isLonger = before.length > 0 && before.length < successors.length && before.every((id, index) => id === successors[index])
  if (before.length === successors.length && before.every((id, index) => id === successors[index])) return { lines: [], state }
  const word = before.length === 0 ? '' : 'new '
  const lines = places.flatMap((place, index) => {
    const id = successors[index]
    return id === undefined || (isLonger && index < before.length) ? [] : [`My ${word}${place} successor is Peer ${id}`]
  })
  return { lines, state: { ...state, successors } }
}

/** At the peer whose id the key belongs to: it may hold the file or not. */
function asked({ name, from }: { name: string; from: string }, state: WordingState, isHere: boolean): Worded {
  if (isHere) {
    const foundHere = from === state.self ? new Set([...state.foundHere, name]) : state.foundHere
    return { lines: [`File ${name} is stored here`], state: { ...state, foundHere } }
  }
  return { lines: from === state.self ? [] : [`Request for File ${name} has been received, but the file is not stored here`], state }
}

const receivingLines = (name: string, from: string): string[] => [
  `Peer ${from} had File ${name}`,
  `Receiving File ${name} from Peer ${from}`,
]

function received(name: string, from: readonly string[], state: WordingState): Worded {
  const other = from.find((peer) => peer !== state.self)
  const before =
    other === undefined
      ? state.foundHere.has(name)
        ? []
        : [`File ${name} is stored here`]
      : state.receiving.has(name)
        ? []
        : receivingLines(name, other)
  const without = (names: ReadonlySet<string>): Set<string> => new Set([...names].filter((each) => each !== name))
  return {
    lines: [...before, `File ${name} received`],
    state: { ...state, asking: without(state.asking), receiving: without(state.receiving), foundHere: without(state.foundHere) },
  }
}
