import { describe, expect, test } from 'vitest'
import { FileRing, ringOf } from '../../../tests/fakes/file-ring.ts'
import { readRecord } from '../transfer/read-record.ts'
import { findFile } from '../transfer/request-file.ts'

const bytes = (text: string, length = 1000): Uint8Array => Buffer.alloc(length, text)
const second = 1_000
const minute = 60_000

/** Records of `name` that a machine has, less what it holds. */
async function knows(ring: FileRing, machine: number, name: string): Promise<boolean> {
  return (await ring.machine(machine).records.get(name)) !== null
}

describe('a calm ring', () => {
  test('compares an arc for at most 200 bytes, both ways, in a ring of full size', async () => {
    const ring = await ringOf([1000, 2000, 3000, 4000], { bits: 160 })
    for (let name = 1; name < 20; name++) await ring.machine(2000).store(`${name * 100}`.padStart(4, '0'), bytes(`${name}`))
    await ring.run(2 * minute, second)
    ring.lines.length = 0
    await ring.run(minute, second)
    const digests = ring.lines.filter(({ line }) => line.startsWith('/digest '))
    // every machine asks the next two
    expect(digests).toHaveLength(8)
    for (const { from, to } of digests) {
      const lines = ring.lines.filter((line) =>
        line.line.startsWith('/digest ')
          ? line.from === from && line.to === to
          : line.line.startsWith('/same ') && line.from === to && line.to === from,
      )
      expect(lines).toHaveLength(2)
      expect(lines.reduce((sum, { line }) => sum + line.length + 1, 0)).toBeLessThanOrEqual(200)
    }
    expect(ring.lines.some(({ line }) => /^\/(differs|buckets|entries)/.test(line))).toBe(false)
    expect(ring.defects).toEqual([])
  })

  test('says nothing between two comparisons', async () => {
    const ring = await ringOf([1000, 2000, 3000])
    await ring.machine(2000).store('0500', bytes('a'))
    await ring.run(3 * minute, second)
    ring.lines.length = 0
    await ring.run(30 * second, second)
    expect(ring.lines.length).toBeLessThanOrEqual(3 * 2 * 4)
  })
})

describe('news', () => {
  test('a change is known everywhere within a second, without anybody asking again and again', async () => {
    const ring = await ringOf([1000, 2000, 3000, 4000, 5000, 6000], { copies: 2 })
    await ring.machine(2000).store('0500', bytes('a'))
    await ring.run(second)
    for (const machine of ring.online()) expect([...(machine.catalogue.get('0500')?.machines.keys() ?? [])]).toHaveLength(2)
    expect(ring.said().get('catalogue') ?? 0).toBeLessThanOrEqual(60)
  })

  test('in a large ring only those who share arcs are read', async () => {
    const ring = new FileRing()
    for (let id = 100; id <= 6600; id += 100) await ring.start(id)
    const machine = ring.machine(3000)
    const read = ring.online().filter((other) => machine.repairer.reads(other.id))
    expect(read.map((other) => other.id)).toEqual([2800, 2900, 3100, 3200].map((id) => ring.id(id)))
    expect(ring.defects).toEqual([])
  })
})

describe('comparing arcs', () => {
  test('brings both sides what they lack, whatever the catalogue says', async () => {
    const ring = await ringOf([1000, 2000, 3000, 4000], { copies: 2 })
    await ring.machine(1000).store('1500', bytes('a'))
    await ring.machine(1000).store('1600', bytes('b'))
    await ring.run(3 * second)
    expect(ring.holdersOf(bytes('a'))).toEqual([2000, 3000])
    // one machine's database is lost behind everybody's back, while the catalogues of the others still say what it had
    const before = ring.machine(3000)
    const revision = before.records.revision
    const machine = await ring.start(3000, { empty: true })
    Object.defineProperty(machine.records, 'revision', { value: revision })
    await ring.run(10 * second)
    expect(await knows(ring, 3000, '1500')).toBe(true)
    expect(ring.holdersOf(bytes('a'))).toEqual([2000, 3000])
    expect(ring.holdersOf(bytes('b'))).toEqual([2000, 3000])
    expect(ring.defects).toEqual([])
  })

  test('many differences travel in pages', async () => {
    const ring = await ringOf([1000, 30_000], { copies: 2 })
    const names = Array.from({ length: 700 }, (_, index) => `${'long/'.repeat(100)}${index}`)
    const { records } = ring.machine(1000)
    await ring.machine(1000).store('0500', bytes('a'))
    const record = (await records.get('0500'))?.record
    if (!record) throw new Error('not stored')
    ring.stop(30_000)
    await Promise.all(names.map((name) => records.merge({ ...record, name, spelling: name })))
    await ring.start(30_000)
    ring.lines.length = 0
    await ring.run(2 * second)
    for (const name of names) expect(await knows(ring, 30_000, name)).toBe(true)
    expect(ring.said().get('entries')).toBeGreaterThan(1)
    expect(ring.defects).toEqual([])
  })
})

describe('arcs that were not compared yet', () => {
  test('newcomers that took all the places of those who know do not hide a file', async () => {
    const ring = await ringOf([2000, 3000, 4000], { copies: 3 })
    await ring.machine(2000).store('0500', bytes('a'))
    // nobody has told the newcomers anything yet
    for (const id of [600, 700, 800]) await ring.start(id)
    const found = await findFile(ring.machine(700).context, '0500', null)
    expect(found.name).toBe('0500')
    const clash = ring.machine(800).store('0500', bytes('other'), 'decline')
    await expect(clash).rejects.toMatchObject({ code: 'already-exists' })
    await ring.run(5 * second)
    expect(ring.holdersOf(bytes('a'))).toEqual(expect.arrayContaining([600, 700, 800]))
    expect(ring.defects).toEqual([])
  })

  test('"not found" is said when those who should know have compared what they know', async () => {
    const ring = await ringOf([1000, 2000, 3000, 4000])
    await expect(findFile(ring.machine(1000).context, '0500', null)).rejects.toMatchObject({ code: 'not-found' })
    ring.stop(4000)
    await ring.run(5 * second)
    await expect(findFile(ring.machine(1000).context, '0500', null)).rejects.toMatchObject({ code: 'not-found' })
  })

  test('a machine that has just started does not say "not found" while those who know are away', async () => {
    const ring = await ringOf([1000, 2000, 3000])
    await ring.machine(1000).store('0500', bytes('a'))
    for (const id of [1000, 2000, 3000]) ring.stop(id)
    await ring.start(1000, { empty: true })
    await ring.run(10 * second)
    await expect(findFile(ring.machine(1000).context, '0500', null)).rejects.toMatchObject({ code: 'out-of-reach' })
    const known = await readRecord(ring.machine(1000).context, '0500', 'find')
    expect(known).toMatchObject({ record: null, certain: false })
  })

  test('a newcomer counts as one who knows only after it could compare', async () => {
    const ring = await ringOf([2000, 3000, 4000])
    await ring.machine(2000).store('0500', bytes('a'))
    for (const machine of ring.online()) machine.deaf = true
    const newcomer = await ring.start(600)
    await ring.run(20 * second)
    expect(newcomer.context.repair.isSynced(ring.id(500))).toBe(false)
    for (const machine of ring.online()) machine.deaf = false
    await ring.run(10 * second)
    expect(newcomer.context.repair.isSynced(ring.id(500))).toBe(true)
    expect(await knows(ring, 600, '0500')).toBe(true)
  })

  test('a whole ring that starts again trusts itself once all have compared', async () => {
    const ring = await ringOf([1000, 2000, 3000])
    await ring.machine(1000).store('0500', bytes('a'))
    for (const id of [1000, 2000, 3000]) ring.stop(id)
    for (const id of [1000, 2000, 3000]) await ring.start(id)
    expect(ring.machine(1000).repairer.synced).toBe(false)
    await ring.run(10 * second)
    for (const machine of ring.online()) expect(machine.repairer.synced).toBe(true)
    expect(ring.holdersOf(bytes('a'))).toEqual([1000, 2000, 3000])
    expect(ring.defects).toEqual([])
  })
})
