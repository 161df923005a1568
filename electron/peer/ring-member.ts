/**
 * One membership in one ring with nothing of this machine in it: the ring's state machine, the catalogue, repair and the
 * answers to others. Time, chance, network, disk and database are given, so that the same code runs for real
 * (ring-session.ts) and in the simulator (tests/sim).
 */

import { AppError } from '../../shared/errors.ts'
import type { LeavingView } from '../../shared/views.ts'
import type { Disk } from './disk/disk.ts'
import type { ContentStore } from './disk/content-store.ts'
import type { RecordStore } from './disk/record-store.ts'
import { sha256Hex } from './disk/sha256.ts'
import type { Connection } from './net/connection.ts'
import { OpenConnections } from './open-connections.ts'
import type { Contact } from './protocol/contact.ts'
import { keyOfName, type Identifier, type IdentifierSpace } from './protocol/identifier.ts'
import type { FileMessage, LookupPurpose } from './protocol/messages.ts'
import type { RingNow } from './repair/copies.ts'
import { handOver } from './repair/hand-over.ts'
import type { RepairMemory } from './repair/quarantine.ts'
import type { Allowance } from './repair/rate-cap.ts'
import type { RepairTimes } from './repair/repair-times.ts'
import { Repairer } from './repair/repair.ts'
import type { Clock, Random, Timers, Transport } from './ring/ports.ts'
import { Ring, type LookupResult, type MemberView, type RingEvent } from './ring/ring.ts'
import type { RingParameters } from './ring/ring-options.ts'
import { Catalogue } from './transfer/catalogue.ts'
import { ContentUse } from './transfer/content-use.ts'
import { Intake } from './transfer/intake.ts'
import { serve, type EnrollHandler } from './transfer/serve.ts'
import type { Located, TransferContext, TransferNews } from './transfer/transfer-context.ts'
import type { Transfers } from './transfer/transfers.ts'

/** The network as a member needs it. */
export interface MemberTransport extends Transport {
  /** A connection for one exchange, released or destroyed after it. AppError('peer-unreachable'), ('cancelled'). */
  open(to: Contact, options: { readonly signal?: AbortSignal }): Promise<Connection>
  /** `peer` is known to be gone: what rests with it leads nowhere. */
  forget(peer: Identifier): void
}

export interface MemberWorld {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly transport: MemberTransport
  /** Unix time in ms: for people and for what lasts days, never for order. */
  readonly wallClock: () => number
  /** `dueAt` is earlier than it was. Not to be answered with a tick at once. */
  readonly onSooner?: () => void
}

export interface MemberOptions {
  readonly space: IdentifierSpace
  readonly parameters: RingParameters
  readonly self: Contact
  readonly incarnation: number
  readonly disk: Disk
  readonly contents: ContentStore
  readonly records: RecordStore
  readonly transfers: Transfers
  readonly machineName: () => string
  readonly repairDelayMs: () => number
  readonly onRingEvent: (event: RingEvent) => void
  readonly onTransferNews: (news: TransferNews) => void
  readonly onMachineName: (machine: Identifier, name: string) => void
  readonly onFileChanged: (name: string) => void
  /** Something threw that is no fault of another machine. */
  readonly onDefect: (what: string, error: unknown) => void
  /** Answers a stranger who brings an invite. */
  readonly enroll: EnrollHandler
  /** Where absences from the ring are kept; absent: nowhere, and a restart has never been away. */
  readonly memory?: RepairMemory
  /** What a person leaves to copies that the ring makes by itself; absent: half. */
  readonly allowance?: () => Allowance
  /** Waits of repair other than the usual ones. */
  readonly times?: Partial<RepairTimes>
}

/** Members seen within this time count for acknowledgements. */
const countedForMs = 24 * 3_600_000
const lookupTries = 3
/** Some hundred kilobytes. */
const rememberedKeys = 1_000
const settleMs = 3_000

export class RingMember {
  readonly catalogue = new Catalogue()
  readonly ring: Ring
  readonly repairer: Repairer
  readonly context: TransferContext & RingNow
  readonly #options: MemberOptions
  readonly #world: MemberWorld
  readonly #ringListeners = new Set<(event: RingEvent) => void>()
  readonly #connections: OpenConnections
  readonly #stopRecords: readonly (() => void)[]
  readonly #startedAt: number
  /** Keys of names asked for lately: one name is asked for again and again while anything happens to it. */
  readonly #keys = new Map<string, Identifier>()
  #looking = 0

  constructor(options: MemberOptions, world: MemberWorld) {
    this.#options = options
    this.#world = world
    this.#startedAt = world.clock.now()
    this.#connections = new OpenConnections(world.timers)
    const { parameters, space, self, incarnation } = options
    const { clock, random, transport } = world
    this.ring = new Ring(
      { parameters, space, self, incarnation },
      { clock, random, transport, onEvent: (event) => this.#onRingEvent(event), onSooner: () => world.onSooner?.() },
    )
    this.context = this.#createContext()
    this.repairer = new Repairer(this.context, options.transfers, {
      repairDelayMs: options.repairDelayMs,
      now: () => clock.now(),
      onMachineName: options.onMachineName,
      onDefect: (error) => options.onDefect('repair', error),
      ...(options.memory ? { memory: options.memory } : {}),
      ...(options.allowance ? { allowance: options.allowance } : {}),
      ...(options.times ? { times: options.times } : {}),
    })
    this.catalogue.onChanged(options.onFileChanged)
    const tellRevision = (): void => {
      this.ring.setRevision(options.records.revision)
      world.onSooner?.()
    }
    this.#stopRecords = [options.records.onChanged(tellRevision), options.records.onForgotten(tellRevision)]
  }

  /** Reads what this machine keeps, before it is asked. */
  async load(): Promise<void> {
    await this.repairer.start()
    this.ring.setRevision(this.#options.records.revision)
  }

  /** Monotonic ms from which a tick has something to do. It moves with messages; that it is earlier is told by `onSooner`. */
  get dueAt(): number {
    return Math.min(this.ring.dueAt, this.repairer.dueAt)
  }

  /** Time passed: to be called within 100 ms of `dueAt`, or every 100 ms. */
  tick(): void {
    this.ring.tick()
    this.#connections.look(this.ring.online())
    this.repairer.tick()
  }

  /** Whether work is under way that a moment of time may let go on. */
  get busy(): boolean {
    return this.repairer.busy || this.#looking > 0
  }

  /** A round of repair, unless one runs. */
  passSoon(): void {
    this.repairer.passSoon()
  }

  /** The exchange that `message` opens on `connection`. Throws only when the connection is of no use any more. */
  async serve(connection: Connection, message: FileMessage): Promise<void> {
    await serve(this.context, { connection, message }, this.#options.enroll)
  }

  keyOf(name: string): Identifier {
    const known = this.#keys.get(name)
    if (known !== undefined) return known
    const key = this.#hash(name)
    if (this.#keys.size >= rememberedKeys) this.#keys.clear()
    this.#keys.set(name, key)
    return key
  }

  #hash(name: string): Identifier {
    return keyOfName(this.#options.space, { rule: this.#options.parameters.keyRule, hash: sha256Hex }, name)
  }

  /** Members that did not leave, this machine included. */
  machines(): MemberView[] {
    return this.ring.members().filter((member) => member.state !== 'left' || member.contact.id === this.ring.self.id)
  }

  onlineIds(): Set<Identifier> {
    return new Set(this.ring.online().map((contact) => contact.id))
  }

  /** True while some machine that is online and read has not told what it has. */
  isChecking(): boolean {
    const self = this.ring.self.id
    return [...this.onlineIds()].some((id) => id !== self && this.repairer.reads(id) && !this.catalogue.heardFrom(id))
  }

  /** The first ring event that `pick` accepts. Rejects with `peer-unreachable` after `timeoutMs`. */
  waitFor<T>(pick: (event: RingEvent) => T | null, timeoutMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#world.timers.after(timeoutMs, () => {
        this.#ringListeners.delete(listener)
        reject(new AppError('peer-unreachable', 'The ring did not answer in time; check that one of its machines is on and reachable'))
      })
      const listener = (event: RingEvent): void => {
        const picked = pick(event)
        if (picked === null) return
        cancel()
        this.#ringListeners.delete(listener)
        resolve(picked)
      }
      this.#ringListeners.add(listener)
    })
  }

  /** Joins through `via` and waits for the answer. Throws `id-taken`, `not-a-member`, `peer-unreachable`. */
  async join(via: readonly Contact[], timeoutMs: number): Promise<void> {
    const ended = this.waitFor((event) => (event.kind === 'join-accepted' || event.kind === 'join-declined' ? event : null), timeoutMs)
    this.ring.join(via)
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

  /** Hands over, then tells both sides; the farewell may still be on its way when this resolves. */
  async leave(options: { readonly onProgress: (leaving: LeavingView) => void; readonly signal: AbortSignal }): Promise<void> {
    await handOver(this.context, this.repairer, options)
    this.ring.leave()
  }

  /** No more work is begun. Resolves when what ran has ended. */
  async stop(): Promise<void> {
    for (const stop of this.#stopRecords) stop()
    await this.repairer.stop()
  }

  #createContext(): TransferContext & RingNow {
    const member = (): RingMember => this
    const { space, parameters, disk, contents, records, machineName, onTransferNews } = this.#options
    const { timers, wallClock } = this.#world
    return {
      get self() {
        return member().ring.self
      },
      get machineName() {
        return machineName()
      },
      space,
      parameters,
      disk,
      contents,
      records,
      timers,
      wallClock,
      catalogue: this.catalogue,
      use: new ContentUse(),
      intake: new Intake(),
      get repair() {
        return member().repairer.side
      },
      keyOf: (name) => this.keyOf(name),
      locate: (name, purpose) => this.#locate(name, purpose),
      replicaSet: (key, count) => this.ring.replicaSet(key, count),
      online: () => this.ring.online(),
      away: () =>
        this.machines()
          .filter((member) => member.state === 'dead')
          .map((member) => member.contact.id),
      ringSize: () => this.#ringSize(),
      open: (to, signal) => this.#open(to, signal),
      contact: (id) => this.ring.contact(id),
      emit: onTransferNews,
    }
  }

  async #open(to: Contact, signal: AbortSignal | undefined): Promise<Connection> {
    const connection = await this.#world.transport.open(to, signal ? { signal } : {})
    this.#connections.add(connection, to)
    return connection
  }

  #ringSize(): number {
    const machines = this.machines()
    const counted = machines.filter((member) => this.#counts(member)).length
    // whatever its clock says of how long it was off, a machine that started unplugged does not take itself for the whole ring; nor does a
    // newcomer that was taken in by one that left before it could tell who else there is
    const hasOthers = machines.length > 1 || !this.ring.hasView
    const isNews = this.#world.clock.now() - this.#startedAt < countedForMs
    return counted === 1 && hasOthers && isNews ? 2 : counted
  }

  #counts(member: MemberView): boolean {
    if (member.state === 'alive' || member.state === 'suspect') return true
    return member.state === 'dead' && member.lastHeardAt !== null && this.#world.clock.now() - member.lastHeardAt < countedForMs
  }

  async #locate(name: string, purpose: LookupPurpose): Promise<Located> {
    const { clock } = this.#world
    const startedAt = clock.now()
    let reason = ''
    for (let tries = 0; tries < lookupTries; tries++) {
      const result = await this.#lookUp(name, purpose)
      if (result.ok) {
        const candidates = [...new Map([result.owner, ...result.successors].map((contact) => [contact.id, contact])).values()]
        return { owner: result.owner, candidates, route: result.route, lookupMs: clock.now() - startedAt }
      }
      reason = result.reason
    }
    throw new AppError('peer-unreachable', `The look-up of ${name} found no owner (${reason}); try again when the ring is calm`, { name })
  }

  async #lookUp(name: string, purpose: LookupPurpose): Promise<LookupResult> {
    this.#looking++
    try {
      return await new Promise((resolve) => this.ring.lookup(this.keyOf(name), { purpose, name }, resolve))
    } finally {
      this.#looking--
    }
  }

  #onRingEvent(event: RingEvent): void {
    if (event.kind === 'revision') this.repairer.revisionHeard(event.peer, event.revision)
    if (event.kind === 'dead') {
      this.#connections.hangUp(event.peer)
      this.#world.transport.forget(event.peer)
    }
    if (membership.has(event.kind)) this.repairer.ringChanged()
    for (const listener of this.#ringListeners) listener(event)
    this.#options.onRingEvent(event)
  }
}

/** Ring events after which other machines may have to hold a file. */
const membership: ReadonlySet<RingEvent['kind']> = new Set<RingEvent['kind']>([
  'join-accepted',
  'alive',
  'dead',
  'departing',
  'successors',
  'predecessors',
])

/** Ring events that change nothing that is shown. */
export const quiet: ReadonlySet<RingEvent['kind']> = new Set<RingEvent['kind']>([
  'pings-sent',
  'ping-received',
  'revision',
  'lookup-started',
  'lookup-forwarded',
  'lookup-accepted',
  'lookup-done',
])
