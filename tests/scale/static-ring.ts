/**
 * A ring of up to millions of peers at rest, of which only those are made that a look-up touches. A made peer is the real state
 * of the ring (`Core`) with the real `Lookup`; its table holds what `prune` would leave it: everybody while the view is within its
 * cap, else its neighbours, one contact in each slot of distance, and 64 at random (static-ring.test.ts holds it against `prune`).
 * No peer is silent here and time stands still: what is counted is messages.
 */

import { assert } from '../../shared/assert.ts'
import { decodeMessage, encodeMessage } from '../../electron/peer/protocol/codec.ts'
import type { Contact } from '../../electron/peer/protocol/contact.ts'
import { type Identifier, IdentifierSpace } from '../../electron/peer/protocol/identifier.ts'
import type { RingMessage } from '../../electron/peer/protocol/messages.ts'
import type { Core } from '../../electron/peer/ring/core.ts'
import { Deadlines } from '../../electron/peer/ring/deadlines.ts'
import { around, firstAtOrAfter } from '../../electron/peer/ring/interval.ts'
import { Lookup, type LookupResult } from '../../electron/peer/ring/lookup.ts'
import { Membership } from '../../electron/peer/ring/membership.ts'
import { Neighbours } from '../../electron/peer/ring/neighbours.ts'
import { Pending } from '../../electron/peer/ring/pending.ts'
import { pickNumber, Prng } from '../../electron/peer/ring/prng.ts'
import { defaultParameters } from '../../electron/peer/ring/ring-options.ts'
import { RoundTrips } from '../../electron/peer/ring/round-trips.ts'
import { counts } from '../../electron/peer/ring/timing.ts'

const parameters = defaultParameters
const space = new IdentifierSpace(parameters.bits)
const digits = parameters.bits / 4

interface StaticPeer {
  readonly core: Core
  readonly lookup: Lookup
}

/** What one look-up took. */
export interface Walk {
  readonly result: LookupResult
  /** Questions asked of others, the owner among them: 0 when the requester owns the key. */
  readonly messages: number
}

export class StaticRing {
  readonly random: Prng
  /** Sorted. */
  readonly ids: readonly Identifier[]
  readonly #peers = new Map<Identifier, StaticPeer>()
  #wire: RingMessage[] = []

  constructor(size: number, seed: number) {
    this.random = new Prng(seed)
    const ids = new Set<Identifier>()
    while (ids.size < size) ids.add(this.randomId())
    this.ids = [...ids].sort()
  }

  randomId(): Identifier {
    let text = ''
    while (text.length < digits)
      text += pickNumber(this.random, 2 ** 32)
        .toString(16)
        .padStart(8, '0')
    return text as Identifier
  }

  /** The owner of `key`, by everybody's ids. */
  trueOwner(key: Identifier): Identifier {
    return around(this.ids, firstAtOrAfter(this.ids, key)) as Identifier
  }

  /** Looks `key` up from `requester`: every message is written as a line, read, and handed to the peer it names. */
  lookUp(requester: Identifier, key: Identifier): Walk {
    let result: LookupResult | null = null
    let messages = 0
    this.peer(requester).lookup.start(key, { purpose: 'find', name: '' }, (end) => (result = end))
    for (let message = this.#wire.shift(); message && result === null; message = this.#wire.shift()) {
      const read = decodeMessage(space, encodeMessage(space, message))
      assert('command' in read, 'what is sent can be read')
      if (read.command === 'find') messages++
      this.#deliver(read as RingMessage)
    }
    this.#wire = []
    return { result: result ?? { ok: false, reason: 'nobody left to ask' }, messages }
  }

  /** The peer `id`, made when it is first touched. */
  peer(id: Identifier): StaticPeer {
    const made = this.#peers.get(id) ?? this.#make(id)
    this.#peers.set(id, made)
    return made
  }

  /** Ids that the table of `id` holds. */
  known(id: Identifier): readonly Identifier[] {
    const index = firstAtOrAfter(this.ids, id)
    const size = this.ids.length
    if (size - 1 <= parameters.viewCap) return this.ids.filter((other) => other !== id)
    const known = new Set<Identifier>()
    for (let offset = -parameters.pingedSuccessors; offset <= parameters.successors; offset++) {
      known.add(around(this.ids, index + offset) as Identifier)
    }
    for (const finger of this.#fingers(id, index)) known.add(finger)
    const withPinned = known.size + counts.pinned
    while (known.size < withPinned) known.add(this.ids[pickNumber(this.random, size)] as Identifier)
    known.delete(id)
    return [...known]
  }

  /** One contact, any, in each slot of distance that has somebody. */
  #fingers(id: Identifier, index: number): Identifier[] {
    const self = space.toBigInt(id)
    const fingers: Identifier[] = []
    const nearest = space.distance(id, around(this.ids, index + 1) as Identifier)
    for (let octave = nearest.toString(2).length - 1; octave < space.bits; octave++) {
      const width = 1n << BigInt(octave)
      for (let slot = 0; slot < counts.fingersPerOctave; slot++) {
        const from = width + (width * BigInt(slot)) / BigInt(counts.fingersPerOctave)
        const to = width + (width * BigInt(slot + 1)) / BigInt(counts.fingersPerOctave)
        const first = firstAtOrAfter(this.ids, space.fromBigInt(self + from))
        const end = firstAtOrAfter(this.ids, space.fromBigInt(self + to))
        const count = end >= first ? end - first : end + this.ids.length - first
        if (count > 0) fingers.push(around(this.ids, first + pickNumber(this.random, count)) as Identifier)
      }
    }
    return fingers
  }

  #make(id: Identifier): StaticPeer {
    const core = makeCore(id, this.random, (message) => this.#wire.push(message))
    const index = firstAtOrAfter(this.ids, id)
    const length = Math.min(parameters.successors, this.ids.length - 1)
    core.neighbours.setSuccessors(Array.from({ length }, (_, offset) => contactOf(around(this.ids, index + 1 + offset) as Identifier)))
    core.neighbours.setPredecessor(contactOf(around(this.ids, index - 1) as Identifier))
    for (let place = 2; place <= Math.min(parameters.pingedSuccessors, length); place++) {
      core.neighbours.placed(contactOf(around(this.ids, index - place) as Identifier), place, 0)
    }
    for (const other of this.known(id)) core.table.merge({ contact: contactOf(other), incarnation: 1, state: 'alive' }, 0)
    return { core, lookup: new Lookup(core) }
  }

  #deliver(message: RingMessage): void {
    const { core, lookup } = this.peer(message.destination)
    if (message.command === 'find') lookup.receive(message)
    else if (message.command === 'found' || message.command === 'closer') core.pending.answer(message.exchange, message)
  }
}

/** Any way will do: messages go by id here. */
export function contactOf(id: Identifier): Contact {
  return { id, ways: ['10.0.0.1:4000'] }
}

/** The state of one member, as `Ring` makes it. */
export function makeCore(id: Identifier, random: Prng, send: (message: RingMessage) => void): Core {
  const self = contactOf(id)
  const table = new Membership()
  const neighbours = new Neighbours(id, parameters.successors)
  const nothing = () => undefined
  const clock = { now: () => 0 }
  const deadlines = new Deadlines(clock)
  const core: Core = {
    parameters,
    space,
    clock,
    random,
    deadlines,
    table,
    neighbours,
    pending: new Pending(deadlines.add()),
    roundTrips: new RoundTrips(),
    self,
    incarnation: 1,
    revision: 0,
    phase: 'member',
    patience: 1,
    send: (to, _channel, body) => send({ ...body, destination: to.id, source: id }),
    emit: nothing,
    contact: (other) =>
      other === id ? self : (table.get(other)?.contact ?? neighbours.all().find((contact) => contact.id === other) ?? null),
    hooks: { memberChanged: nothing, disputed: nothing, suspicious: nothing, elsewhere: nothing, greet: nothing, refuted: nothing },
  }
  return core
}
