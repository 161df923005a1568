import { describe, expect, test } from 'vitest'
import { ringOf, type FileRing } from '../../../tests/fakes/file-ring.ts'
import type { Manifest } from '../protocol/manifest.ts'
import { askCatalogue, askHave, askRecord } from '../transfer/exchange.ts'
import { findFile } from '../transfer/request-file.ts'
import { removeFile } from '../transfer/change-record.ts'

const bytes = (text: string, length = 1000): Uint8Array => Buffer.alloc(length, text)
const second = 1_000
const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

describe('what nobody wants', () => {
  test('a version superseded often enough is freed at once, the last five and the present one are kept', async () => {
    const ring = await ringOf([1000, 2000, 3000], { copies: 2 })
    for (const text of ['a', 'b', 'c', 'd', 'e', 'f']) await ring.machine(1000).store('0500', bytes(text))
    await ring.run(3 * second)
    expect(ring.holdersOf(bytes('a'))).toEqual([1000, 2000])
    await ring.machine(1000).store('0500', bytes('g'))
    await ring.run(3 * second)
    expect(ring.holdersOf(bytes('a'))).toEqual([])
    expect(ring.machine(1000).contents.usedBytes()).toBe(6000)
    for (const text of ['b', 'c', 'd', 'e', 'f', 'g']) expect(ring.holdersOf(bytes(text))).toEqual([1000, 2000])
    expect(ring.defects).toEqual([])
  })

  test('a content that another name wants stays', async () => {
    const ring = await ringOf([1000, 2000], { copies: 2 })
    await ring.machine(1000).store('0700', bytes('a'))
    for (const text of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await ring.machine(1000).store('0500', bytes(text))
    await ring.run(3 * second)
    expect(ring.holdersOf(bytes('a'))).toEqual([1000, 2000])
  })

  test('a content in the store that no record knows is swept out, but not while it is being received', async () => {
    const ring = await ringOf([1000], { copies: 2 })
    const machine = ring.machine(1000)
    const { manifest } = await machine.store('0500', bytes('a'))
    let leave = (): void => undefined
    const received = machine.context.use.during([manifest.sha256], () => new Promise<void>((resolve) => (leave = resolve)))
    await machine.records.putAside('0500')
    await ring.run(11 * minute, 10 * second)
    expect([...machine.contents.hashes()]).toEqual([manifest.sha256])
    leave()
    await received
    await ring.run(11 * minute, 10 * second)
    expect([...machine.contents.hashes()]).toEqual([])
    expect(machine.records.heldAt(manifest.sha256)).toBeNull()
    expect(ring.defects).toEqual([])
  })

  test('what a crash left between bytes and records is mended at the next start', async () => {
    const ring = await ringOf([1000], { copies: 2 })
    const unmarked = await ring.machine(1000).store('0500', bytes('a'))
    const gone = await ring.machine(1000).store('0600', bytes('b'))
    await ring.machine(1000).records.setHeld(unmarked.manifest.sha256, null)
    await ring.machine(1000).contents.remove(gone.manifest.sha256)
    const machine = await ring.start(1000)
    await ring.run(second)
    expect(machine.records.heldAt(unmarked.manifest.sha256)).not.toBeNull()
    expect(machine.records.heldAt(gone.manifest.sha256)).toBeNull()
  })
})

describe('the trash', () => {
  test('bytes of a removed file are kept for 30 days, the name is forgotten two days later, and nothing brings it back', async () => {
    const ring = await ringOf([1000, 2000, 3000], { copies: 2 })
    // in company for long enough to forget anything
    await ring.leap(20 * day)
    await ring.run(2 * minute, 10 * second)
    await ring.leap(20 * day)
    await ring.run(2 * minute, 10 * second)
    await ring.machine(1000).store('0500', bytes('a'))
    await ring.run(3 * second)
    await removeFile(ring.machine(3000).context, '0500')
    await ring.run(11 * minute, 10 * second)
    await ring.leap(29 * day)
    await ring.run(12 * minute, 10 * second)
    expect(ring.holdersOf(bytes('a'))).toEqual([1000, 2000])
    await ring.leap(day)
    await ring.run(12 * minute, 10 * second)
    expect(ring.holdersOf(bytes('a'))).toEqual([])
    expect(await ring.machine(1000).records.get('0500')).not.toBeNull()
    await ring.leap(2 * day)
    await ring.run(25 * minute, 10 * second)
    for (const machine of ring.online()) {
      expect(await machine.records.get('0500')).toBeNull()
      expect(machine.catalogue.get('0500')).toBeNull()
    }
    expect(ring.defects).toEqual([])
  })

  test('a machine that has a copy left over from before hears of a removal, too', async () => {
    const ring = await ringOf([1000, 2000, 3000, 4000], { copies: 2 })
    await ring.machine(1000).store('0500', bytes('a'))
    await ring.start(600)
    await ring.start(700)
    await ring.run(10 * second)
    ring.stop(2000)
    await removeFile(ring.machine(600).context, '0500')
    await ring.start(2000)
    await ring.run(10 * second)
    expect(ring.machine(2000).records.removedSince('0500')).not.toBeNull()
  })

  test('a machine that hears of a removal late keeps it no longer than the others', async () => {
    const ring = await ringOf([1000, 2000, 3000], { copies: 2 })
    await ring.machine(1000).store('0500', bytes('a'))
    await removeFile(ring.machine(1000).context, '0500')
    await ring.run(5 * second)
    await ring.leap(10 * day)
    const late = await ring.start(600)
    await ring.run(10 * second)
    const heardOf = (late.records.removedSince('0500') ?? 0) - (ring.machine(1000).records.removedSince('0500') ?? 0)
    expect(Math.abs(heardOf)).toBeLessThan(minute)
    expect(ring.defects).toEqual([])
  })
})

/** Machine 1000 has a file of which machine 2000 knows nothing any more, and has been away for longer than removals are remembered. */
async function longAway(): Promise<{ readonly ring: FileRing; readonly manifest: Manifest }> {
  const ring = await ringOf([1000, 2000], { copies: 2 })
  const { manifest } = await ring.machine(1000).store('0500', bytes('a'))
  await ring.run(5 * second)
  ring.stop(1000)
  await ring.machine(2000).records.putAside('0500')
  await ring.leap(40 * day)
  return { ring, manifest }
}

describe('a long absence', () => {
  test('what the ring still knows wins; what only the machine knows is put aside, and can be taken back', async () => {
    const ring = await ringOf([1000, 2000, 3000, 4000], { copies: 2 })
    await ring.machine(1000).store('0500', bytes('kept'))
    await ring.machine(1000).store('0600', bytes('removed'))
    await ring.run(5 * second)
    ring.stop(1000)
    await ring.run(5 * second)
    await removeFile(ring.machine(2000).context, '0600')
    // the others go on, long enough to forget
    for (let days = 0; days < 80; days += 10) {
      await ring.leap(10 * day)
      await ring.run(21 * minute, 30 * second)
    }
    expect(await ring.machine(2000).records.get('0600')).toBeNull()
    const back = await ring.start(1000)
    expect(back.context.repair.isApart()).toBe(true)
    await ring.run(minute)
    expect(back.context.repair.isApart()).toBe(false)
    expect(back.news).toContainEqual({ kind: 'put-aside', name: '0600' })
    expect(back.repairer.quarantined.map((file) => file.record.name)).toEqual(['0600'])
    for (const machine of ring.online()) expect(await machine.records.get('0600')).toBeNull()
    expect(await back.records.get('0500')).not.toBeNull()
    expect(ring.holdersOf(bytes('kept'))).toEqual(expect.arrayContaining([1000, 2000]))
    // its bytes stay, through sweeps and restarts, until it is taken back
    await ring.run(22 * minute, 30 * second)
    const again = await ring.start(1000)
    await ring.run(10 * second)
    expect(again.repairer.quarantined).toHaveLength(1)
    await again.repairer.restoreQuarantined('0600')
    await ring.run(10 * second)
    expect(ring.holdersOf(bytes('removed'))).toEqual([1000, 2000])
    expect(again.repairer.quarantined).toEqual([])
    expect(ring.defects).toEqual([])
  })

  test('machines that come back together do not wait for each other', async () => {
    const ring = await ringOf([1000, 1500, 2000, 3000, 4000], { copies: 2 })
    await ring.machine(1000).store('0600', bytes('only theirs'))
    await ring.run(5 * second)
    expect(ring.holdersOf(bytes('only theirs'))).toEqual([1000, 1500])
    for (const id of [1000, 1500]) ring.stop(id)
    await ring.run(minute)
    for (let days = 0; days < 40; days += 10) {
      await ring.leap(10 * day)
      await ring.run(21 * minute, 30 * second)
    }
    const back = [await ring.start(1000), await ring.start(1500)]
    await ring.run(minute)
    for (const machine of back) {
      expect(machine.context.repair.isApart()).toBe(false)
      expect(machine.repairer.quarantined.map((file) => file.record.name)).toEqual(['0600'])
      expect(machine.catalogue.get('0600')).toBeNull()
    }
    expect(ring.defects).toEqual([])
  })

  test('a whole ring that was off for a season comes back as it was', async () => {
    const ring = await ringOf([1000, 2000, 3000], { copies: 2 })
    await ring.machine(1000).store('0500', bytes('a'))
    await ring.run(5 * second)
    for (const id of [1000, 2000, 3000]) ring.stop(id)
    await ring.leap(90 * day)
    await ring.start(2000)
    await ring.start(3000)
    await ring.run(minute, second)
    // the only one that lacks nothing comes last
    const last = await ring.start(1000)
    await ring.run(minute, second)
    expect(last.context.repair.isApart()).toBe(false)
    expect(last.repairer.quarantined).toEqual([])
    for (const machine of ring.online()) expect(machine.catalogue.get('0500')).not.toBeNull()
    expect(ring.holdersOf(bytes('a'))).toEqual(expect.arrayContaining([1000, 2000]))
    expect(ring.defects).toEqual([])
  })

  test('a machine that has not heard of anybody yet tells nothing to who asks it', async () => {
    const { ring, manifest } = await longAway()
    const { context } = ring.machine(2000)
    const back = await ring.start(1000, { unaware: true })
    expect(back.context.repair.isApart()).toBe(false)
    expect((await askCatalogue(context, back.contact, 0)).entries).toEqual([])
    expect(await askHave(context, back.contact, manifest.sha256)).toBe(0)
    expect(ring.defects).toEqual([])
  })

  test('while it is not settled, a machine tells nothing of what it has', async () => {
    const { ring, manifest } = await longAway()
    const back = await ring.start(1000)
    ring.machine(2000).deaf = true
    await ring.run(10 * second)
    expect(back.context.repair.isApart()).toBe(true)
    const { context } = ring.machine(2000)
    expect(await askHave(context, back.contact, manifest.sha256)).toBe(0)
    expect(await askRecord(context, back.contact, '0500')).toEqual({ entry: null, synced: false, togetherMs: 0 })
    expect((await askCatalogue(context, back.contact, 0)).entries).toEqual([])
    // it may be the only one that has it: that all there are have answered is no "not found"
    await expect(findFile(context, '0900', null)).rejects.toMatchObject({ code: 'out-of-reach' })
    await expect(findFile(back.context, '0900', null)).rejects.toMatchObject({ code: 'out-of-reach' })
  })
})
