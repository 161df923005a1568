/**
 * Many rings' worth of peers in one thread: the real ring code over a virtual network in virtual time. One seed is one run is
 * one hash over all that was delivered. Some messages go through the codec, to be sure that they can travel, and as
 * whole lines into the hash; of the others time, ends, command and numbers do: two runs that differ in more soon differ in these.
 */

import { assert } from '../../shared/assert.ts'
import { decodeMessage, encodeMessage } from '../../electron/peer/protocol/codec.ts'
import type { Contact, Way } from '../../electron/peer/protocol/contact.ts'
import { type Identifier, IdentifierSpace } from '../../electron/peer/protocol/identifier.ts'
import type { RingMessage } from '../../electron/peer/protocol/messages.ts'
import { Prng } from '../../electron/peer/ring/prng.ts'
import { Ring, type RingEvent, type RingPorts } from '../../electron/peer/ring/ring.ts'
import type { RingParameters } from '../../electron/peer/ring/ring-options.ts'
import { beatMs, EventQueue } from './event-queue.ts'
import { Network, type Packet } from './network.ts'
import type { MachineMoment, MachineState } from './observer.ts'
import { RunHash } from './run-hash.ts'

/** Of so many messages one is written as its line and read again. */
const sampled = 32

/** What runs at a peer, and what the passing of time means to it. */
export interface Built {
  readonly ring: Ring
  readonly tick: () => void
}

export interface SimulatedPeer extends Built {
  readonly contact: Contact
  readonly events: { readonly at: number; readonly event: RingEvent }[]
  /** Runs: neither crashed nor left. */
  up: boolean
  left: boolean
  /** Ways of the peers whose streams are open to it: an answer takes the stream that the question came by. */
  readonly streams: Map<Identifier, Way>
  /** Up but not scheduled until then: a machine that sleeps. */
  pausedUntil: number
  /** What came by streams while it slept. */
  readonly unread: Packet[]
}

export class Simulator {
  readonly queue = new EventQueue()
  readonly random: Prng
  readonly network: Network
  readonly space: IdentifierSpace
  readonly parameters: RingParameters
  /** Who has which way now. */
  readonly #peers = new Map<Way, SimulatedPeer>()
  readonly #trace: ((line: string) => void) | undefined
  /** Short names in order of appearance, for whoever reads. */
  readonly #names = new Map<Identifier, string>()
  readonly #hash = new RunHash()
  delivered = 0
  /** The last of those that were written as a line; none yet: ''. */
  lastLine = ''
  /** Whether `events` of peers are wanted: in long runs they fill the memory. */
  keepsEvents = true
  /** Virtual ms that peers ran, added up over all of them. */
  peerMs = 0

  constructor(seed: number, parameters: RingParameters, trace?: (line: string) => void) {
    this.random = new Prng(seed)
    this.parameters = parameters
    this.space = new IdentifierSpace(parameters.bits)
    this.#trace = trace
    this.network = new Network(this.queue, this.random, (packet) => this.#deliver(packet))
  }

  /** Hash over all that was delivered so far, with its time. */
  get hash(): string {
    return this.#hash.toString()
  }

  /** Seconds since the start, for a line of the trace. */
  get time(): string {
    return (this.queue.now / 1000).toFixed(3).padStart(8)
  }

  /** Gives a peer its short name, when it has none. */
  introduce(id: Identifier): string {
    const name = this.#names.get(id) ?? (this.parameters.bits <= 16 ? this.space.format(id) : `m${this.#names.size + 1}`)
    this.#names.set(id, name)
    return name
  }

  nameOf(id: Identifier | undefined): string {
    return (id && this.#names.get(id)) ?? '?'
  }

  /** How every machine there ever was stands now. One that restarted elsewhere is where it is now. */
  moments(): MachineMoment[] {
    const moments = new Map<Identifier, MachineMoment>()
    for (const peer of this.#peers.values()) {
      const { id, ways } = peer.contact
      const part = this.network.partOf(ways[0] ?? '')
      if (peer.up || !moments.has(id))
        moments.set(id, {
          id: this.space.format(id),
          name: this.nameOf(id),
          state: this.#stateOf(peer),
          ...(part === null ? {} : { part }),
        })
    }
    return [...moments.values()]
  }

  #stateOf(peer: SimulatedPeer): MachineState {
    if (!peer.up) return peer.left ? 'left' : 'down'
    if (this.queue.now < peer.pausedUntil) return 'asleep'
    return peer.ring.isMember ? 'member' : 'joining'
  }

  get peers(): SimulatedPeer[] {
    return [...this.#peers.values()]
  }

  /** Peers that run, in order of their ids. */
  get livePeers(): SimulatedPeer[] {
    return this.peers.filter((peer) => peer.up).sort((a, b) => (a.contact.id < b.contact.id ? -1 : 1))
  }

  /**
   * A peer at `way`, in place of whoever was there. It does nothing before it founds, joins, resumes or is initialised.
   * `build` makes what runs there: the ring alone, unless something else is wanted around it.
   */
  add(contact: Contact, incarnation: number, build = this.#ringAlone(contact, incarnation)): SimulatedPeer {
    const way = contact.ways[0]
    assert(way !== undefined, 'a contact has a way')
    const events: SimulatedPeer['events'] = []
    const { ring, tick } = build({
      clock: { now: () => this.queue.now },
      random: this.random,
      transport: { send: (to, channel, message) => this.#send(peer, { to, channel, message }) },
      onEvent: (event) => {
        if (this.keepsEvents) events.push({ at: this.queue.now, event })
        this.#trace?.(`${this.time}  ${this.nameOf(contact.id)}  ${this.#describe(event)}`)
      },
    })
    const peer: SimulatedPeer = { contact, ring, tick, events, streams: new Map(), up: true, left: false, pausedUntil: 0, unread: [] }
    this.#peers.set(way, peer)
    this.introduce(contact.id)
    this.queue.beat(this.random.next() * beatMs, () => this.#tick(peer))
    return peer
  }

  #ringAlone(contact: Contact, incarnation: number): (ports: RingPorts) => Built {
    return (ports) => {
      const ring = new Ring({ parameters: this.parameters, space: this.space, self: contact, incarnation }, ports)
      return { ring, tick: () => ring.tick() }
    }
  }

  /** Gone without a word. */
  crash(peer: SimulatedPeer): void {
    peer.up = false
  }

  leave(peer: SimulatedPeer): void {
    peer.ring.leave()
    peer.up = false
    peer.left = true
  }

  run(forMs: number): void {
    this.queue.runUntil(this.queue.now + forMs)
  }

  /** Runs until `condition`, looked at every `everyMs`, at most `limitMs`. Virtual ms that it took, or null. */
  runUntil(condition: () => boolean, limitMs: number, everyMs = 250): number | null {
    const start = this.queue.now
    while (!condition()) {
      if (this.queue.now - start >= limitMs) return null
      this.run(everyMs)
    }
    return this.queue.now - start
  }

  #tick(peer: SimulatedPeer): boolean {
    if (!peer.up) return false
    if (this.queue.now >= peer.pausedUntil) {
      this.#catchUp(peer)
      peer.tick()
      this.peerMs += beatMs
    }
    return true
  }

  #send(peer: SimulatedPeer, { to, channel, message }: { to: Contact; channel: Packet['channel']; message: RingMessage }): void {
    const way = channel === 'stream' ? this.#streamTo(peer, to) : to.ways[0]
    const from = peer.contact.ways[0]
    if (!peer.up || way === undefined || from === undefined) return
    this.network.send({ from, to: way, channel, message })
  }

  /** The open stream, as long as its other end lives; else a new one. */
  #streamTo(peer: SimulatedPeer, to: Contact): Way | undefined {
    const open = peer.streams.get(to.id)
    const other = open === undefined ? undefined : this.#peers.get(open)
    if (other?.up && other.contact.id === to.id) return open
    peer.streams.delete(to.id)
    return to.ways[0]
  }

  #deliver(packet: Packet): void {
    const peer = this.#peers.get(packet.to)
    if (!peer?.up) return
    if (this.queue.now < peer.pausedUntil) {
      // what comes to a machine asleep: datagrams are lost, streams wait
      if (packet.channel === 'stream') peer.unread.push(packet)
      return
    }
    this.#catchUp(peer)
    this.#hand(peer, packet)
  }

  /** A machine that woke up reads what came while it slept. */
  #catchUp(peer: SimulatedPeer): void {
    for (const packet of peer.unread.splice(0)) this.#hand(peer, packet)
  }

  #hand(peer: SimulatedPeer, packet: Packet): void {
    const message = this.#note(packet)
    const { source } = message
    // a datagram comes from the port that its sender listens on, a stream from any
    if (packet.channel === 'stream') peer.streams.set(source, packet.from)
    peer.ring.receive(message, packet.channel, packet.channel === 'datagram' ? { id: source, ways: [packet.from] } : null)
  }

  /** Takes a packet into the hash. The message as its receiver reads it. */
  #note(packet: Packet): RingMessage {
    const { message } = packet
    this.delivered++
    if (this.#trace) this.#traceLine(packet, this.#trace)
    // times are fractions of a ms: whoever sends one message more or less, or to another, shifts all that come after
    this.#hash.number(this.queue.now * 65_536)
    this.#hash.text(packet.to)
    this.#hash.text(message.command)
    this.#hash.number('sequence' in message ? message.sequence : 'exchange' in message ? message.exchange : message.incarnation)
    if (this.delivered % sampled !== 0) return message
    const line = encodeMessage(this.space, message)
    this.lastLine = line
    this.#hash.text(line)
    this.#hash.fold()
    const read = decodeMessage(this.space, line)
    assert('command' in read, `"${line}" decodes`)
    return read as RingMessage
  }

  #traceLine({ from, to, channel, message }: Packet, trace: (line: string) => void): void {
    const line = this.#shorten(encodeMessage(this.space, message))
    const [sender, receiver] = [from, to].map((way) => this.nameOf(this.#peers.get(way)?.contact.id))
    trace(`${this.time}  ${sender} → ${receiver}  ${channel === 'stream' ? 'TCP' : 'UDP'}  ${line}`)
  }

  /** Identifiers of 160 bits as the short names of their machines. Decimal ones are short as they are. */
  #shorten(text: string): string {
    return text.replaceAll(/\b[0-9a-f]{40}\b/g, (id) => this.#names.get(id as Identifier) ?? id.slice(0, 6))
  }

  /** An event's kind and its facts. */
  #describe({ kind, ...facts }: RingEvent): string {
    const show = (value: unknown): string =>
      Array.isArray(value) ? `[${value.map(show).join(' ')}]` : (this.#names.get(value as Identifier) ?? String(value))
    const shown = Object.entries(facts).map(([name, value]) => `${name} ${show(value)}`)
    return `${kind} ${shown.join(', ')}`
  }
}
