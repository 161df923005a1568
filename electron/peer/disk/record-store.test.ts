import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryKeyValue } from '../../../tests/fakes/memory-key-value.ts'
import { hashOf, recordOf, versionOf } from '../../../tests/fakes/records.ts'
import { verifiedAtOf } from '../protocol/holdings.ts'
import { mergeRecords, type Version } from '../protocol/record.ts'
import { lockFolder } from './lock.ts'
import { RecordStore } from './record-store.ts'
import type { CatalogueEntry } from './record-store.ts'

let folder = ''
let records: RecordStore

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringdrop-records-'))
  records = await RecordStore.open(join(folder, 'records'))
})
afterEach(async () => {
  await records.close()
  await rm(folder, { recursive: true, force: true })
})

const hash = hashOf

/** The version that a writer of its own, named by `id`, made; `supersedes` names the writers of what it supersedes. */
function version(id: string, content: string, supersedes: readonly string[] = []): Version {
  return versionOf(content, { writerId: writer(id), supersedes: supersedes.map((other) => ({ writerId: writer(other), counter: 1 })) })
}

const writer = (id: string): string => Buffer.from(id).toString('hex')
const record = recordOf

async function reopen(): Promise<void> {
  await records.close()
  records = await RecordStore.open(join(folder, 'records'))
}

async function all(): Promise<CatalogueEntry[]> {
  const entries: CatalogueEntry[] = []
  for await (const entry of records.entries()) entries.push(entry)
  return entries
}

describe('record store', () => {
  it('merges, says whether that changed anything, and keeps it over a restart', async () => {
    expect(await records.get('a')).toBeNull()
    expect((await records.merge(record('a', version('v1', 'one')))).changed).toBe(true)
    expect((await records.merge(record('a', version('v1', 'one')))).changed).toBe(false)
    const merged = await records.merge(record('a', version('v2', 'two', ['v1'])))
    expect(merged.entry.record.versions.map((v) => v.sha256)).toEqual([hash('two')])
    const revision = records.revision
    await reopen()
    expect(records.revision).toBe(revision)
    expect((await records.get('a'))?.record).toEqual(merged.entry.record)
    // the superseded version does not come back
    expect((await records.merge(record('a', version('v1', 'one')))).changed).toBe(false)
  })

  it('finds a name in whichever Unicode form it is asked for', async () => {
    await records.merge(record('é', version('v1', 'one')))
    expect((await records.get('e\u0301'))?.record.name).toBe('é')
  })

  it('merges many at once into one result, on one name and on many', async () => {
    await Promise.all(Array.from({ length: 100 }, (_, i) => records.merge(record('same', version(`v${i}`, `c${i}`)))))
    expect((await records.get('same'))?.record.versions).toHaveLength(100)
    await Promise.all(Array.from({ length: 2_000 }, (_, i) => records.merge(record(`n${i}`, version('v', `c${i}`)))))
    await reopen()
    expect(await all()).toHaveLength(2_001)
    expect((await records.get('same'))?.record.versions).toHaveLength(100)
  })

  it('tells changes in order, once each, in pages, over restarts', async () => {
    for (const name of ['c', 'a', 'b', 'a']) await records.merge(record(name, version(`${name}${records.revision}`, name)))
    const first = await records.changedSince(0, 1)
    expect(first.entries.map((entry) => entry.record.name)).toEqual(['c'])
    expect(first.more).toBe(true)
    await reopen()
    const rest = await records.changedSince(first.revision, 1_000_000)
    expect(rest.entries.map((entry) => entry.record.name)).toEqual(['b', 'a'])
    expect(rest).toMatchObject({ more: false, revision: records.revision })
    expect(await records.changedSince(rest.revision, 1_000)).toEqual({ entries: [], absent: [], revision: rest.revision, more: false })
    await records.merge(record('c', version('new', 'new')))
    expect((await records.changedSince(rest.revision, 1_000_000)).entries.map((entry) => entry.record.name)).toEqual(['c'])
  })

  it('reaches every change by paging while merges go on', async () => {
    const writing = Promise.all(Array.from({ length: 500 }, (_, i) => records.merge(record(`n${i}`, version('v', `c${i}`)))))
    const seen = new Set<string>()
    let since = 0
    let done = false
    void writing.then(() => (done = true))
    for (let last = false; !last;) {
      last = done
      const page = await records.changedSince(since, 2_000)
      for (const entry of page.entries) seen.add(entry.record.name)
      if (page.more) last = false
      since = page.revision
    }
    expect(seen.size).toBe(500)
  })

  it('tells that a name was put aside, also after a crash, until there is another version', async () => {
    const store = new MemoryKeyValue()
    let over = await RecordStore.over(store)
    await over.merge(record('a', version('v1', 'one')))
    const { revision } = over
    await over.putAside('a')
    expect(await over.changedSince(revision, 1_000)).toEqual({ entries: [], absent: ['a'], revision: revision + 1, more: false })
    over = await RecordStore.over(store.crash())
    expect((await over.changedSince(0, 1_000)).absent).toEqual(['a'])
    await over.merge(record('a', version('v2', 'two')))
    expect(await over.changedSince(0, 1_000)).toMatchObject({ entries: [{ record: { name: 'a' } }], absent: [] })
  })

  it('knows what is held, tells it with the entries, and gives their names a new revision', async () => {
    const news: CatalogueEntry[] = []
    await records.merge(record('a', version('v1', 'one')))
    await records.merge(record('b', version('v2', 'one'), version('v3', 'two')))
    records.onChanged((entry) => news.push(entry))
    const before = records.revision
    await records.setHeld(hash('one'), 1234)
    expect(records.heldAt(hash('one'))).toBe(1234)
    expect(news.map((entry) => [entry.record.name, entry.held])).toEqual([
      ['a', [[hash('one'), 1234]]],
      ['b', [[hash('one'), 1234]]],
    ])
    expect((await records.changedSince(before, 1e6)).entries).toHaveLength(2)
    expect((await records.namesOf(hash('one'))).sort()).toEqual(['a', 'b'])
    await reopen()
    expect((await records.get('b'))?.held).toEqual([[hash('one'), 1234]])
    await records.merge(record('a', version('v9', 'nine', ['v1'])))
    // as an earlier version of it
    expect((await records.namesOf(hash('one'))).sort()).toEqual(['a', 'b'])
    for (let i = 0; i < 5; i++) await records.merge(record('a', version(`w${i}`, `w${i}`, ['v9', `w${i - 1}`])))
    expect(await records.namesOf(hash('one'))).toEqual(['b'])
    await records.setHeld(hash('one'), null)
    expect((await records.get('b'))?.held).toEqual([])
    await reopen()
    expect(records.heldAt(hash('one'))).toBeNull()
  })

  it('misses no name that is merged while a content becomes held', async () => {
    const seen = new Map<string, CatalogueEntry>()
    records.onChanged((entry) => seen.set(entry.record.name, entry))
    const merges = Array.from({ length: 50 }, (_, i) => records.merge(record(`n${i}`, version('v', 'one'))))
    const held = records.setHeld(hash('one'), 7)
    const later = Array.from({ length: 50 }, (_, i) => records.merge(record(`m${i}`, version('v', 'one'))))
    await Promise.all([...merges, held, ...later])
    expect([...seen.values()].filter((entry) => verifiedAtOf(entry.held, hash('one')) === 7)).toHaveLength(100)
  })

  it('knows since when a name is removed, over restarts, until it is back', async () => {
    let now = 1_000
    const store = new MemoryKeyValue()
    const over = await RecordStore.over(store, { wallClock: () => now })
    await over.merge(record('a', version('v1', 'one')))
    expect(over.removedSince('a')).toBeNull()
    const removed = versionOf('one', { writerId: 'd0', deleted: true, supersedes: [version('v1', 'one')] })
    await over.merge(record('a', removed))
    now = 2_000
    await over.merge(record('a', versionOf('one', { writerId: 'd1', deleted: true })))
    await over.setHeld(hash('one'), 7)
    const after = await RecordStore.over(store.crash(), { wallClock: () => now })
    expect(after.removedSince('a')).toBe(1_000)
    await after.merge(record('a', version('v2', 'two')))
    expect(after.removedSince('a')).toBeNull()
    expect(after.removedSince('never')).toBeNull()
  })

  it('forgets a removed name, and nobody else notices', async () => {
    const store = new MemoryKeyValue()
    let over = await RecordStore.over(store)
    const removed = versionOf('one', { writerId: 'd0', deleted: true, supersedes: [version('v1', 'one')] })
    await over.merge(record('b', version('v1', 'one')))
    expect(await over.forget('b')).toBe(false)
    await over.merge(record('a', version('v1', 'one')))
    await over.merge(record('a', removed))
    const { revision } = over
    const forgotten: string[] = []
    over.onForgotten((name) => forgotten.push(name))
    const changed: string[] = []
    over.onChanged((entry) => changed.push(entry.record.name))
    expect([await over.forget('a'), await over.forget('a'), await over.forget('never')]).toEqual([true, false, false])
    expect([forgotten, changed, await over.get('a'), await over.namesOf(hash('one'))]).toEqual([['a'], [], null, ['b']])
    expect(await over.changedSince(revision, 1_000)).toEqual({ entries: [], absent: [], revision, more: false })
    over = await RecordStore.over(store.crash())
    // a revision that was told is not given again
    expect(over.revision).toBe(revision)
    expect((await over.changedSince(0, 1_000)).entries.map((entry) => entry.record.name)).toEqual(['b'])
    await over.merge(record('c', version('v1', 'one')))
    expect((await over.changedSince(revision, 1_000)).entries.map((entry) => entry.record.name)).toEqual(['c'])
  })

  it('does not take back what it forgot, for 90 days, but takes a new version', async () => {
    let now = 0
    const store = new MemoryKeyValue()
    let over = await RecordStore.over(store, { wallClock: () => now })
    const live = record('a', version('v1', 'one'))
    const removed = record('a', versionOf('one', { writerId: 'd0', deleted: true, supersedes: live.versions }))
    await over.merge(removed)
    await over.forget('a')
    now = 89 * 86_400_000
    over = await RecordStore.over(store.crash(), { wallClock: () => now })
    expect([(await over.merge(removed)).changed, over.wants(removed, hash('one'))]).toEqual([false, false])
    expect([await over.get('a'), await over.namesOf(hash('one'))]).toEqual([null, []])
    const again = await over.merge(record('a', version('v2', 'two')))
    expect((await over.merge(live)).changed).toBe(true)
    // among the earlier ones: it was superseded
    expect((await over.get('a'))?.record.versions).toEqual(again.entry.record.versions)

    const other = new MemoryKeyValue()
    over = await RecordStore.over(other, { wallClock: () => 0 })
    await over.merge(removed)
    await over.forget('a')
    now = 91 * 86_400_000
    over = await RecordStore.over(other.crash(), { wallClock: () => now })
    expect((await over.merge(removed)).changed).toBe(true)
  })

  it('knows as superseded what is live elsewhere and was forgotten here, so that others learn of it', async () => {
    let now = 0
    const over = await RecordStore.over(new MemoryKeyValue(), { wallClock: () => now })
    const live = record('a', version('v1', 'one'))
    const removed = record('a', versionOf('one', { writerId: 'd0', deleted: true, supersedes: live.versions }))
    await over.merge(removed)
    await over.forget('a')
    now = 40 * 86_400_000
    // whoever brings its bytes is told the truth: they are kept, to be taken back
    expect(over.wants(live, hash('one'))).toBe(true)
    const { revision } = over
    expect((await over.merge(live)).changed).toBe(true)
    const { entries } = await over.changedSince(revision, 1_000)
    expect(entries.map((entry) => [entry.record.versions, entry.record.earlier])).toEqual([[[], live.versions]])
    expect(mergeRecords(live, entries[0]?.record ?? live).versions).toEqual([])
    expect([over.wants(live, hash('one')), over.wants(live, hash('two'))]).toEqual([true, false])
    // for another stay in the trash
    expect(over.removedSince('a')).toBe(now)
    expect(await over.forget('a')).toBe(true)
    expect((await over.merge(removed)).changed).toBe(false)
  })

  it('does not take back what it is forgetting', async () => {
    const over = await RecordStore.over(new MemoryKeyValue())
    const removed = record('a', versionOf('one', { deleted: true }))
    await over.merge(removed)
    const [, late] = await Promise.all([over.forget('a'), over.merge(removed)])
    expect([late.changed, await over.get('a')]).toEqual([false, null])
  })

  it('counts from where no earlier database of this machine did', async () => {
    const store = new MemoryKeyValue()
    const over = await RecordStore.over(store, { wallClock: () => 5_000_000 })
    expect(await over.counters.next('a', 0)).toBe(5_001)
    const after = await RecordStore.over(store.crash(), { wallClock: () => 9_000_000 })
    expect([await after.counters.next('a', 0), await after.counters.next('b', 0)]).toEqual([5_002, 5_001])
  })

  it('takes a name back that comes while it is being forgotten', async () => {
    const over = await RecordStore.over(new MemoryKeyValue())
    await over.merge(record('a', versionOf('one', { deleted: true })))
    const forgotten: string[] = []
    over.onForgotten((name) => forgotten.push(name))
    await Promise.all([over.forget('a'), over.merge(record('a', version('v2', 'two')))])
    expect([forgotten, (await over.get('a'))?.record.versions.map((v) => v.sha256)]).toEqual([[], [hash('two')]])
    expect(await over.namesOf(hash('two'))).toEqual(['a'])
  })

  it('finds names by content after a batch that was not written', async () => {
    const { store, over, syncs } = await held()
    store.failNext()
    const lost = expect(over.merge(record('a', version('v1', 'one')))).rejects.toMatchObject({ code: 'disk-full' })
    await until(() => syncs.length === 1)
    const kept = over.merge(record('a', version('v2', 'two')))
    syncs[0]?.()
    await lost
    await until(() => syncs.length === 2)
    syncs[1]?.()
    await kept
    expect(await over.namesOf(hash('one'))).toEqual(['a'])
  })

  it('refuses what it could not read again', async () => {
    const many = Array.from({ length: 300 }, (_, i) => version(`v${i}`, `c${i}`))
    await expect(records.merge(record('a', ...many))).rejects.toMatchObject({ code: 'protocol' })
    await expect(records.merge({ ...record('e\u0301', version('v', 'c')), name: 'e\u0301' })).rejects.toMatchObject({ code: 'protocol' })
    expect(await all()).toHaveLength(0)
  })

  it('takes a damaged row for none, and repairs a damaged database', async () => {
    await records.merge(record('a', version('v1', 'one')))
    await records.merge(record('b', version('v1', 'one')))
    await records.close()
    const db = new ClassicLevel(join(folder, 'records'))
    await db.put('r!a', '7\n{"name":')
    await db.close()
    await writeFile(join(folder, 'records', 'CURRENT'), 'rubbish')
    records = await RecordStore.open(join(folder, 'records'))
    expect(records.repaired).toBe(true)
    expect(await records.get('a')).toBeNull()
    expect((await all()).map((entry) => entry.record.name)).toEqual(['b'])
    expect((await records.merge(record('a', version('v1', 'one')))).changed).toBe(true)
  })

  it('names the folder when nothing can be done', async () => {
    await writeFile(join(folder, 'file'), '')
    await expect(RecordStore.open(join(folder, 'file', 'x'))).rejects.toMatchObject({ name: 'AppError' })
  })

  it('is opened once at a time', async () => {
    await expect(RecordStore.open(join(folder, 'records'))).rejects.toMatchObject({ code: 'peer-running' })
    const lock = await lockFolder(folder)
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'peer-running' })
    await lock.release()
    for (const name of await readdir(join(folder, 'lock'))) await writeFile(join(folder, 'lock', name), 'rubbish')
    await (await lockFolder(folder)).release()
  })

  it('tells nothing before it is durable, and after a power cut knows what it told', async () => {
    const { store, over, syncs } = await held()
    const told: string[] = []
    over.onChanged((entry) => told.push(entry.record.name))
    const first = over.merge(record('a', version('v1', 'one')))
    await until(() => syncs.length === 1)
    expect([told, over.revision, (await over.get('a'))?.record.name]).toEqual([[], 0, 'a'])
    syncs[0]?.()
    await first
    void over.merge(record('b', version('v2', 'two')))
    await until(() => syncs.length === 2)
    const after = await RecordStore.over(store.crash())
    expect([told, after.revision, await after.get('b')]).toEqual([['a'], 1, null])
    expect((await after.changedSince(0, 1_000)).entries.map((entry) => entry.record.name)).toEqual(['a'])
  })

  it('is as before after a batch that the disk had no room for', async () => {
    const store = new MemoryKeyValue()
    const over = await RecordStore.over(store)
    store.failNext()
    await expect(over.merge(record('a', version('v1', 'one')))).rejects.toMatchObject({ code: 'disk-full' })
    expect(await over.get('a')).toBeNull()
    expect((await over.merge(record('a', version('v1', 'one')))).changed).toBe(true)
  })
})

/** Records whose syncs end when they are told to, from the first batch after the start on. */
async function held(): Promise<{ readonly store: MemoryKeyValue; readonly over: RecordStore; readonly syncs: (() => void)[] }> {
  const syncs: (() => void)[] = []
  let holding = false
  const store = new MemoryKeyValue({ sync: () => (holding ? new Promise((done) => syncs.push(done)) : Promise.resolve()) })
  const over = await RecordStore.over(store)
  holding = true
  return { store, over, syncs }
}

/** Lets what is due run, and fails when that never makes `condition` true. */
async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100 && !condition(); turn++) await Promise.resolve()
  expect(condition()).toBe(true)
}
