/**
 * One membership in one ring on this machine, while it lasts: the member (ring-member.ts) with the system's clock, the real
 * network and the ring's keys; names, invites and what is remembered. A machine that joins another ring ends its session and
 * starts a new one.
 */

import { randomBytes } from 'node:crypto'
import { toPlainError } from '../../shared/errors.ts'
import type { LeavingView } from '../../shared/views.ts'
import type { ContentStore } from './disk/content-store.ts'
import { nodeDisk } from './disk/node-disk.ts'
import type { RecordStore } from './disk/record-store.ts'
import { toPeerEvent, fromTransfer } from './event-format.ts'
import type { Connection } from './net/connection.ts'
import type { RateLimits } from './net/rate-limit.ts'
import { systemTimers } from './net/system-timers.ts'
import { NetTransport, type TransportOptions } from './net/transport.ts'
import type { PeerEvent } from './peer-events.ts'
import { formatContact, parseContact } from './protocol/codec.ts'
import type { Contact, Way } from './protocol/contact.ts'
import { IdentifierSpace, type Identifier } from './protocol/identifier.ts'
import type { Enroll } from './protocol/messages.ts'
import { limits } from './protocol/limits.ts'
import type { RingNow } from './repair/copies.ts'
import type { Allowance } from './repair/rate-cap.ts'
import { Prng } from './ring/prng.ts'
import type { MemberView, Ring, RingEvent } from './ring/ring.ts'
import { quiet, RingMember } from './ring-member.ts'
import type { Enrollment, RingState } from './ring-state.ts'
import type { Catalogue } from './transfer/catalogue.ts'
import { refuse } from './transfer/receive-store.ts'
import { between, type TransferContext } from './transfer/transfer-context.ts'
import type { Transfers } from './transfer/transfers.ts'
import { createCredentials, type Credentials } from './trust/credentials.ts'
import type { Identity } from './trust/identity.ts'
import { InviteBook } from './trust/invite.ts'

export interface SessionOptions {
  readonly state: RingState
  readonly identity: Identity
  /** An id chosen by hand (classroom), else null. */
  readonly chosenId: number | null
  readonly host: string
  /** Ways to tell instead of the adapters' own. */
  readonly announced: readonly Way[]
  /** The data folder, for what is remembered of absences; null = a ring that is not remembered (classroom). */
  readonly folder: string | null
  readonly contents: ContentStore
  readonly records: RecordStore
  readonly transfers: Transfers
  readonly machineName: () => string
  readonly repairDelayMs: () => number
  /** A person's bounds on bandwidth: of all, and of copies that the ring makes by itself. */
  readonly limits: RateLimits
  readonly allowance: () => Allowance
  readonly onEvent: (event: PeerEvent) => void
  /** Members, neighbours or names changed. */
  readonly onRingChanged: () => void
  /** A member answered a ping: how long that took is shown, and nothing else is another. */
  readonly onRoundTrip: () => void
  readonly onFileChanged: (name: string) => void
}

/** Ticks come on a beat: what is due in the same moment or so wakes the machine once. */
const beatMs = 100
const lookAtAdaptersEveryMs = 10_000
/** Monotonic ms. */
const now = (): number => performance.now()

export class RingSession {
  readonly state: RingState
  readonly invites = new InviteBook(now)
  readonly member: RingMember
  readonly #options: SessionOptions
  readonly #names = new Map<Identifier, string>()
  readonly #awaySince = new Map<Identifier, number>()
  readonly #startedAt = now()
  readonly #credentials: Credentials
  readonly #net: NetTransport
  /** The next tick, and the beat that it is for. */
  #ticker: NodeJS.Timeout | null = null
  #tickAt = Infinity
  #isTicking = false
  #lookAtAdapters: NodeJS.Timeout | null = null
  #stopped = false

  /** Servers listening, nothing joined yet: call `found`, `resume`, `initialise` or `join` on `ring`. Throws `port-in-use`. */
  static async start(options: SessionOptions): Promise<RingSession> {
    const { state, identity, chosenId } = options
    const space = new IdentifierSpace(state.parameters.bits)
    const chosen = chosenId === null ? null : space.fromBigInt(BigInt(chosenId))
    const ringKey = Buffer.from(state.ringKey, 'base64')
    const credentials = await createCredentials({ ringKey, identity, space, chosenId: chosen })
    const gate = new Gate(options.onEvent, space)
    const { host, announced } = options
    const net = await NetTransport.listen({ host, port: state.port, announced, credentials, limits: options.limits, ...gate.callbacks })
    const session = new RingSession(options, credentials, net)
    await session.member.load()
    // what was waited for has come: the next deadline may be a later one
    gate.open(session.member, () => session.#arm())
    session.#run()
    return session
  }

  private constructor(options: SessionOptions, credentials: Credentials, net: NetTransport) {
    this.#options = options
    this.#credentials = credentials
    this.#net = net
    this.state = options.state
    for (const member of options.state.members) {
      const contact = parseContact(this.space, member.contact)
      if (contact) this.#names.set(contact.id, member.name)
    }
    this.member = this.#createMember()
  }

  #createMember(): RingMember {
    const { state, folder, contents, records, transfers, machineName, repairDelayMs, allowance, onEvent, onFileChanged } = this.#options
    return new RingMember(
      {
        space: this.space,
        parameters: state.parameters,
        self: { id: this.#credentials.id, ways: this.#net.ways },
        incarnation: state.incarnation,
        disk: nodeDisk,
        contents,
        records,
        transfers,
        machineName,
        repairDelayMs,
        allowance,
        onRingEvent: (event) => this.#onRingEvent(event),
        onTransferNews: (news) => onEvent(fromTransfer(this.space, news)),
        onMachineName: (machine, name) => this.#setName(machine, name),
        onFileChanged,
        onDefect: (what, error) => onEvent({ kind: 'error', what, error: toPlainError(error) }),
        enroll: (stranger, message) => this.#enroll(stranger, message),
        ...(folder === null ? {} : { memory: { disk: nodeDisk, folder, ring: this.ringId } }),
      },
      {
        clock: { now },
        timers: systemTimers,
        // for jitter and choices, which nobody gains from guessing
        random: new Prng(randomBytes(4).readUInt32LE()),
        transport: this.#net,
        wallClock: () => Date.now(),
        onSooner: () => this.#arm(),
      },
    )
  }

  get space(): IdentifierSpace {
    return this.#credentials.space
  }

  get ring(): Ring {
    return this.member.ring
  }

  get catalogue(): Catalogue {
    return this.member.catalogue
  }

  get context(): TransferContext & RingNow {
    return this.member.context
  }

  get net(): NetTransport {
    return this.#net
  }

  get ringId(): string {
    return this.#credentials.fingerprint.slice(0, 32)
  }

  /** SHA-256 of the ring authority's public key, hexadecimal. */
  get fingerprint(): string {
    return this.#credentials.fingerprint
  }

  #run(): void {
    this.#arm()
    // adapters come and go: the others learn of it as a new incarnation
    const look = (): void => this.ring.setSelf({ id: this.ring.self.id, ways: this.#net.ways })
    this.#lookAtAdapters = setInterval(look, lookAtAdaptersEveryMs)
  }

  /** Sleeps until the beat after the next deadline. */
  #arm(): void {
    if (this.#isTicking || this.#stopped) return
    const current = now()
    const tickAt = Math.ceil(Math.max(this.member.dueAt, current) / beatMs) * beatMs
    if (tickAt === this.#tickAt) return
    if (this.#ticker) clearTimeout(this.#ticker)
    this.#tickAt = tickAt
    this.#ticker = tickAt === Infinity ? null : setTimeout(() => this.#tick(), Math.ceil(tickAt - current))
  }

  #tick(): void {
    this.#ticker = null
    this.#tickAt = Infinity
    this.#isTicking = true
    try {
      this.member.tick()
    } finally {
      this.#isTicking = false
      this.#arm()
    }
  }

  /** Trades an invite's token for the ring. */
  async #enroll(connection: Connection, enroll: Enroll): Promise<void> {
    const redeemed = this.invites.redeem(enroll.token)
    if (redeemed !== 'ok') {
      const detail = redeemed === 'unknown' ? 'This machine made no such invite' : 'The invite is used up or too old; make a new one'
      return refuse(this.context, connection, { reason: 'expired', detail })
    }
    const { ringKey, ringName, parameters } = this.state
    const contacts = this.context
      .online()
      .slice(0, 64)
      .map((contact) => formatContact(this.space, contact))
    const body = Buffer.from(JSON.stringify({ ringKey, ringName, parameters, contacts } satisfies Enrollment), 'utf8')
    try {
      await connection.send({ command: 'enrolled', bodyBytes: body.length, ...between(this.context, enroll.source) })
      await connection.write(body)
    } catch (error) {
      this.invites.putBack(enroll.token)
      throw error
    }
  }

  nameOf(id: Identifier): string {
    if (id === this.ring.self.id) return this.#options.machineName()
    const known = this.#names.get(id)
    if (known !== undefined && known !== '') return known
    return this.space.bits <= 16 ? `Peer ${this.space.format(id)}` : `Machine ${id.slice(0, 6)}`
  }

  awaySince(id: Identifier): number | undefined {
    return this.#awaySince.get(id)
  }

  /** Unix time of a moment on the ring's clock. */
  wallTime(ringTimeMs: number | null): number | null {
    return ringTimeMs === null ? null : Date.now() - (now() - ringTimeMs)
  }

  #setName(machine: Identifier, name: string): void {
    if (name === '' || this.#names.get(machine) === name) return
    this.#names.set(machine, name)
    this.#options.onRingChanged()
  }

  #onRingEvent(event: RingEvent): void {
    if (event.kind === 'dead' || event.kind === 'departing') this.#awaySince.set(event.peer, Date.now())
    if (event.kind === 'alive') this.#awaySince.delete(event.peer)
    if (event.kind === 'response-received') this.#options.onRoundTrip()
    else if (!quiet.has(event.kind)) this.#options.onRingChanged()
    this.#options.onEvent(toPeerEvent(this.space, event))
  }

  /**
   * Goes on where the last run ended: with the members of then, each of which counts in acknowledgements as if this machine had
   * heard it itself, or it would acknowledge alone until they answer. False when there were none.
   */
  resume(): boolean {
    const contacts: Contact[] = []
    const heardAt = new Map<Identifier, number>()
    for (const member of this.state.members) {
      const contact = parseContact(this.space, member.contact)
      if (!contact) continue
      contacts.push(contact)
      const agoMs = Math.max(0, Date.now() - (member.heardAt ?? Date.now()))
      if (member.heardAt !== 0) heardAt.set(contact.id, now() - agoMs)
    }
    if (contacts.length > 0) this.ring.resume(contacts, heardAt)
    return contacts.length > 0
  }

  /** Looks whether a member is at `ways`. `machineId` is text from outside: what is no id is passed over. */
  meet(machineId: string, ways: readonly Way[]): void {
    const id = this.space.parse(machineId)
    if (id !== null && ways.length > 0) this.ring.meet({ id, ways })
  }

  /** The state to remember: members with their ways and names, and when each was last there. */
  remembered(): RingState {
    const all = this.ring.members()
    const isOwn = (member: MemberView): boolean => member.contact.id === this.ring.self.id
    const members = all
      .filter((member) => !isOwn(member) && member.state !== 'left')
      .slice(0, limits.route * 8)
      .map((member) => ({
        contact: formatContact(this.space, member.contact),
        name: this.#names.get(member.contact.id) ?? '',
        heardAt: member.state === 'dead' ? Math.max(0, Math.round(this.wallTime(member.lastHeardAt) ?? 0)) : Date.now(),
      }))
    const incarnation = all.find(isOwn)?.incarnation ?? this.state.incarnation
    return { ...this.state, port: this.#net.port, incarnation, members }
  }

  /** Hands over, then tells both sides. */
  async leave(options: { readonly onProgress: (leaving: LeavingView) => void; readonly signal: AbortSignal }): Promise<void> {
    await this.member.leave(options)
    await this.#net.finishLines()
  }

  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    if (this.#ticker) clearTimeout(this.#ticker)
    if (this.#lookAtAdapters) clearInterval(this.#lookAtAdapters)
    const stopped = this.member.stop()
    await this.#net.close()
    await stopped
  }

  get uptimeMs(): number {
    return now() - this.#startedAt
  }
}

/** Between the network, which is there first, and the member, which needs its port: what comes before it opens is lost, as from a machine that is off. */
class Gate {
  readonly #onEvent: (event: PeerEvent) => void
  readonly #space: IdentifierSpace
  #member: RingMember | null = null
  #onReceived: () => void = () => undefined

  constructor(onEvent: (event: PeerEvent) => void, space: IdentifierSpace) {
    this.#onEvent = onEvent
    this.#space = space
  }

  open(member: RingMember, onReceived: () => void): void {
    this.#member = member
    this.#onReceived = onReceived
  }

  get callbacks(): Omit<TransportOptions, 'host' | 'port' | 'credentials' | 'announced' | 'limits'> {
    return {
      onRingMessage: (message, channel, from) => {
        // a datagram comes from the port that the sender listens on; a stream from any
        const seen = channel === 'datagram' ? { id: message.source, ways: [from.address] } : null
        this.#member?.ring.receive(message, channel, seen)
        this.#onReceived()
      },
      onExchange: async (connection: Connection, message) => {
        if (this.#member) await this.#member.serve(connection, message)
        else connection.destroy()
      },
      onStreamFailed: (peer) => this.#member?.ring.streamFailed(peer),
      onRefused: (text) => this.#onEvent({ kind: 'refused', text }),
      onLine: (direction, peer, line) => {
        if (peer !== null) this.#onEvent({ kind: 'line', direction, peer: this.#space.format(peer), line })
      },
    }
  }
}
