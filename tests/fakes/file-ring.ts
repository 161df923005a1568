/**
 * Machines of a ring that keep files, with everything real but time, network, disk and database: who is in the ring is said by the test,
 * and all machines see it at once. For tests of what machines say to each other about files; the ring itself is simulated in tests/sim.
 */

import { createHash } from 'node:crypto'
import { duplexPair, type Duplex } from 'node:stream'
import { ContentStore } from '../../electron/peer/disk/content-store.ts'
import { RecordStore } from '../../electron/peer/disk/record-store.ts'
import { Space } from '../../electron/peer/disk/space.ts'
import { Connection } from '../../electron/peer/net/connection.ts'
import type { Contact } from '../../electron/peer/protocol/contact.ts'
import { IdentifierSpace, keyOfName, type Identifier } from '../../electron/peer/protocol/identifier.ts'
import type { FileMessage } from '../../electron/peer/protocol/messages.ts'
import type { RingNow } from '../../electron/peer/repair/copies.ts'
import type { RepairTimes } from '../../electron/peer/repair/repair-times.ts'
import { Repairer } from '../../electron/peer/repair/repair.ts'
import { defaultParameters } from '../../electron/peer/ring/ring-options.ts'
import { tellDamaged } from '../../electron/peer/transfer/arc-exchange.ts'
import { Catalogue } from '../../electron/peer/transfer/catalogue.ts'
import { ContentUse } from '../../electron/peer/transfer/content-use.ts'
import { Intake } from '../../electron/peer/transfer/intake.ts'
import { serve } from '../../electron/peer/transfer/serve.ts'
import { storeFile, type StoreFileOptions, type StoredFile } from '../../electron/peer/transfer/store-file.ts'
import type { TransferContext, TransferNews } from '../../electron/peer/transfer/transfer-context.ts'
import { Transfers } from '../../electron/peer/transfer/transfers.ts'
import { AppError } from '../../shared/errors.ts'
import { FaultyDisk, type FaultyDiskOptions } from './faulty-disk.ts'
import { MemoryKeyValue, type MemoryKeyValueOptions } from './memory-key-value.ts'
import { smallFolder } from './small-places.ts'

export interface FileRingOptions {
  /** Default 3. */
  readonly copies?: number
  /** Default 16. */
  readonly bits?: number
  /** Small contents are rows of the database, as for real, or up to so many bytes. Default: all are files, whose bytes a test can reach. */
  readonly small?: boolean | number
  readonly times?: Partial<RepairTimes>
  /** Default: none. */
  readonly repairDelayMs?: number
  /** Default 1 MiB. */
  readonly blockBytes?: number
  /** Contents that stopped coming are kept for the next try from this size on, in bytes. Default 8 MiB. */
  readonly unfinishedBytes?: number
  /** Of a machine that starts on an empty disk. */
  readonly disk?: FaultyDiskOptions
  readonly database?: MemoryKeyValueOptions
  /** The two ends of a new connection. Default: one that never breaks. */
  readonly link?: (from: FileMachine, to: FileMachine) => [opener: Duplex, other: Duplex]
}

export interface SentLine {
  readonly from: Identifier
  readonly to: Identifier
  readonly line: string
}

const tickMs = 100
/** 2023-11-14. */
const startedAt = 1_700_000_000_000

export class FileRing {
  readonly space: IdentifierSpace
  readonly options: FileRingOptions
  readonly machines = new Map<Identifier, FileMachine>()
  /** Bytes that travelled between machines. */
  readonly traffic = { bytesIn: 0, bytesOut: 0 }
  /** Every line about files that was sent, in order. */
  readonly lines: SentLine[] = []
  /** Whatever threw that should not have. */
  readonly defects: unknown[] = []
  nowMs = 0
  /** Exchanges that are open. */
  exchanges = 0
  readonly #timers = new Set<{ readonly at: number; readonly run: () => void }>()

  constructor(options: FileRingOptions = {}) {
    this.options = options
    this.space = new IdentifierSpace(options.bits ?? 16)
  }

  get wallMs(): number {
    return startedAt + this.nowMs
  }

  id(value: number): Identifier {
    return this.space.fromBigInt(BigInt(value))
  }

  machine(value: number): FileMachine {
    const machine = this.machines.get(this.id(value))
    if (!machine) throw new Error(`There is no machine ${value}`)
    return machine
  }

  /** Starts a machine, or starts it again on what it had. `unaware`: it has not heard of the others yet. */
  async start(
    value: number,
    disk: { readonly offeredBytes?: number; readonly empty?: boolean; readonly unaware?: boolean } = {},
  ): Promise<FileMachine> {
    const before = disk.empty === true ? undefined : this.machines.get(this.id(value))
    const machine = await FileMachine.open(this, this.id(value), { before, offeredBytes: disk.offeredBytes })
    machine.isUnaware = disk.unaware === true
    this.machines.set(machine.id, machine)
    this.ringChanged()
    return machine
  }

  /** The machine is gone from one moment to the next. */
  stop(value: number): void {
    this.machine(value).online = false
    this.ringChanged()
  }

  /** The machine dies, with what it had under way; the others believe that it is there until the ring changes. It can start again. */
  crash(value: number, power: 'lost' | 'kept'): void {
    this.machine(value).die(power)
  }

  ringChanged(): void {
    for (const machine of this.machines.values()) if (machine.online) machine.repairer.ringChanged()
  }

  online(): FileMachine[] {
    return [...this.machines.values()].filter((machine) => machine.online).sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { at: this.nowMs + delayMs, run }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Time passes for all, in ticks, and whatever follows happens. @param stepMs of a tick; longer ones for long times */
  async run(ms: number, stepMs = tickMs): Promise<void> {
    for (const end = this.nowMs + ms; this.nowMs < end;) {
      this.nowMs += stepMs
      await this.tick()
    }
  }

  /** Time passes at once, as if all had slept. */
  async leap(ms: number): Promise<void> {
    this.nowMs += ms
    await this.tick()
  }

  async tick(): Promise<void> {
    this.runDue()
    await this.settle()
  }

  /** Runs what is due now, and waits for nothing. */
  runDue(): void {
    for (const timer of [...this.#timers]) {
      if (timer.at > this.nowMs || !this.#timers.delete(timer)) continue
      timer.run()
    }
    for (const machine of this.online()) if (!machine.isDead) machine.repairer.tick()
  }

  /** `from` got bytes from `to` that do not match. */
  async complain(from: number, to: number, sha256: string): Promise<void> {
    await tellDamaged(this.machine(from).context, this.machine(to).contact, sha256)
    await this.settle()
  }

  /** What was said since the last time this was asked, by command. */
  said(): Map<string, number> {
    const counts = new Map<string, number>()
    for (const { line } of this.lines.splice(0)) {
      const command = line.slice(1, line.indexOf(' '))
      counts.set(command, (counts.get(command) ?? 0) + 1)
    }
    return counts
  }

  /** Until nobody speaks any more. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 2;) {
      await new Promise((resolve) => setImmediate(resolve))
      quiet = this.exchanges === 0 ? quiet + 1 : 0
    }
  }

  /** Ids of the machines that are online and hold these bytes, as their disks say. */
  holdersOf(bytes: Uint8Array): number[] {
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const holders = this.online().filter((machine) => machine.holds(sha256))
    return holders.map((machine) => Number(this.space.toBigInt(machine.id)))
  }
}

/** What a dead machine starts again on. */
interface Left {
  readonly disk: FaultyDisk
  readonly database: MemoryKeyValue
}

interface Opened {
  readonly disk: FaultyDisk
  readonly database: MemoryKeyValue
  readonly records: RecordStore
  readonly contents: ContentStore
}

export class FileMachine {
  readonly id: Identifier
  readonly disk: FaultyDisk
  readonly records: RecordStore
  readonly contents: ContentStore
  readonly catalogue = new Catalogue()
  readonly context: TransferContext & RingNow
  readonly repairer: Repairer
  readonly news: TransferNews[] = []
  online = true
  /** Accepts no connection although the others believe that it is there. */
  deaf = false
  /** Where it can be reached. */
  way = '127.0.0.1:1'
  /** Has not heard of the others yet, who know of it. */
  isUnaware = false
  readonly database: MemoryKeyValue
  readonly #ring: FileRing
  readonly #streams = new Set<Duplex>()
  #left: Left | null = null
  #files = 0

  static async open(
    ring: FileRing,
    id: Identifier,
    from: { readonly before: FileMachine | undefined; readonly offeredBytes: number | undefined },
  ): Promise<FileMachine> {
    const { options } = ring
    const { disk, database } = from.before?.leave() ?? {
      disk: new FaultyDisk(options.disk),
      database: new MemoryKeyValue(options.database),
    }
    const records = await RecordStore.over(database, { wallClock: () => ring.wallMs })
    const contents = await ContentStore.open(disk, '/content', {
      space: new Space(disk, '/', from.offeredBytes ?? null),
      ...(options.blockBytes ? { blockBytes: options.blockBytes } : {}),
      ...(options.small
        ? { small: await records.smallContents({ disk, folder: smallFolder, volumeBytes: 20_000, ...limitOf(options.small) }) }
        : {}),
      ...(options.unfinishedBytes === undefined ? {} : { unfinishedBytes: options.unfinishedBytes }),
    })
    const machine = new FileMachine(ring, id, { disk, database, records, contents })
    await machine.repairer.start()
    return machine
  }

  private constructor(ring: FileRing, id: Identifier, opened: Opened) {
    this.#ring = ring
    this.id = id
    this.disk = opened.disk
    this.database = opened.database
    this.records = opened.records
    this.contents = opened.contents
    this.context = this.#makeContext()
    this.repairer = new Repairer(this.context, new Transfers({ onChange: () => undefined, onEnd: () => undefined }), {
      repairDelayMs: () => ring.options.repairDelayMs ?? 0,
      now: () => ring.nowMs,
      onMachineName: () => undefined,
      onDefect: (error) => ring.defects.push(error),
      memory: { disk: opened.disk, folder: '/', ring: 'test' },
      ...(ring.options.times ? { times: ring.options.times } : {}),
    })
  }

  get contact(): Contact {
    return { id: this.id, ways: [this.way] }
  }

  get isDead(): boolean {
    return this.#left !== null
  }

  /** What it starts again on. */
  leave(): Left {
    return this.#left ?? { disk: this.disk, database: this.database.crash() }
  }

  /** See FileRing.crash. */
  die(power: 'lost' | 'kept'): void {
    const { unsynced } = this.database
    this.#left = {
      disk: power === 'kept' ? this.disk.kill() : this.disk.crash(),
      database: this.database.crash(power === 'kept' ? unsynced : 0),
    }
    this.deaf = true
    for (const stream of this.#streams) stream.destroy()
    void this.repairer.stop()
  }

  holds(sha256: string): boolean {
    return this.records.heldAt(sha256) !== null && [...this.contents.hashes()].includes(sha256)
  }

  /** Stores bytes under a name, as a person does. */
  async store(name: string, bytes: Uint8Array, onClash: StoreFileOptions['onClash'] = 'replace'): Promise<StoredFile> {
    const path = `/stored-${++this.#files}`
    const file = await this.disk.open(path, 'new')
    await file.write(bytes, 0)
    await file.close()
    return storeFile(this.context, path, { name, onClash })
  }

  #makeContext(): TransferContext & RingNow {
    const ring = this.#ring
    const { space } = ring
    const machine = (): FileMachine => this
    const contacts = (): Contact[] => (machine().isUnaware ? [this] : ring.online()).map((other) => other.contact)
    const keyOf = (name: string): Identifier =>
      keyOfName(space, { rule: 'number', hash: (text) => createHash('sha256').update(text).digest('hex') }, name)
    const replicaSet = (key: Identifier, count: number): Contact[] => {
      const sorted = contacts()
      const first = Math.max(
        0,
        sorted.findIndex((contact) => contact.id >= key),
      )
      return [...sorted.slice(first), ...sorted.slice(0, first)].slice(0, count)
    }
    return {
      self: this.contact,
      machineName: `Machine ${space.format(this.id)}`,
      space,
      parameters: { ...defaultParameters, bits: space.bits, copies: ring.options.copies ?? 3 },
      disk: this.disk,
      contents: this.contents,
      records: this.records,
      catalogue: this.catalogue,
      use: new ContentUse(),
      intake: new Intake(),
      get repair() {
        return machine().repairer.side
      },
      keyOf,
      locate: (name) => {
        const candidates = replicaSet(keyOf(name), 16)
        const owner = candidates[0] ?? machine().contact
        return Promise.resolve({ owner, candidates, route: [owner.id], lookupMs: 0 })
      },
      replicaSet,
      online: contacts,
      away: () => [...ring.machines.values()].filter((other) => !other.online).map((other) => other.id),
      ringSize: () => ring.online().length,
      open: (to) => this.#open(to),
      contact: (id) => ring.machines.get(id)?.contact ?? null,
      emit: (news) => this.news.push(news),
      timers: { after: (delayMs, run) => ring.after(delayMs, run) },
      wallClock: () => ring.wallMs,
    }
  }

  #open(to: Contact): Promise<Connection> {
    const ring = this.#ring
    const other = ring.machines.get(to.id)
    if (!other?.online || other.deaf || !to.ways.includes(other.way) || !this.online || this.isDead)
      return Promise.reject(new AppError('peer-unreachable', 'Not there'))
    const [mine, theirs] = ring.options.link?.(this, other) ?? duplexPair()
    this.#use(mine)
    other.#use(theirs)
    const timers = this.context.timers
    const remoteAddress = '127.0.0.1:1'
    ring.exchanges++
    mine.once('close', () => ring.exchanges--)
    // who hangs up is noticed at the other end
    mine.once('close', () => theirs.destroy())
    theirs.once('close', () => mine.destroy())
    const note = (from: Identifier, receiver: Identifier) => (direction: string, _: unknown, line: string) => {
      if (direction === 'sent') ring.lines.push({ from, to: receiver, line })
    }
    const served = new Connection({
      stream: theirs,
      space: ring.space,
      peerId: this.id,
      remoteAddress,
      timers,
      counters: ring.traffic,
      onLine: note(to.id, this.id),
    })
    void other.#serve(served)
    const options = { stream: mine, space: ring.space, peerId: to.id, remoteAddress, timers, onLine: note(this.id, to.id) }
    return Promise.resolve(new Connection(options))
  }

  /** A stream that goes with this machine. */
  #use(stream: Duplex): void {
    this.#streams.add(stream)
    stream.once('close', () => this.#streams.delete(stream))
  }

  async #serve(connection: Connection): Promise<void> {
    try {
      for (;;) {
        const message = await connection.receive()
        if (message === null) break
        await serve(this.context, { connection, message: message as FileMessage }, () => Promise.reject(new Error('No strangers here')))
      }
      await connection.end()
    } catch (error) {
      connection.destroy()
      if (!(error instanceof AppError)) this.#ring.defects.push(error)
    }
  }
}

/** A ring of machines that have met. */
export async function ringOf(ids: readonly number[], options: FileRingOptions = {}): Promise<FileRing> {
  const ring = new FileRing(options)
  for (const id of ids) await ring.start(id)
  await ring.run(3_000)
  return ring
}

function limitOf(small: true | number): { limitBytes?: number } {
  return small === true ? {} : { limitBytes: small }
}
