/**
 * The ring as one object: what the peer calls, and the parts behind it. It does no I/O of its own and holds no timers: it is
 * told of messages and of time (`receive`, `tick`), and tells of news (`onEvent`). Same calls in, same messages out.
 */

import { unreachable } from '../../../shared/assert.ts'
import { type Contact, sharesWay } from '../protocol/contact.ts'
import type { Identifier, IdentifierSpace } from '../protocol/identifier.ts'
import type { Accept, Leave, RingMessage } from '../protocol/messages.ts'
import { type Core, isRelevant, type Phase } from './core.ts'
import { type Deadline, Deadlines } from './deadlines.ts'
import { FailureDetector } from './failure-detector.ts'
import { prune } from './fingers.ts'
import { Gossip } from './gossip.ts'
import { Gatekeeper, Joiner } from './join.ts'
import { Lookup, type LookupResult, type LookupSubject } from './lookup.ts'
import { memberViews, OnlineMembers } from './member-views.ts'
import { type Change, isLive, Membership } from './membership.ts'
import { Neighbours } from './neighbours.ts'
import { Pending } from './pending.ts'
import { Pings } from './pings.ts'
import { isMine, replicaSet } from './placement.ts'
import type { Channel, Clock, Random, Transport } from './ports.ts'
import type { MemberView, RingEvent } from './ring-events.ts'
import type { RingParameters } from './ring-options.ts'
import { Reunion } from './reunion.ts'
import { RoundTrips } from './round-trips.ts'
import { Stabilizer } from './stabilize.ts'
import { counts, timing } from './timing.ts'

export type { LookupResult } from './lookup.ts'
export type { MemberView, RingEvent } from './ring-events.ts'

export interface RingOptions {
  readonly parameters: RingParameters
  readonly space: IdentifierSpace
  readonly self: Contact
  /** Higher than at any earlier run of the same id, where that is known; else the ring raises it when it learns better. */
  readonly incarnation: number
}

export interface RingPorts {
  readonly clock: Clock
  readonly random: Random
  readonly transport: Transport
  readonly onEvent: (event: RingEvent) => void
  /** `dueAt` is earlier than it was. Not to be answered with a tick at once. */
  readonly onSooner?: () => void
}

/** What members say to each other once they know each other. */
type NeighbourMessage = Exclude<RingMessage, { command: 'join' | 'accept' | 'decline' | 'find' | 'found' | 'closer' }>

type Mutable<M> = M extends unknown ? { -readonly [K in keyof M]: M[K] } : never

export class Ring {
  readonly #core: Core
  readonly #gossip: Gossip
  readonly #pings: Pings
  readonly #detector: FailureDetector
  readonly #reunion: Reunion
  readonly #stabilizer: Stabilizer
  readonly #joiner: Joiner
  readonly #gatekeeper: Gatekeeper
  readonly #lookup: Lookup
  readonly #online: OnlineMembers
  #lastTickAt: number
  /** Members or neighbours changed: on the next tick every part looks at what follows. */
  readonly #changed: Deadline
  readonly #busyUntil: Deadline
  readonly #nextPrune: Deadline

  constructor(options: RingOptions, ports: RingPorts) {
    const deadlines = new Deadlines(ports.clock, ports.onSooner)
    this.#changed = deadlines.add()
    this.#busyUntil = deadlines.add()
    this.#busyUntil.clear()
    this.#nextPrune = deadlines.add()
    this.#core = this.#makeCore(options, ports, deadlines)
    this.#gossip = new Gossip(this.#core)
    this.#pings = new Pings(this.#core, this.#gossip)
    this.#detector = new FailureDetector(this.#core, this.#gossip, this.#pings)
    this.#reunion = new Reunion(this.#core, this.#pings)
    this.#stabilizer = new Stabilizer(this.#core)
    this.#joiner = new Joiner(this.#core, (message) => this.#accepted(message))
    this.#gatekeeper = new Gatekeeper(this.#core, this.#pings, () => this.#reunion.isSeeking)
    this.#lookup = new Lookup(this.#core)
    this.#online = new OnlineMembers(this.#core)
    this.#lastTickAt = ports.clock.now()
  }

  /** Starts a ring of one. */
  found(): void {
    this.#enter('member')
  }

  /**
   * Starts as a member that knows `contacts` from before: a ring of one until one of them answers, however long that takes.
   * `heardAt`: clock time, before now, at which each was there; who is not in it counts as never heard.
   */
  resume(contacts: readonly Contact[], heardAt: ReadonlyMap<Identifier, number> = new Map()): void {
    this.#enter('member')
    for (const contact of contacts) this.#gossip.learn({ contact, incarnation: 0, state: 'dead' })
    for (const [id, at] of heardAt) this.#core.table.heard(id, at)
    this.#reunion.lookFor(contacts.map((contact) => contact.id))
  }

  /** Somebody said that a member is at these ways: looks, unless it is there already. */
  meet(contact: Contact): void {
    if (contact.id === this.self.id || this.#core.table.isLive(contact.id)) return
    this.#pings.send(contact, 'datagram')
  }

  /** Starts as a member of a ring whose peers are given their successors by hand; predecessors are learnt from pings. */
  initialise(successors: readonly Contact[]): void {
    this.#enter('member')
    this.#detector.awaitFirst(successors.map((contact) => contact.id))
    this.#stabilizer.begin(null, successors, { quiet: true })
    this.#detector.roundNow()
  }

  /** Joins through one of `via`. A 'join-accepted' or 'join-declined' event ends it. */
  join(via: readonly Contact[]): void {
    this.#enter('joining')
    this.#joiner.start(via)
  }

  /** Tells the neighbours, and is out. */
  leave(): void {
    const core = this.#core
    if (core.phase === 'member') {
      const { predecessor, successors } = core.neighbours
      const receivers = [...core.neighbours.predecessors(), ...successors.slice(0, core.parameters.pingedSuccessors)]
      for (const contact of new Map(receivers.map((receiver) => [receiver.id, receiver])).values()) {
        core.send(contact, 'stream', { command: 'leave', incarnation: core.incarnation, predecessor, successors })
      }
    }
    this.#lookup.stop()
    this.#joiner.stop()
    core.phase = 'left'
  }

  /** Clock time from which a tick has something to do, or Infinity. It moves with messages; that it is earlier is told by `onSooner`. */
  get dueAt(): number {
    const { phase, deadlines } = this.#core
    return phase === 'outside' || phase === 'left' ? Infinity : deadlines.next
  }

  /** To be called within 100 ms or so of `dueAt`, or every 100 ms: every deadline of the ring is looked at here. */
  tick(): void {
    const core = this.#core
    const now = core.clock.now()
    const { dueAt } = this
    if (now < dueAt) return
    this.#watchOwnHealth(now, dueAt)
    this.#changed.clear()
    core.pending.expire(now)
    this.#joiner.tick(now)
    if (core.phase !== 'member') return
    this.#detector.tick(now)
    this.#reunion.tick(now)
    this.#stabilizer.tick(now)
    this.#catchUp()
    this.#gossip.tick(now)
    this.#lookup.tick(now)
    if (this.#nextPrune.isDue(now)) {
      this.#nextPrune.at = now + timing.pruneMs
      prune(core)
    }
  }

  /** Takes in a message. `from`: the sender's contact as the transport saw it, if it did. */
  receive(message: RingMessage, channel: Channel, from: Contact | null): void {
    const core = this.#core
    // meant for whoever had this address before
    if (message.destination !== core.self.id || message.source === core.self.id) {
      if (message.command === 'join' && message.joiner.id === core.self.id) this.#gatekeeper.receive(message)
      return
    }
    if (core.phase === 'outside' || core.phase === 'left') return
    if (message.command === 'join') return this.#gatekeeper.receive(message)
    if (message.command === 'accept' || message.command === 'decline' || message.command === 'found' || message.command === 'closer') {
      core.pending.answer(message.exchange, message)
      return
    }
    if (core.phase !== 'member') return
    this.#detector.heard(message.source)
    if (message.command === 'find') return this.#lookup.receive(message)
    this.#receiveFrom(message, channel, from?.id === message.source ? from : null)
  }

  /** A stream to `peer` broke: a reason to look whether it is there, never a verdict. */
  streamFailed(peer: Identifier): void {
    const contact = this.contact(peer)
    if (contact && this.#core.phase === 'member') this.#detector.probe(contact)
  }

  /** Finds the owner of `key`; `done` is called once, within 15 s. */
  lookup(key: Identifier, what: LookupSubject, done: (result: LookupResult) => void): void {
    this.#lookup.start(key, what, done)
  }

  /** This peer's own ways changed: a new incarnation carries them to the others. */
  setSelf(contact: Contact): void {
    const core = this.#core
    if (contact.ways.join('+') === core.self.ways.join('+')) return
    core.self = contact
    core.incarnation++
    this.#gossip.note(contact.id)
    this.#detector.roundNow()
  }

  /** Announces the number of the last change of this peer's records from now on: with every ping and response. */
  setRevision(revision: number): void {
    this.#core.revision = revision
  }

  get self(): Contact {
    return this.#core.self
  }

  /** Goes up when this peer refutes what others held of it: to be kept for the next run. */
  get incarnation(): number {
    return this.#core.incarnation
  }

  /** Founded, resumed, initialised or joined, and not left. */
  get isMember(): boolean {
    return this.#core.phase === 'member'
  }

  /** False for a newcomer that was not told yet who is in the ring: there may be others than those it knows. */
  get hasView(): boolean {
    return this.#gossip.hasView
  }

  get predecessor(): Contact | null {
    return this.#core.neighbours.predecessor
  }

  /** Known ones, nearest first. */
  get predecessors(): readonly Contact[] {
    return this.#core.neighbours.predecessors()
  }

  get successors(): readonly Contact[] {
    return this.#core.neighbours.successors
  }

  /** Every peer known, the dead and the left too, self first. A neighbour not heard yet counts as alive. */
  members(): readonly MemberView[] {
    return memberViews(this.#core)
  }

  /** Contacts of the members that are there, this one first. The same array until something changes. */
  online(): readonly Contact[] {
    return this.#online.contacts
  }

  /** Owner of `key` and the peers after it, by this peer's own knowledge; live ones, self included; at most `count`. */
  replicaSet(key: Identifier, count: number): readonly Contact[] {
    return replicaSet(this.#core, key, count)
  }

  isMine(key: Identifier): boolean {
    return isMine(this.#core, key)
  }

  contact(id: Identifier): Contact | null {
    return this.#core.contact(id)
  }

  #makeCore(
    { parameters, space, self, incarnation }: RingOptions,
    { clock, random, transport, onEvent }: RingPorts,
    deadlines: Deadlines,
  ): Core {
    const table = new Membership()
    const neighbours = new Neighbours(self.id, parameters.successors, () => this.#changed.soon())
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
      incarnation,
      revision: 0,
      phase: 'outside',
      patience: 1,
      send: (to, channel, body) => {
        const message = body as Mutable<RingMessage>
        message.destination = to.id
        message.source = core.self.id
        transport.send(to, channel, message)
      },
      emit: onEvent,
      contact: (id) => {
        if (id === core.self.id) return core.self
        const entry = table.get(id)
        if (entry && isLive(entry.state)) return entry.contact
        // a list that names one that was gone has it where it is now
        return neighbours.all().find((contact) => contact.id === id) ?? entry?.contact ?? null
      },
      hooks: {
        memberChanged: (change) => this.#memberChanged(change),
        disputed: (member) => this.#pings.send(member.contact, 'datagram', [member]),
        suspicious: (contact) => this.#detector.probe(contact),
        greet: (contact) => this.#pings.send(contact, 'datagram'),
        elsewhere: (contact) => {
          const known = table.get(contact.id)
          if (known && contact.id !== core.self.id) this.#pings.send(contact, 'datagram', [known])
        },
        refuted: () => this.#detector.roundNow(),
      },
    }
    return core
  }

  #receiveFrom(message: NeighbourMessage, channel: Channel, seen: Contact | null): void {
    const sender = this.#senderOf(message, seen)
    // known by its id only: it can be answered on its own stream, but is no contact to keep
    const reachable = sender.ways.length > 0
    switch (message.command) {
      case 'ping':
        this.#pings.receive(message, channel, { sender, seen })
        if (reachable) this.#core.neighbours.placed(sender, message.place, this.#core.clock.now())
        // a first place is as good as a notify
        if (reachable && message.place === 1) this.#stabilizer.rectify(sender)
        return
      case 'response':
        this.#pings.receiveResponse(message, { sender, seen })
        return this.#stabilizer.compareLists(message.source, message.listsDigest)
      case 'probe':
        return this.#detector.receiveProbe(message, sender)
      case 'probed':
        return this.#detector.receiveProbed(message)
      case 'successor':
        return this.#stabilizer.receive(message, sender)
      case 'leave':
        return this.#departed(message, sender)
      case 'view':
        return this.#gossip.receiveView(message, sender)
      default:
        unreachable(message)
    }
  }

  /** The sender's full contact where it is known, and reached us from there; else what the transport saw, if it did. */
  #senderOf(message: NeighbourMessage, seen: Contact | null): Contact {
    const known = this.contact(message.source)
    if (!known || !seen) return known ?? seen ?? { id: message.source, ways: [] }
    const incarnation = message.command === 'ping' || message.command === 'response' ? message.incarnation : -1
    const moved = incarnation > (this.#core.table.get(message.source)?.placedAt ?? -1)
    return moved && !sharesWay(seen, known) ? seen : known
  }

  #accepted(message: Accept): void {
    const core = this.#core
    core.phase = 'member'
    this.#changed.soon()
    core.emit({ kind: 'join-accepted', route: message.route })
    // a list that is not full shows the whole circle: its own head closes it
    this.#stabilizer.begin(message.predecessor, [...message.successors, message.predecessor], { quiet: false })
    this.#stabilizer.tick(core.clock.now())
    this.#detector.roundNow()
    this.#gossip.note(core.self.id)
    if (core.parameters.viewCap > 0) this.#gossip.askForAll(message.predecessor)
    this.#alone = false
    this.#greetings = counts.greeted
  }

  /** Without a successor at the last tick. */
  #alone = true

  /** A member that was alone has found its ring: it asks for the whole view, since by gossip and pages a large one takes minutes. */
  #catchUp(): void {
    const { neighbours, parameters } = this.#core
    if (this.#alone && neighbours.head && parameters.viewCap > 0) this.#gossip.askForAll(neighbours.head)
    this.#alone = neighbours.head === null
  }

  /** Members that a peer that just joined still greets, as it learns of them. */
  #greetings = 0

  #departed(message: Leave, sender: Contact): void {
    const before = this.#core.neighbours.successors
    // of somebody never heard of there is nothing to forget, and without a way nothing to tell
    if (sender.ways.length > 0) this.#gossip.learn({ contact: sender, incarnation: message.incarnation, state: 'left' })
    this.#stabilizer.departed(message, before)
  }

  #memberChanged({ id, from, to }: Change): void {
    const core = this.#core
    this.#changed.soon()
    this.#gossip.note(id)
    const entry = core.table.get(id)
    if (entry) core.neighbours.moved(entry.contact)
    const relevant = isRelevant(core, id)
    const wasLive = from === 'alive' || from === 'suspect'
    if (to === 'dead' || to === 'left') {
      // a peer first heard of by its death is remembered, and is no news
      const news = to === 'dead' ? { kind: 'dead' as const, peer: id } : { kind: 'departing' as const, peer: id }
      if (relevant && (wasLive || (from === null && core.neighbours.hasSuccessor(id)))) core.emit(news)
      this.#stabilizer.gone(id)
    } else if (to === 'suspect') {
      this.#stabilizer.suspected(id)
    } else if (from !== 'alive') {
      // without a view, neighbours that show up for the first time are told as successors, not as members
      if (relevant && (from !== null || core.parameters.viewCap > 0)) core.emit({ kind: 'alive', peer: id })
      this.#stabilizer.arrived(id)
      this.#greet(id)
    }
  }

  #greet(id: Identifier): void {
    const contact = this.contact(id)
    if (!contact || this.#greetings === 0) return
    this.#greetings--
    this.#pings.send(contact, 'datagram')
  }

  /** From now on time counts. */
  #enter(phase: Phase): void {
    this.#core.phase = phase
    this.#lastTickAt = this.#core.clock.now()
    this.#changed.soon()
  }

  /** `dueAt`: when there was something to do; before that nobody had to look at the time. */
  #watchOwnHealth(now: number, dueAt: number): void {
    const lateMs = now - Math.max(this.#lastTickAt, dueAt)
    this.#lastTickAt = now
    if (lateMs > timing.lateTickMs) {
      this.#detector.forget()
      this.#detector.roundNow()
    } else if (lateMs > timing.stillTickMs) {
      this.#detector.postpone(lateMs, now)
    }
    if (lateMs > timing.busyTickMs) {
      this.#core.patience = 2
      this.#busyUntil.at = now + timing.busyForMs
    } else if (this.#busyUntil.isDue(now)) {
      this.#core.patience = 1
      this.#busyUntil.clear()
    }
  }
}
