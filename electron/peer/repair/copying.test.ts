import { describe, expect, test } from 'vitest'
import { ringOf } from '../../../tests/fakes/file-ring.ts'
import { wantedContents } from '../protocol/record.ts'

const bytes = (text: string, length = 1000): Uint8Array => Buffer.alloc(length, text)
const second = 1_000
const minute = 60_000

describe('copies', () => {
  test('a stored file lies on the k machines after its key', async () => {
    const ring = await ringOf([1000, 2000, 3000, 4000, 5000])
    await ring.machine(5000).store('1500', bytes('a'))
    await ring.run(3 * second)
    expect(ring.holdersOf(bytes('a'))).toEqual([2000, 3000, 4000])
    expect(ring.defects).toEqual([])
  })

  test('a machine that is gone is replaced, one that joins gets its copies, and the surplus goes after a while', async () => {
    const ring = await ringOf([1000, 2000, 3000, 4000, 5000])
    await ring.machine(1000).store('1500', bytes('a'))
    ring.stop(3000)
    await ring.run(5 * second)
    expect(ring.holdersOf(bytes('a'))).toEqual([2000, 4000, 5000])
    await ring.start(1600)
    await ring.run(5 * second)
    expect(ring.holdersOf(bytes('a'))).toEqual([1600, 2000, 4000, 5000])
    await ring.run(9 * minute, 2 * second)
    expect(ring.holdersOf(bytes('a'))).toEqual([1600, 2000, 4000, 5000])
    await ring.run(2 * minute, 2 * second)
    expect(ring.holdersOf(bytes('a'))).toEqual([1600, 2000, 4000])
    expect(ring.defects).toEqual([])
  })

  test('all conflicting versions are kept, not only the one that is shown', async () => {
    const ring = await ringOf([1000, 2000, 3000, 4000], { copies: 2 })
    // two halves that do not see each other store different content under one name
    ring.stop(3000)
    ring.stop(4000)
    await ring.machine(1000).store('0500', bytes('left'))
    ring.stop(1000)
    ring.stop(2000)
    await ring.start(3000)
    await ring.start(4000)
    await ring.run(3 * second)
    await ring.machine(3000).store('0500', bytes('right'))
    await ring.start(1000)
    await ring.start(2000)
    await ring.run(20 * second)
    expect(ring.holdersOf(bytes('left'))).toEqual(expect.arrayContaining([1000, 2000]))
    expect(ring.holdersOf(bytes('right'))).toEqual(expect.arrayContaining([1000, 2000]))
    await ring.run(12 * minute, 2 * second)
    expect(ring.holdersOf(bytes('left'))).toEqual([1000, 2000])
    expect(ring.holdersOf(bytes('right'))).toEqual([1000, 2000])
    expect(ring.defects).toEqual([])
  })

  test('a content that two names want is dropped only where neither needs it', async () => {
    const ring = await ringOf([1000, 2000, 3000, 4000], { copies: 2 })
    await ring.machine(1000).store('0500', bytes('same'))
    await ring.machine(1000).store('2500', bytes('same'))
    await ring.run(3 * second)
    expect(ring.holdersOf(bytes('same'))).toEqual([1000, 2000, 3000, 4000])
    // 2000 is needed for the first name no more, 3000 is still needed for the second
    await ring.start(900)
    await ring.run(12 * minute, 2 * second)
    expect(ring.holdersOf(bytes('same'))).toEqual([900, 1000, 3000, 4000])
    expect(ring.defects).toEqual([])
  })
})

describe('no room', () => {
  test('a full machine is made up for by the next beyond, is not hammered, and gets its copy when there is room', async () => {
    const ring = await ringOf([1000, 2000, 3000, 4000], { copies: 2 })
    ring.stop(2000)
    await ring.machine(1000).store('0500', bytes('a'))
    expect(ring.holdersOf(bytes('a'))).toEqual([1000, 3000])
    ring.stop(3000)
    const full = await ring.start(2000, { offeredBytes: 10 })
    await ring.run(5 * second)
    expect(ring.holdersOf(bytes('a'))).toEqual([1000, 4000])
    ring.said()
    await ring.run(30 * minute, 5 * second)
    expect(ring.holdersOf(bytes('a'))).toEqual([1000, 4000])
    expect(ring.said().get('store') ?? 0).toBeLessThanOrEqual(5)
    full.contents.space.offeredBytes = 1_000_000
    await ring.run(90 * minute, 10 * second)
    expect(ring.holdersOf(bytes('a'))).toEqual([1000, 2000])
    expect(ring.defects).toEqual([])
  })
})

describe('damage', () => {
  test('a holder that gave bad bytes looks at its copy, lets it go, and gets a good one', async () => {
    const ring = await ringOf([1000, 2000, 3000, 4000], { copies: 3 })
    const { manifest } = await ring.machine(4000).store('0500', bytes('a'))
    const rotten = ring.machine(2000)
    rotten.disk.rot(`/content/${manifest.sha256.slice(0, 2)}/${manifest.sha256}`, 10)
    await ring.complain(4000, 2000, manifest.sha256)
    expect(rotten.news).toContainEqual({ kind: 'copy-damaged', name: '0500' })
    await ring.run(5 * second)
    expect(ring.holdersOf(bytes('a'))).toEqual([1000, 2000, 3000])
    expect(await rotten.contents.verify(manifest.sha256)).toBe(true)
  })

  test('complaints do not make a machine read a copy again and again', async () => {
    const ring = await ringOf([1000, 2000])
    const { manifest } = await ring.machine(1000).store('0500', bytes('a'))
    const reads = (): number => ring.machine(2000).disk.counts.get('read') ?? 0
    const before = reads()
    await ring.complain(1000, 2000, manifest.sha256)
    const once = reads()
    expect(once).toBeGreaterThan(before)
    for (let times = 0; times < 10; times++) await ring.complain(1000, 2000, manifest.sha256)
    expect(reads()).toBe(once)
    await ring.leap(minute)
    await ring.complain(1000, 2000, manifest.sha256)
    expect(reads()).toBeGreaterThan(once)
  })

  test('rot is found without anybody asking, within the period', async () => {
    const times = { verifyEveryMs: 60 * minute }
    const ring = await ringOf([1000, 2000, 3000], { copies: 2, times })
    const { manifest } = await ring.machine(1000).store('0500', bytes('a'))
    const rotten = ring.machine(2000)
    rotten.disk.rot(`/content/${manifest.sha256.slice(0, 2)}/${manifest.sha256}`, 10)
    await ring.run(62 * minute, 5 * second)
    expect(rotten.news).toContainEqual({ kind: 'copy-damaged', name: '0500' })
    expect(await rotten.contents.verify(manifest.sha256)).toBe(true)
    expect(ring.holdersOf(bytes('a'))).toEqual([1000, 2000])
  })
})

describe('what has changed since', () => {
  test('a machine that pushes what the ring superseded long ago learns of it, and brings nothing back', async () => {
    const ring = await ringOf([1000, 2000, 3000], { copies: 2 })
    await ring.machine(1000).store('2500', bytes('old'))
    await ring.run(3 * second)
    expect(ring.holdersOf(bytes('old'))).toEqual([1000, 3000])
    const record = (await ring.machine(3000).records.get('2500'))?.record
    ring.stop(3000)
    for (const text of ['a', 'b', 'c', 'd', 'e', 'f']) await ring.machine(1000).store('2500', bytes(text))
    await ring.run(3 * second)
    const [content] = record ? wantedContents(record) : []
    if (!record || !content) throw new Error('not stored')
    // it came back, and nobody has told it anything yet
    const back = await ring.start(3000)
    const push = back.repairer.copy(
      {
        of: { id: 'x', name: '2500', content, onlineHolders: [back.id], awayHolders: 0, replicaSet: [], beyond: [] },
        targets: [ring.id(1000)],
        missing: 1,
        copies: 1,
      },
      'repair',
    )
    await expect(push).rejects.toMatchObject({ code: 'already-exists' })
    expect(back.catalogue.get('2500')?.record.earlier).toHaveLength(5)
    await ring.run(5 * second)
    expect(ring.holdersOf(bytes('old'))).toEqual([])
    expect(ring.defects).toEqual([])
  })
})
