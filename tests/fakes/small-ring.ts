/**
 * A few machines in one process, for tests of what goes from one to another: the shipped stores over fakes, the shipped handlers over
 * pairs of streams. Everybody knows everybody; a machine that is away answers nothing.
 */

import { Duplex } from 'node:stream'
import { AppError } from '../../shared/errors.ts'
import { ContentStore } from '../../electron/peer/disk/content-store.ts'
import { RecordStore } from '../../electron/peer/disk/record-store.ts'
import { Connection } from '../../electron/peer/net/connection.ts'
import { systemTimers } from '../../electron/peer/net/system-timers.ts'
import type { Contact } from '../../electron/peer/protocol/contact.ts'
import { IdentifierSpace, type Identifier } from '../../electron/peer/protocol/identifier.ts'
import { classroomParameters } from '../../electron/peer/ring/ring-options.ts'
import { Catalogue } from '../../electron/peer/transfer/catalogue.ts'
import { ContentUse } from '../../electron/peer/transfer/content-use.ts'
import { Intake } from '../../electron/peer/transfer/intake.ts'
import { serve } from '../../electron/peer/transfer/serve.ts'
import { storeFile, type ClashRule } from '../../electron/peer/transfer/store-file.ts'
import type { TransferContext } from '../../electron/peer/transfer/transfer-context.ts'
import { FaultyDisk } from './faulty-disk.ts'
import { MemoryKeyValue } from './memory-key-value.ts'

export interface SmallMachine {
  readonly context: TransferContext
  readonly records: RecordStore
  /** Under `records`: may be told to fail. */
  readonly database: MemoryKeyValue
  away: boolean
  /** Stores a file with this text. */
  store(name: string, text: string, onClash?: ClashRule): Promise<void>
}

const space = new IdentifierSpace(8)
/** Every name has its key at 0, so that the machine with the lowest id is the owner. */
const key = space.fromBigInt(0n)

const contactOf = (number: number): Contact => ({ id: space.fromBigInt(BigInt(number)), ways: [`127.0.0.1:${12_000 + number}`] })

/** Machines with the ids 1, 2, …; `copies` of each file. */
export async function smallRing(count: number, copies: number): Promise<SmallMachine[]> {
  const machines: SmallMachine[] = []
  const contacts = Array.from({ length: count }, (_, index) => contactOf(index + 1))
  const machineOf = (id: Identifier): SmallMachine => machines[contacts.findIndex((contact) => contact.id === id)]!
  const online = (): Contact[] => contacts.filter((contact) => !machineOf(contact.id).away)
  for (const self of contacts) machines.push(await makeMachine(self, { machineOf, online, contacts, copies }))
  return machines
}

interface World {
  readonly machineOf: (id: Identifier) => SmallMachine
  readonly online: () => Contact[]
  readonly contacts: readonly Contact[]
  readonly copies: number
}

async function makeMachine(self: Contact, { machineOf, online, contacts, copies }: World): Promise<SmallMachine> {
  const disk = new FaultyDisk()
  const database = new MemoryKeyValue()
  const records = await RecordStore.over(database, { wallClock: () => 0 })
  const catalogue = new Catalogue()
  records.onChanged((entry) => catalogue.put(self.id, entry))
  const context: TransferContext = {
    self,
    machineName: `Machine ${space.format(self.id)}`,
    space,
    parameters: { ...classroomParameters, copies },
    disk,
    contents: await ContentStore.open(disk, '/content'),
    records,
    catalogue,
    use: new ContentUse(),
    intake: new Intake(),
    repair: {
      isSynced: () => true,
      asked: () => undefined,
      isApart: () => false,
      heard: () => undefined,
      told: () => undefined,
      lookAgain: () => undefined,
      togetherMs: () => 0,
      answer: () => Promise.reject(new AppError('protocol', 'Nobody repairs here')),
    },
    keyOf: () => key,
    locate: () => {
      const [owner = self, ...others] = online()
      return Promise.resolve({ owner, candidates: [owner, ...others], route: [self.id], lookupMs: 0 })
    },
    replicaSet: (_key, many) => online().slice(0, many),
    online,
    away: () => contacts.map((contact) => contact.id).filter((id) => machineOf(id).away),
    ringSize: () => contacts.length,
    open: (to) => {
      const target = machineOf(to.id)
      if (target.away) return Promise.reject(new AppError('peer-unreachable', 'Away'))
      return Promise.resolve(connect(self, target))
    },
    contact: (id) => contacts.find((contact) => contact.id === id) ?? null,
    emit: () => undefined,
    timers: systemTimers,
    wallClock: () => 1_700_000_000_000,
  }
  const store = async (name: string, text: string, onClash: ClashRule = 'decline'): Promise<void> => {
    const file = await disk.open('/file', 'write')
    await file.write(new TextEncoder().encode(text), 0)
    await file.close()
    await storeFile(context, '/file', { name, onClash })
    await disk.remove('/file')
  }
  return { context, records, database, away: false, store }
}

/** A connection to `to`, which answers what is asked on it for as long as it is open. */
function connect(from: Contact, { context }: SmallMachine): Connection {
  const [near, far] = pair()
  const answering = new Connection({ stream: far, space, peerId: from.id, remoteAddress: 'here' })
  void answer(context, answering)
  return new Connection({ stream: near, space, peerId: context.self.id, remoteAddress: 'here' })
}

async function answer(context: TransferContext, connection: Connection): Promise<void> {
  try {
    for (let message = await connection.receive(); message !== null; message = await connection.receive()) {
      await serve(context, { connection, message: message as Parameters<typeof serve>[1]['message'] }, () => Promise.resolve())
    }
  } catch {
    connection.destroy()
  }
}

/** Two streams, each of which reads what the other writes. */
function pair(): [Duplex, Duplex] {
  const make = (other: () => Duplex): Duplex =>
    new Duplex({
      read: () => undefined,
      write: (chunk, _encoding, done) => {
        other().push(chunk)
        done()
      },
      final: (done) => {
        other().push(null)
        done()
      },
      destroy: (error, done) => {
        if (!other().destroyed) other().destroy()
        done(error)
      },
    })
  const one: Duplex = make(() => two)
  const two: Duplex = make(() => one)
  for (const stream of [one, two]) stream.on('error', () => undefined)
  return [one, two]
}
