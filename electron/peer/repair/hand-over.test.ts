/** What people are told of a departure, and that nothing goes with the machine that others were told is stored. */

import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { AppError } from '../../../shared/errors.ts'
import { ringOf, type FileMachine, type FileRing } from '../../../tests/fakes/file-ring.ts'
import type { LeavingView } from '../../../shared/views.ts'
import { removeFile } from '../transfer/change-record.ts'
import { askHave } from '../transfer/exchange.ts'
import { readSmallFiles } from '../transfer/read-small-files.ts'
import { storePack, type PackOutcome } from '../transfer/store-pack.ts'
import { handOver } from './hand-over.ts'

const bytes = (text: string): Uint8Array => Buffer.alloc(1000, text)
const hashOf = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex')
const second = 1_000

/** Whatever can go on does, so often. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate)
}

interface Departure {
  readonly told: LeavingView[]
  /** Resolves when the hand-over has ended. */
  readonly done: Promise<void>
}

function depart(machine: FileMachine, { onProgress, signal }: Partial<Parameters<typeof handOver>[2]> = {}): Departure {
  const told: LeavingView[] = []
  const tell = (view: LeavingView): void => {
    told.push(view)
    onProgress?.(view)
  }
  const done = handOver(machine.context, machine.repairer, { onProgress: tell, signal: signal ?? new AbortController().signal })
  return { told, done }
}

/** A machine whose hand-over has ended, and that is still there. */
async function departed(ring: FileRing, value: number): Promise<LeavingView[]> {
  const { told, done } = depart(ring.machine(value))
  await ring.run(5 * second)
  await done
  return told
}

/** Machine 1000 holds two files alone; machine 2000 comes with room for `offeredBytes`. */
async function leaving(offeredBytes: number): Promise<LeavingView[]> {
  const ring = await ringOf([1000], { copies: 2 })
  const machine = ring.machine(1000)
  await machine.store('0500', bytes('a'))
  await machine.store('0600', bytes('b'))
  await ring.start(2000, { offeredBytes })
  const { told, done } = depart(machine)
  await ring.run(20 * second)
  await done
  return told
}

async function storeInPack(machine: FileMachine, name: string, content: Uint8Array): Promise<PackOutcome | undefined> {
  const path = '/of-a-pack'
  const file = await machine.disk.open(path, 'new')
  await file.write(content, 0)
  const { files } = await readSmallFiles(machine.context.disk, [path], machine.contents.blockBytes)
  const [small] = files
  if (!small || small instanceof AppError) throw new Error('not small')
  const [outcome] = await storePack(machine.context, [{ path, name, ...small }], { onClash: 'decline' })
  return outcome
}

describe('a hand-over', () => {
  test('counts down to nothing when all is taken', async () => {
    const told = await leaving(1_000_000)
    expect(told.map(({ filesLeft }) => filesLeft)).toEqual([2, 1, 0])
  })

  test('leaves what no machine had room for', async () => {
    const told = await leaving(10)
    expect(told[0]?.filesTotal).toBe(2)
    expect(told.every(({ filesLeft }) => filesLeft === 2)).toBe(true)
  })

  test('waits for a copy that repair has begun', async () => {
    const ring = await ringOf([1000], { copies: 2 })
    await ring.machine(1000).store('0500', bytes('a'))
    const { records } = await ring.start(2000)
    const setHeld = records.setHeld.bind(records)
    records.setHeld = async (...held) => {
      await turns(100)
      await setHeld(...held)
    }
    // the first pass of repair: the copy is on its way
    while (!ring.lines.some(({ line }) => line.startsWith('/store '))) {
      ring.nowMs += 100
      ring.runDue()
      await new Promise(setImmediate)
    }
    const { told, done } = depart(ring.machine(1000))
    await done
    expect(ring.holdersOf(bytes('a'))).toEqual([1000, 2000])
    expect(told.at(-1)?.filesLeft).toBe(0)
  })

  test('goes round again for what another machine let go of meanwhile', async () => {
    const ring = await ringOf([1000, 2000], { copies: 2 })
    const machine = ring.machine(1000)
    await machine.store('0500', bytes('a'))
    ring.stop(2000)
    await machine.store('0600', bytes('b'))
    await ring.start(3000)
    let letGo: Promise<void> | null = null
    const { told, done } = depart(machine, {
      onProgress: ({ filesLeft }) => {
        if (filesLeft === 0) letGo ??= ring.machine(3000).records.setHeld(hashOf(bytes('a')), null)
      },
    })
    await done
    expect(told.map(({ filesLeft }) => filesLeft)).toEqual([2, 1, 0, 1, 0])
    expect(ring.machine(3000).records.heldAt(hashOf(bytes('a')))).not.toBeNull()
  })

  test('says that nobody took a file when the last one that could have taken it goes away', async () => {
    const ring = await ringOf([1000], { copies: 2 })
    const machine = ring.machine(1000)
    await machine.store('0500', bytes('a'))
    await ring.start(2000, { offeredBytes: 10 })
    const { told, done } = depart(machine, { onProgress: () => ring.stop(2000) })
    await ring.run(20 * second)
    await done
    expect(told.at(-1)).toEqual({ filesLeft: 1, filesTotal: 1, done: false })
  })

  test('tells of what only it has while all others are away, and not of what they have', async () => {
    const ring = await ringOf([1000, 2000], { copies: 2 })
    await ring.machine(1000).store('0500', bytes('a'))
    ring.stop(2000)
    await ring.machine(1000).store('0600', bytes('b'))
    const told = await departed(ring, 1000)
    expect(told.at(-1)).toEqual({ filesLeft: 1, filesTotal: 1, done: false })
  })

  test('that never had another beside it hands nothing over', async () => {
    const ring = await ringOf([1000], { copies: 2 })
    await ring.machine(1000).store('0500', bytes('a'))
    expect((await departed(ring, 1000)).at(-1)).toEqual({ filesLeft: 0, filesTotal: 0, done: false })
  })

  test('of two that leave at once says to each that nobody took its files', async () => {
    const ring = await ringOf([1000, 2000], { copies: 1 })
    await ring.machine(1000).store('0500', bytes('a'))
    await ring.machine(2000).store('1500', bytes('b'))
    const both = [depart(ring.machine(1000)), depart(ring.machine(2000))]
    await Promise.all(both.map(({ done }) => done))
    expect(both.map(({ told }) => told.at(-1)?.filesLeft)).toEqual([1, 1])
  })

  test('that fails leaves a machine that takes copies as before', async () => {
    const ring = await ringOf([1000, 2000], { copies: 2 })
    const machine = ring.machine(1000)
    await machine.store('0500', bytes('a'))
    const broken = new Error('nobody listens')
    const { done } = depart(machine, {
      onProgress: () => {
        throw broken
      },
    })
    await expect(done).rejects.toBe(broken)
    expect((await ring.machine(2000).store('0600', bytes('b'))).holders).toContain(ring.id(1000))
  })
})

describe('a machine that leaves', () => {
  test('takes no file: the writer goes to the next ones, and stands in itself where there are too few', async () => {
    const ring = await ringOf([1000, 2000, 3000, 4000], { copies: 3 })
    await departed(ring, 2000)
    const stored = await ring.machine(1000).store('1500', bytes('a'))
    expect([...stored.holders].sort()).toEqual([ring.id(1000), ring.id(3000), ring.id(4000)])
    const pack = await storeInPack(ring.machine(1000), '1501', bytes('b'))
    expect(pack).toMatchObject({ wanted: 3 })
    expect(ring.holdersOf(bytes('b'))).toEqual([1000, 3000, 4000])
    // in the middle of the chain
    const other = await ring.machine(4000).store('0500', bytes('c'))
    expect([...other.holders].sort()).toEqual([ring.id(1000), ring.id(3000), ring.id(4000)])
    expect(ring.defects).toEqual([])
  })

  test('takes no bytes of a file that is still being hashed, and no copy by repair', async () => {
    const ring = await ringOf([1000, 2000, 3000], { copies: 2, blockBytes: 4096 })
    await departed(ring, 2000)
    ring.said()
    await ring.machine(1000).store('1500', Buffer.alloc(20 * 4096, 'abc'))
    const staged = ring.lines.filter(({ line }) => line.startsWith('/stage ')).map(({ to }) => to)
    expect(staged).toEqual([ring.id(2000), ring.id(3000)])
    await ring.run(60 * second)
    expect(ring.holdersOf(Buffer.alloc(20 * 4096, 'abc'))).toEqual([1000, 3000])
  })

  test('in a ring of two leaves the other one with a store that is partial', async () => {
    const ring = await ringOf([1000, 2000], { copies: 2 })
    await departed(ring, 2000)
    expect(await ring.machine(1000).store('1500', bytes('a'))).toMatchObject({ holders: [ring.id(1000)], wanted: 2 })
  })

  test('does not count a copy that was still coming when it began to leave', async () => {
    const ring = await ringOf([1000, 2000, 3000, 4000], { copies: 2 })
    const machine = ring.machine(2000)
    const create = machine.contents.create.bind(machine.contents)
    const departures: Departure[] = []
    machine.contents.create = async (...manifest) => {
      departures.push(depart(machine))
      return create(...manifest)
    }
    const stored = await ring.machine(1000).store('1500', bytes('a'))
    await Promise.all(departures.map(({ done }) => done))
    expect(departures).toHaveLength(1)
    expect([...stored.holders].sort()).toEqual([ring.id(3000), ring.id(4000)])
    expect(ring.holdersOf(bytes('a'))).toEqual([3000, 4000])
  })

  test.each(['a file', 'a pack'])('hands over %s that was being kept when it began to leave', async (what) => {
    const ring = await ringOf([1000, 2000, 3000], { copies: 1, small: what === 'a pack' })
    const machine = ring.machine(2000)
    const { records } = machine
    const departures: Departure[] = []
    const [setHeld, keepAll] = [records.setHeld.bind(records), records.keepAll.bind(records)]
    const begin = async (): Promise<void> => {
      await Promise.resolve()
      departures.push(depart(machine))
      // nothing but what is being kept holds it up
      await turns(20)
    }
    records.setHeld = (...held) => begin().then(() => setHeld(...held))
    records.keepAll = (...kept) => begin().then(() => keepAll(...kept))
    if (what === 'a file') await ring.machine(1000).store('1500', bytes('a'))
    else await storeInPack(ring.machine(1000), '1500', bytes('a'))
    await Promise.all(departures.map(({ done }) => done))
    expect(departures.map(({ told }) => told.at(-1))).toEqual([{ filesLeft: 0, filesTotal: 1, done: false }])
    expect(ring.holdersOf(bytes('a'))).toContain(3000)
  })

  test('tells of what was being kept when patience ended', async () => {
    const ring = await ringOf([1000, 2000], { copies: 1 })
    const { records, context } = ring.machine(2000)
    let kept: () => void = () => undefined
    const keeping = context.intake.keep(() => new Promise<void>((resolve) => (kept = resolve)))
    const stop = new AbortController()
    const { told, done } = depart(ring.machine(2000), { signal: stop.signal })
    stop.abort()
    await done
    expect(told.at(-1)?.filesLeft).toBe(1)
    kept()
    expect(await keeping).toBe(true)
    expect(records.revision).toBe(0)
  })

  test('keeps no copy of what its own person stores', async () => {
    const ring = await ringOf([1000, 2000, 3000], { copies: 2 })
    await departed(ring, 1000)
    const stored = await ring.machine(1000).store('0500', bytes('a'))
    expect([...stored.holders].sort()).toEqual([ring.id(2000), ring.id(3000)])
    await storeInPack(ring.machine(1000), '0501', bytes('b'))
    expect(ring.holdersOf(bytes('b'))).toEqual([2000, 3000])
    for (const value of [2000, 3000]) ring.machine(value).deaf = true
    await expect(ring.machine(1000).store('0600', bytes('c'))).rejects.toMatchObject({
      code: 'not-a-member',
      message: expect.stringContaining('is leaving the ring') as string,
    })
  })

  test('does not vouch for a copy, nor for a removal, that goes with it', async () => {
    const ring = await ringOf([1000, 2000], { copies: 2 })
    await ring.machine(1000).store('1500', bytes('a'))
    await departed(ring, 2000)
    expect(await askHave(ring.machine(1000).context, ring.machine(2000).contact, hashOf(bytes('a')))).toBe(0)
    ring.machine(1000).deaf = true
    await expect(removeFile(ring.machine(2000).context, '1500')).rejects.toMatchObject({ code: 'peer-unreachable' })
  })
})
