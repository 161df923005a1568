/**
 * One membership in one ring, while it lasts: the ring's state machine with its real clock and transport, the catalogue,
 * repair and the answers to others. A machine that joins another ring ends its session and starts a new one.
 */

import { createHash, randomBytes } from 'node:crypto'
import { AppError, toPlainError } from '../../shared/errors.ts'
import type { LeavingView } from '../../shared/views.ts'
import type { ContentStore } from './disk/content-store.ts'
import type { CatalogueEntry, RecordStore } from './disk/record-store.ts'
import { toPeerEvent, fromTransfer } from './event-format.ts'
import type { Connection } from './net/connection.ts'
import { NetTransport } from './net/transport.ts'
import type { PeerEvent } from './peer-events.ts'
import { formatContact, parseContact } from './protocol/codec.ts'
import type { Contact, Way } from './protocol/contact.ts'
import { IdentifierSpace, keyOfName, type Identifier } from './protocol/identifier.ts'
import type { Enroll, LookupPurpose } from './protocol/messages.ts'
import { limits } from './protocol/limits.ts'
import { handOver } from './repair/hand-over.ts'
import { Repairer } from './repair/repair.ts'
import type { RingNow } from './repair/copies.ts'
import { Ring, type MemberView, type RingEvent } from './ring/ring.ts'
import type { Enrollment, RingState } from './ring-state.ts'
import { Catalogue } from './transfer/catalogue.ts'
import { serve } from './transfer/serve.ts'
import { refuse } from './transfer/receive-store.ts'
import { between, type Located, type TransferContext } from './transfer/transfer-context.ts'
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
  readonly contents: ContentStore
  readonly records: RecordStore
  readonly transfers: Transfers
  readonly machineName: () => string
  readonly repairDelayMs: () => number
  readonly onEvent: (event: PeerEvent) => void
  /** Members, neighbours or names changed. */
  readonly onRingChanged: () => void
  readonly onFileChanged: (name: string) => void
}

const tickMs = 100
/** Between two rounds of reading what the others have; longer in larger rings, so that the sum of all stays the same. */
const passEveryMs = 2_000
const passEveryMsPerMachine = 250
/** Members seen within this time count for acknowledgements. */
const countedForMs = 24 * 3_600_000
const lookupTries = 3
const settleMs = 3_000
const lookAtAdaptersEveryMs = 10_000

export class RingSession {
  readonly state: RingState
  readonly space: IdentifierSpace
  readonly catalogue = new Catalogue()
  readonly invites = new InviteBook(() => performance.now())
  readonly repairer: Repairer
  readonly context: TransferContext & RingNow
  readonly #options: SessionOptions
  readonly #names = new Map<Identifier, string>()
  readonly #awaySince = new Map<Identifier, number>()
  readonly #startedAt = performance.now()
  readonly #stopRecords: () => void
  readonly #credentials: Credentials
  readonly #ringListeners = new Set<(event: RingEvent) => void>()
  #net!: NetTransport
  #ring!: Ring
  #timers: NodeJS.Timeout[] = []
  #passing: Promise<void> | null = null
  #passedAt = 0
  #stopped = false

  /** Servers listening, nothing joined yet: call `found`, `resume`, `initialise` or `join` on `ring`. Throws `port-in-use`. */
  static async start(options: SessionOptions): Promise<RingSession> {
    const space = new IdentifierSpace(options.state.parameters.bits)
    const chosenId = options.chosenId === null ? null : space.fromBigInt(BigInt(options.chosenId))
    const ringKey = Buffer.from(options.state.ringKey, 'base64')
    const credentials = await createCredentials({ ringKey, identity: options.identity, space, chosenId })
    const session = new RingSession(options, credentials)
    await session.#listen()
    for await (const entry of options.records.entries()) session.catalogue.put(credentials.id, entry)
    session.#run()
    return session
  }

  private constructor(options: SessionOptions, credentials: Credentials) {
    this.#options = options
    this.#credentials = credentials
    this.state = options.state
    this.space = credentials.space
    for (const member of options.state.members) {
      const contact = parseContact(this.space, member.contact)
      if (contact) this.#names.set(contact.id, member.name)
    }
    this.context = this.#createContext()
    this.repairer = new Repairer(this.context, options.transfers, {
      repairDelayMs: options.repairDelayMs,
      now: () => performance.now(),
      onMachineName: (machine, name) => this.#setName(machine, name),
      onDefect: (error) => this.#options.onEvent({ kind: 'error', what: 'repair', error: toPlainError(error) }),
    })
    this.catalogue.onChanged(options.onFileChanged)
    this.#stopRecords = options.records.onChanged((entry: CatalogueEntry) => this.catalogue.put(credentials.id, entry))
  }

  get ring(): Ring {
    return this.#ring
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

  async #listen(): Promise<void> {
    const { state, host, announced } = this.#options
    this.#net = await NetTransport.listen({
      host,
      port: state.port,
      announced,
      credentials: this.#credentials,
      onRingMessage: (message, channel, from) => {
        // a datagram comes from the port that the sender listens on; a stream from any
        const seen = channel === 'datagram' ? { id: message.source, ways: [from.address] } : null
        this.#ring.receive(message, channel, seen)
      },
      onExchange: (connection, message) => this.#onExchange(connection, message),
      onStreamFailed: (peer) => this.#ring.streamFailed(peer),
      onRefused: (text) => this.#options.onEvent({ kind: 'refused', text }),
      onLine: (direction, peer, line) => {
        if (peer !== null) this.#options.onEvent({ kind: 'line', direction, peer: this.space.format(peer), line })
      },
    })
    const self: Contact = { id: this.#credentials.id, ways: this.#net.ways }
    this.#ring = new Ring(
      { parameters: state.parameters, space: this.space, self, incarnation: state.incarnation },
      {
        clock: { now: () => performance.now() },
        random: { next: () => randomBytes(4).readUInt32LE() / 2 ** 32 },
        transport: this.#net,
        onEvent: (event) => this.#onRingEvent(event),
      },
    )
  }

  #run(): void {
    this.#timers.push(setInterval(() => this.#tick(), tickMs))
    // adapters come and go: the others learn of it as a new incarnation
    this.#timers.push(setInterval(() => this.#ring.setSelf({ id: this.#ring.self.id, ways: this.#net.ways }), lookAtAdaptersEveryMs))
  }

  #tick(): void {
    this.#ring.tick()
    const now = performance.now()
    const every = Math.max(passEveryMs, passEveryMsPerMachine * this.onlineIds().size)
    if (now - this.#passedAt >= every) this.passSoon()
  }

  /** A round of repair, unless one runs. */
  passSoon(): void {
    if (this.#passing || this.#stopped) return
    this.#passedAt = performance.now()
    this.#passing = this.repairer
      .pass()
      .catch((error: unknown) => this.#options.onEvent({ kind: 'error', what: 'repair', error: toPlainError(error) }))
      .finally(() => {
        this.#passing = null
      })
  }

  async #onExchange(connection: Connection, message: Parameters<typeof serve>[1]['message']): Promise<void> {
    await serve(this.context, { connection, message }, (stranger, enroll) => this.#enroll(stranger, enroll))
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

  #createContext(): TransferContext & RingNow {
    const session = (): RingSession => this
    const { contents, records, machineName, onEvent } = this.#options
    return {
      get self() {
        return session().#ring.self
      },
      get machineName() {
        return machineName()
      },
      space: this.space,
      parameters: this.state.parameters,
      contents,
      records,
      catalogue: this.catalogue,
      keyOf: (name) => this.keyOf(name),
      locate: (name, purpose) => this.#locate(name, purpose),
      replicaSet: (key, count) => this.#ring.replicaSet(key, count),
      online: () => this.#online(),
      away: () =>
        this.machines()
          .filter((member) => member.state === 'dead')
          .map((member) => member.contact.id),
      ringSize: () => this.machines().filter((member) => this.#counts(member)).length,
      open: (to, signal) => this.#net.open(to, signal ? { signal } : {}),
      contact: (id) => this.#ring.contact(id),
      emit: (news) => onEvent(fromTransfer(this.space, news)),
      wallClock: () => Date.now(),
    }
  }

  keyOf(name: string): Identifier {
    const hash = (text: string): string => createHash('sha256').update(text).digest('hex')
    return keyOfName(this.space, { rule: this.state.parameters.keyRule, hash }, name)
  }

  #counts(member: MemberView): boolean {
    if (member.state === 'alive' || member.state === 'suspect') return true
    return member.state === 'dead' && member.lastHeardAt !== null && performance.now() - member.lastHeardAt < countedForMs
  }

  async #locate(name: string, purpose: LookupPurpose): Promise<Located> {
    const startedAt = performance.now()
    let reason = ''
    for (let tries = 0; tries < lookupTries; tries++) {
      const result = await new Promise<Parameters<Parameters<Ring['lookup']>[2]>[0]>((resolve) => {
        this.#ring.lookup(this.keyOf(name), { purpose, name }, resolve)
      })
      if (result.ok) {
        const candidates = [...new Map([result.owner, ...result.successors].map((contact) => [contact.id, contact])).values()]
        return { owner: result.owner, candidates, route: result.route, lookupMs: performance.now() - startedAt }
      }
      reason = result.reason
    }
    throw new AppError('peer-unreachable', `The look-up of ${name} found no owner (${reason}); try again when the ring is calm`, { name })
  }

  /** Members that did not leave, this machine included. */
  machines(): MemberView[] {
    return this.#ring.members().filter((member) => member.state !== 'left' || member.contact.id === this.#ring.self.id)
  }

  #online(): Contact[] {
    return this.#ring
      .members()
      .filter((member) => member.state === 'alive' || member.state === 'suspect' || member.contact.id === this.#ring.self.id)
      .map((member) => member.contact)
  }

  onlineIds(): Set<Identifier> {
    return new Set(this.#online().map((contact) => contact.id))
  }

  /** True while some machine that is online has not told what it has. */
  isChecking(): boolean {
    const self = this.#ring.self.id
    return [...this.onlineIds()].some((id) => id !== self && !this.catalogue.heardFrom(id))
  }

  nameOf(id: Identifier): string {
    if (id === this.#ring.self.id) return this.#options.machineName()
    const known = this.#names.get(id)
    if (known !== undefined && known !== '') return known
    return this.space.bits <= 16 ? `Peer ${this.space.format(id)}` : `Machine ${id.slice(0, 6)}`
  }

  awaySince(id: Identifier): number | undefined {
    return this.#awaySince.get(id)
  }

  /** Unix time of a moment on the ring's clock. */
  wallTime(ringTimeMs: number | null): number | null {
    return ringTimeMs === null ? null : Date.now() - (performance.now() - ringTimeMs)
  }

  #setName(machine: Identifier, name: string): void {
    if (name === '' || this.#names.get(machine) === name) return
    this.#names.set(machine, name)
    this.#options.onRingChanged()
  }

  #onRingEvent(event: RingEvent): void {
    if (event.kind === 'dead' || event.kind === 'departing') this.#awaySince.set(event.peer, Date.now())
    if (event.kind === 'dead') this.#net.forget(event.peer)
    if (event.kind === 'alive') this.#awaySince.delete(event.peer)
    if (!quiet.has(event.kind)) {
      this.repairer.ringChanged()
      this.#options.onRingChanged()
    }
    for (const listener of this.#ringListeners) listener(event)
    this.#options.onEvent(toPeerEvent(this.space, event))
  }

  /** The first ring event that `pick` accepts. Rejects with `peer-unreachable` after `timeoutMs`. */
  waitFor<T>(pick: (event: RingEvent) => T | null, timeoutMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#ringListeners.delete(listener)
        reject(new AppError('peer-unreachable', 'The ring did not answer in time; check that one of its machines is on and reachable'))
      }, timeoutMs)
      const listener = (event: RingEvent): void => {
        const picked = pick(event)
        if (picked === null) return
        clearTimeout(timer)
        this.#ringListeners.delete(listener)
        resolve(picked)
      }
      this.#ringListeners.add(listener)
    })
  }

  /** Joins through `via` and waits for the answer. Throws `id-taken`, `not-a-member`, `peer-unreachable`. */
  async join(via: readonly Contact[], timeoutMs: number): Promise<void> {
    const ended = this.waitFor((event) => (event.kind === 'join-accepted' || event.kind === 'join-declined' ? event : null), timeoutMs)
    this.#ring.join(via)
    const event = await ended
    if (event.kind === 'join-accepted') return
    if (event.reason === 'id-taken') throw new AppError('id-taken', 'Another machine of the ring has this id already')
    throw new AppError('peer-unreachable', `The ring did not take this machine in (${event.reason})`)
  }

  /** After a join: until the others and what they keep are known, or a moment is over. What is shown then is true at once. */
  async settle(): Promise<void> {
    if (this.onlineIds().size === 1) await this.waitFor((event) => (event.kind === 'alive' ? event : null), settleMs).catch(() => null)
    await this.repairer.readCatalogues()
  }

  /** The state to remember: members with their ways and names. */
  remembered(): RingState {
    const members = this.#ring
      .members()
      .filter((member) => member.contact.id !== this.#ring.self.id && member.state !== 'left')
      .slice(0, limits.route * 8)
      .map((member) => ({ contact: formatContact(this.space, member.contact), name: this.#names.get(member.contact.id) ?? '' }))
    const own = this.#ring.members().find((member) => member.contact.id === this.#ring.self.id)
    return { ...this.state, port: this.#net.port, incarnation: own?.incarnation ?? this.state.incarnation, members }
  }

  /** Hands over, then tells both sides. */
  async leave(options: { readonly onProgress: (leaving: LeavingView) => void; readonly signal: AbortSignal }): Promise<void> {
    await this.#passing
    await this.repairer.readCatalogues()
    await handOver(this.context, this.repairer, options)
    this.#ring.leave()
    await this.#net.flush()
  }

  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    for (const timer of this.#timers) clearInterval(timer)
    this.repairer.stop()
    this.#stopRecords()
    await this.#net.close()
    await this.#passing
  }

  get uptimeMs(): number {
    return performance.now() - this.#startedAt
  }
}

/** Ring events that change nothing that is shown or repaired. */
const quiet = new Set<RingEvent['kind']>([
  'pings-sent',
  'ping-received',
  'revision',
  'lookup-started',
  'lookup-forwarded',
  'lookup-accepted',
  'lookup-done',
])
