/**
 * A simulated machine: what lasts (its disk, its database, whom it remembers) and the process that runs on it, which is the
 * shipped member of a ring. A process that ends takes its timers and waits with it; what it had not synced may be lost.
 */

import { createHash } from 'node:crypto'
import { ContentStore } from '../../electron/peer/disk/content-store.ts'
import { RecordStore } from '../../electron/peer/disk/record-store.ts'
import { Space } from '../../electron/peer/disk/space.ts'
import type { Connection } from '../../electron/peer/net/connection.ts'
import type { Contact } from '../../electron/peer/protocol/contact.ts'
import type { Identifier } from '../../electron/peer/protocol/identifier.ts'
import { RingMember } from '../../electron/peer/ring-member.ts'
import type { RepairTimes } from '../../electron/peer/repair/repair-times.ts'
import type { Random, Timers } from '../../electron/peer/ring/ports.ts'
import type { TransferNews } from '../../electron/peer/transfer/transfer-context.ts'
import { Transfers } from '../../electron/peer/transfer/transfers.ts'
import { FaultyDisk } from '../fakes/faulty-disk.ts'
import { MemoryKeyValue } from '../fakes/memory-key-value.ts'
import { rotSmall, smallBytes, smallCopies, smallFolder } from '../fakes/small-places.ts'
import type { EventQueue } from './event-queue.ts'
import type { FilesPlan } from './plan.ts'
import type { SimulatedPeer, Simulator } from './simulator.ts'
import { slowDisk } from './slow-disk.ts'
import type { SimStream } from './streams.ts'

/** What a machine needs of the world it is in. */
export interface Surroundings {
  readonly plan: FilesPlan
  readonly simulator: Simulator
  readonly queue: EventQueue
  readonly now: number
  readonly random: Random
  randomInt(below: number): number
  touch(): void
  tell(machine: Machine, news: TransferNews): void
  onMember(machine: Machine): void
  onPutAside(name: string): void
  onCopy(machine: Machine, name: string): void
  defect(machine: Machine, what: string, error: unknown): void
  open(from: Machine, to: Contact, signal: AbortSignal | undefined): Promise<Connection>
}

/** Size of a block of what is stored: small, so that small files have several. */
export const blockBytes = 4096
/** Contents up to this size are in volumes, larger ones files: both ways in every run, and small ones of several blocks. */
const smallLimitBytes = 5000
/** Of volumes: a few contents fill one, so that they are moved as they come and go. */
const volumeBytes = 20_000
/** Ten minutes would be the whole run, and a day more than that. */
export const sweepEveryMs = 30_000
export const keepUnfinishedMs = 60_000
/** Staged bytes wait for their store for so long. */
export const keepStagedMs = 600_000
export const contentFolder = '/content'
const memoryFolder = '/memory'

/** In a season's run: news of a removal travels for so long at most, and so often is the trash looked at, in virtual ms. */
const seasonTimes = { forgetMarginMs: 60_000, sweepEveryMs: 10_000 } as const

/** Repair's waits: minutes are seconds, and days are what the plan says. */
export function repairTimes({ dropHysteresisMs, seasonMs }: FilesPlan['data']): Partial<RepairTimes> {
  if (seasonMs === 0) return { dropHysteresisMs, sweepEveryMs, keepUnfinishedMs }
  return { dropHysteresisMs, keepUnfinishedMs, keepTrashMs: seasonMs, quarantineMs: seasonMs, verifyEveryMs: seasonMs, ...seasonTimes }
}

function pathOf(sha256: string): string {
  return `${contentFolder}/${sha256.slice(0, 2)}/${sha256}`
}

/** One run of the program on a machine. */
export class Process {
  alive = true
  readonly streams = new Set<SimStream>()
  /** Connections at rest, by whom they lead to. */
  readonly resting = new Map<Identifier, Connection[]>()
  readonly timers: Timers
  readonly #world: Surroundings
  readonly #machine: Machine
  peer!: SimulatedPeer
  member!: RingMember

  constructor(world: Surroundings, machine: Machine) {
    this.#world = world
    this.#machine = machine
    this.timers = { after: (delayMs, run) => this.#after(delayMs, run) }
  }

  /** Resolves `forMs` later, if this process lives then; it goes on once its machine is awake. */
  sleep(forMs: number): Promise<void> {
    return new Promise((resolve) => this.#after(forMs, resolve))
  }

  #after(delayMs: number, run: () => void): () => void {
    let cancelled = false
    const fire = (): void => {
      if (cancelled || !this.alive) return
      const asleep = this.#machine.asleepUntil - this.#world.now
      if (asleep > 0) this.#world.queue.after(asleep + 1, fire)
      else {
        this.#world.touch()
        run()
      }
    }
    this.#world.queue.after(delayMs, fire)
    return () => {
      cancelled = true
    }
  }
}

export class Machine {
  readonly id: Identifier
  readonly name: string
  contact: Contact
  disk: FaultyDisk
  database: MemoryKeyValue
  process: Process | null = null
  /** What its wall clock is ahead, in ms. */
  clockAheadMs = 0
  incarnation = 1
  remembered: readonly Contact[] = []
  /** When each of them was last heard, by this machine's wall clock. */
  readonly #heardAt = new Map<Identifier, number>()
  /** Virtual ms since when its disk is another, empty one; -Infinity = the first. */
  diskSince = -Infinity
  /** It left in good order, or is gone for good. */
  gone = false
  /** Virtual ms since when it runs and is in the ring. */
  memberSince = Infinity
  readonly #world: Surroundings

  constructor(world: Surroundings, options: { readonly contact: Contact; readonly name: string; readonly diskBytes: number }) {
    this.#world = world
    this.id = options.contact.id
    this.name = options.name
    this.contact = options.contact
    this.disk = new FaultyDisk({ totalBytes: options.diskBytes, seed: world.randomInt(2 ** 31), wallClock: () => this.wallTime() })
    this.database = new MemoryKeyValue({ sync: () => this.#sync() })
  }

  get plan(): FilesPlan {
    return this.#world.plan
  }

  get asleepUntil(): number {
    return this.process?.peer?.pausedUntil ?? 0
  }

  get isUp(): boolean {
    return this.process !== null
  }

  get isMember(): boolean {
    return this.process?.member?.ring.isMember === true
  }

  /** The member that runs here. Throws when none does. */
  get member(): RingMember {
    if (!this.process?.member) throw new Error(`${this.name} does not run`)
    return this.process.member
  }

  /** Syncs take 1 to 12 ms. */
  #sync(): Promise<void> {
    return this.process?.sleep(1 + this.#world.random.next() * 11) ?? new Promise(() => undefined)
  }

  /** Starts the program: opens what lasts, then `enter` says how it gets into the ring. */
  async start(enter: (member: RingMember) => void): Promise<void> {
    const world = this.#world
    const process = new Process(world, this)
    this.process = process
    const disk = slowDisk(this.disk, () => this.#sync())
    const records = await RecordStore.over(this.database, { wallClock: () => this.wallTime() })
    records.onForgotten((name) => {
      if (process.member.repairer.side.isApart()) world.onPutAside(name)
    })
    const contents = await ContentStore.open(disk, contentFolder, {
      space: new Space(disk, '/'),
      blockBytes,
      unfinishedBytes: blockBytes,
      small: await records.smallContents({ disk, folder: smallFolder, limitBytes: smallLimitBytes, volumeBytes }),
    })
    await disk.makeFolder('/home')
    await disk.makeFolder('/downloads')
    const { parameters, space } = world.simulator
    process.peer = world.simulator.add(this.contact, this.incarnation, (ports) => {
      process.member = new RingMember(
        {
          space,
          parameters,
          self: this.contact,
          incarnation: this.incarnation,
          disk,
          contents,
          records,
          transfers: this.#transfers(),
          machineName: () => this.name,
          repairDelayMs: () => world.plan.data.repairDelayMs,
          times: repairTimes(world.plan.data),
          memory: { disk, folder: memoryFolder, ring: 'the ring' },
          onRingEvent: (event) => {
            ports.onEvent(event)
            if (event.kind === 'successors' && this.memberSince === Infinity) {
              this.memberSince = world.now
              world.onMember(this)
            }
            if (event.kind !== 'ping-received' && event.kind !== 'pings-sent' && event.kind !== 'response-received') world.touch()
          },
          onTransferNews: (news) => world.tell(this, news),
          onMachineName: () => undefined,
          onFileChanged: () => undefined,
          onDefect: (what, error) => process.alive && world.defect(this, what, error),
          enroll: (connection) => {
            connection.destroy()
            return Promise.resolve()
          },
        },
        {
          clock: ports.clock,
          timers: process.timers,
          random: ports.random,
          wallClock: () => this.wallTime(),
          transport: {
            send: (to, channel, message) => ports.transport.send(to, channel, message),
            open: (to, options) => world.open(this, to, options.signal),
            forget: (peer) => process.resting.delete(peer),
          },
        },
      )
      const { member } = process
      return {
        ring: member.ring,
        tick: () => {
          member.tick()
          if (member.busy) world.touch()
        },
      }
    })
    await process.member.load()
    enter(process.member)
  }

  /** The list of transfers: people's come past it here, so that what it tells of are copies of the ring's own. */
  #transfers(): Transfers {
    const begun = new Set<string>()
    const transfers: Transfers = new Transfers({
      onChange: (id) => {
        const view = transfers.view(id)
        if (view?.state !== 'running' || begun.has(id)) return
        begun.add(id)
        this.#world.onCopy(this, view.name)
      },
      onEnd: ({ id }) => begun.delete(id),
    })
    return transfers
  }

  /** As the program does that finds a ring in its data folder. */
  resume(member: RingMember): void {
    const { now } = this.#world
    const heardAt = [...this.#heardAt].map(([id, at]) => [id, now - Math.max(0, this.wallTime(now) - at)] as const)
    member.ring.resume(this.remembered, new Map(heardAt))
  }

  /** Unix ms by this machine's clock. */
  wallTime(at = this.#world.now): number {
    return Math.floor(1_700_000_000_000 + at + this.clockAheadMs)
  }

  /** The process ends without a word: killed (its streams break at once), or with the machine's power (nobody is told). */
  stop(how: 'killed' | 'power cut'): void {
    const { process } = this
    if (!process) return
    this.process = null
    this.memberSince = Infinity
    process.alive = false
    if (process.member) {
      const { ring } = process.member
      const others = ring.members().filter((member) => member.contact.id !== this.id && member.state !== 'left')
      this.remembered = others.map((member) => member.contact)
      for (const { contact, lastHeardAt } of others) {
        if (lastHeardAt !== null) this.#heardAt.set(contact.id, this.wallTime(lastHeardAt))
      }
      // every other time the number of the last run is lost, too: then the ring has to tell
      this.incarnation = ring.incarnation + this.#world.randomInt(2)
      this.#world.simulator.crash(process.peer)
    }
    if (how === 'killed') for (const stream of process.streams) stream.abandon()
    this.disk = this.disk.crash()
    this.database = this.database.crash(this.#world.randomInt(2))
  }

  /** The machine burns down: what was on its disk is nowhere any more. */
  destroy(): void {
    this.disk = new FaultyDisk({ totalBytes: 1 })
    this.database = new MemoryKeyValue()
    this.diskSince = this.#world.now
    this.gone = true
  }

  /** It said good-bye. */
  depart(): void {
    this.gone = true
    this.stop('killed')
  }

  /** Whether a copy here has other bytes than its name says. */
  hasBadCopy(): boolean {
    return this.copies().some(
      (sha256) =>
        createHash('sha256')
          .update(this.bytesOf(sha256) ?? new Uint8Array(0))
          .digest('hex') !== sha256,
    )
  }

  /** Hashes of the contents on its disk, in files or in the database. */
  copies(): string[] {
    const files = this.disk.files().flatMap((path) => (/^\/content\/..\/[0-9a-f]{64}$/.test(path) ? [path.slice(-64)] : []))
    return [...files, ...smallCopies(this)]
  }

  /** The bytes of a copy as the next start finds them for sure. */
  bytesOf(sha256: string): Uint8Array | null {
    return smallBytes(this, sha256) ?? this.disk.durable(pathOf(sha256))
  }

  /** The byte of a copy at `position` is not what was written. */
  rot(sha256: string, position: number): void {
    if (smallBytes(this, sha256)) rotSmall(this, sha256, position)
    else this.disk.rot(pathOf(sha256), position)
  }

  /** Whether this machine has the content for sure, whatever happens to its power: bytes, and the note that they are held. */
  keepsDurably(sha256: string): boolean {
    return this.bytesOf(sha256) !== null && this.database.durable(`h!${sha256}`) !== undefined
  }
}
