import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RateLimit } from './net/rate-limit.ts'
import type { Contact } from './protocol/contact.ts'
import { RingSession, type SessionOptions } from './ring-session.ts'
import type { RememberedMember, RingState } from './ring-state.ts'
import type { Ring } from './ring/ring.ts'
import { defaultParameters } from './ring/ring-options.ts'
import { Stores } from './stores.ts'
import { Transfers } from './transfer/transfers.ts'
import { createRingKey } from './trust/ring-key.ts'

const hourMs = 3_600_000
const ringKey = createRingKey().toString('base64')

let folder: string
let stores: Stores
let session: RingSession | null = null
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringdrop-session-'))
  stores = await Stores.open(folder)
})
afterEach(async () => {
  await session?.stop()
  await stores.close()
  await rm(folder, { recursive: true, force: true })
})

/** A session on loopback that remembers these members; nobody is at their addresses. */
async function sessionWith(members: readonly RememberedMember[]): Promise<RingSession> {
  session = await start(stores, members)
  return session
}

function start(
  stores: Stores,
  members: readonly RememberedMember[],
  { parameters = defaultParameters, ...told }: Partial<Pick<SessionOptions, 'onRingChanged' | 'onRoundTrip'> & RingState> = {},
): Promise<RingSession> {
  const state: RingState = { ringKey, ringName: 'Home', parameters, incarnation: 1, port: 0, members }
  const nothing = (): void => undefined
  return RingSession.start({
    state,
    identity: stores.identity,
    chosenId: null,
    host: '127.0.0.1',
    announced: [],
    folder: null,
    contents: stores.contents,
    records: stores.records,
    transfers: new Transfers({ onChange: nothing, onEnd: nothing }),
    machineName: () => 'Desk',
    repairDelayMs: () => 0,
    limits: { up: new RateLimit(), down: new RateLimit() },
    allowance: () => ({ share: 0.5, limitBytesPerSecond: null }),
    onEvent: nothing,
    onRingChanged: nothing,
    onRoundTrip: nothing,
    onFileChanged: nothing,
    ...told,
  })
}

const member = (digit: string, heardAt?: number): RememberedMember => ({
  contact: `${digit.repeat(40)}@127.0.0.1:9`,
  name: `Machine ${digit}`,
  ...(heardAt === undefined ? {} : { heardAt }),
})

describe('a session that goes on where the last run ended', () => {
  it('counts members of the last day before any of them answers, so that it does not acknowledge alone', async () => {
    const now = Date.now()
    const { context } = await sessionWith([
      member('a', now),
      member('b', now - 23 * hourMs),
      member('c', now - 25 * hourMs),
      member('d', 0),
    ])
    expect(session?.resume()).toBe(true)
    expect(context.ringSize()).toBe(3)
    expect(context.online()).toHaveLength(1)
  })

  it('counts those of whom an older version did not say when they were there', async () => {
    const { context } = await sessionWith([member('a'), member('b')])
    expect(session?.resume()).toBe(true)
    expect(context.ringSize()).toBe(3)
  })

  it('remembers the times again when nobody was heard meanwhile', async () => {
    const heardAt = Date.now() - 5 * hourMs
    await sessionWith([member('a', heardAt), member('d', 0)])
    session?.resume()
    const [first, second] = session?.remembered().members ?? []
    // the two clocks are read one after the other
    expect(Math.abs((first?.heardAt ?? 0) - heardAt)).toBeLessThan(60_000)
    expect(second?.heardAt).toBe(0)
  })

  it('knows nobody in a ring of one', async () => {
    await sessionWith([])
    expect(session?.resume()).toBe(false)
  })
})

describe('a newcomer whose only acquaintance leaves at once', () => {
  /** Taken in by `host`, which knows of nobody else then. */
  async function takenIn(): Promise<{ readonly ring: Ring; readonly host: Contact; readonly leaves: () => number }> {
    const { ring, context, space } = await sessionWith([])
    const host = { id: space.fromBigInt(5n), ways: ['127.0.0.1:9'] }
    const between = { destination: ring.self.id, source: host.id }
    ring.join([host])
    ring.tick()
    for (let exchange = 1; !ring.isMember; exchange++) {
      ring.receive({ command: 'accept', exchange, predecessor: host, successors: [], route: [host.id], ...between }, 'stream', null)
    }
    const leaves = (): number => {
      expect(context.ringSize()).toBe(2)
      ring.receive({ command: 'leave', incarnation: 1, predecessor: null, successors: [], ...between }, 'stream', null)
      expect(context.online()).toHaveLength(1)
      return context.ringSize()
    }
    return { ring, host, leaves }
  }

  it('does not take itself for the whole ring before it was told who is in it', async () => {
    const { leaves } = await takenIn()
    expect(leaves()).toBe(2)
  })

  it('is the whole ring when it was told that there is nobody else', async () => {
    const { ring, host, leaves } = await takenIn()
    const members = [{ contact: host, incarnation: 1, state: 'alive' }] as const
    ring.receive({ command: 'view', kind: 'tell', exchange: 0, members, destination: ring.self.id, source: host.id }, 'stream', null)
    expect(leaves()).toBe(1)
  })
})

describe('a calm session', () => {
  it('takes answers to its pings for no change of the ring, which would be written to disk', async () => {
    const parameters = { ...defaultParameters, pingIntervalMs: 100 }
    const other = await Stores.open(join(folder, 'other'))
    const neighbour = await start(other, [], { parameters })
    try {
      neighbour.ring.found()
      await new Promise<void>((resolve) => {
        let answers = 0
        const onRingChanged = (): void => {
          answers = 0
        }
        const onRoundTrip = (): void => {
          if (++answers === 5) resolve()
        }
        void start(stores, [], { parameters, onRingChanged, onRoundTrip }).then((started) => {
          session = started
          started.ring.join([neighbour.ring.self])
        })
      })
    } finally {
      await neighbour.stop()
      await other.close()
    }
  })
})
