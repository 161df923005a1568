/** What every database of sorted keys must do, on LevelDB and on the fake that the other tests trust; and what the fake may lose. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { KeyRange, KeyValueStore, WriteOperation } from '../../electron/peer/disk/key-value.ts'
import { openLevel } from '../../electron/peer/disk/level.ts'
import { MemoryKeyValue } from '../fakes/memory-key-value.ts'

const made: string[] = []
afterAll(async () => {
  for (const folder of made) await rm(folder, { recursive: true, force: true })
})

interface Form {
  readonly store: KeyValueStore
  /** The same place after an end: what was acknowledged is there. */
  readonly reopen: () => Promise<KeyValueStore>
}

async function level(): Promise<Form> {
  const folder = await mkdtemp(join(tmpdir(), 'ringdrop-keys-'))
  made.push(folder)
  const open = async (): Promise<KeyValueStore> => (await openLevel(folder, () => Promise.resolve())).store
  const store = await open()
  const reopen = async (): Promise<KeyValueStore> => {
    await store.close()
    return open()
  }
  return { store, reopen }
}

function memory(): Promise<Form> {
  const store = new MemoryKeyValue()
  return Promise.resolve({ store, reopen: () => Promise.resolve(store.crash()) })
}

const put = (key: string, value = key): WriteOperation => ({ type: 'put', key, value })
const del = (key: string): WriteOperation => ({ type: 'del', key })
const all: KeyRange = { gt: '', lt: '\u{10ffff}' }

async function read<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

const forms: [string, () => Promise<Form>][] = [
  ['LevelDB', level],
  ['the fake', memory],
]

describe.each(forms)('%s', (_name, make) => {
  let form: Form
  let store: KeyValueStore
  beforeEach(async () => {
    form = await make()
    store = form.store
  })
  afterEach(() => store.close())

  it('writes a batch in its order, and keeps it over an end', async () => {
    await store.batch([put('a', '1'), put('b', '2'), put('a', '3'), del('b'), put('c', '4'), del('never')])
    store = await form.reopen()
    expect([store.getSync('a'), store.getSync('b'), store.getSync('c')]).toEqual(['3', undefined, '4'])
    await store.batch([del('a')])
    expect(await read(store.entries(all))).toEqual([['c', '4']])
  })

  it('leaves the ends of a range out, turns it round, and stops at a limit', async () => {
    await store.batch(['r!', 'r!a', 'r!b', 'r!c', 'r"', 's'].map((key) => put(key)))
    const range = { gt: 'r!', lt: 'r"' }
    expect(await read(store.keys(range))).toEqual(['r!a', 'r!b', 'r!c'])
    expect(await read(store.keys({ ...range, limit: 2 }))).toEqual(['r!a', 'r!b'])
    expect(await read(store.keys({ ...range, reverse: true, limit: 2 }))).toEqual(['r!c', 'r!b'])
    expect(await read(store.entries({ ...range, reverse: true, limit: 1 }))).toEqual([['r!c', 'r!c']])
    expect(await read(store.keys({ gt: 'r!bb', lt: 'r!bc' }))).toEqual([])
    expect(await read(store.keys({ gt: 'x', lt: 'b' }))).toEqual([])
  })

  it('gives bytes back as they were', async () => {
    const value = Uint8Array.from({ length: 256 }, (_, index) => index)
    await store.batch([{ type: 'put', key: 'a', value }, put('b', 'é')])
    store = await form.reopen()
    expect(Buffer.compare(store.getBytesSync('a') ?? new Uint8Array(0), value)).toBe(0)
    expect(Buffer.from(store.getBytesSync('b') ?? []).toString('utf8')).toBe('é')
    expect(store.getBytesSync('c')).toBeUndefined()
  })

  it('finds the first key at or after each of many', async () => {
    await store.batch(['b', 'd', 'd!'].map((key) => put(key)))
    expect(await store.firstKeys(['d', 'a', 'c', 'b', 'd"', 'b\0'])).toEqual(['d', 'b', 'd', 'b', undefined, 'd'])
  })

  it('orders keys by their bytes', async () => {
    const names = ['\u{1f600}', '\uffee', 'é', 'z', '\u{1f600}a', '\ue000', 'zz', 'Z', '\n']
    await store.batch(names.map((key) => put(key)))
    const bytes = (text: string): Buffer => Buffer.from(text, 'utf8')
    expect(await read(store.keys(all))).toEqual([...names].sort((a, b) => Buffer.compare(bytes(a), bytes(b))))
  })

  it('reads a range as it was when it was asked for', async () => {
    await store.batch([put('a'), put('b')])
    const entries = store.entries(all)
    const keys = store.keys(all)
    await store.batch([put('b', 'other'), put('c'), del('a')])
    expect(await read(entries)).toEqual([
      ['a', 'a'],
      ['b', 'b'],
    ])
    expect(await read(keys)).toEqual(['a', 'b'])
  })

  it('answers nothing once it is closed', async () => {
    await store.batch([put('a')])
    await store.close()
    await expect(store.batch([put('b')])).rejects.toMatchObject({ name: 'AppError' })
    expect(() => store.getSync('a')).toThrow()
  })
})

describe('both', () => {
  it('are the same after any writes', async () => {
    const key = fc.constantFrom('a', 'b', 'b!', 'b"', 'c', '\u{1f600}', '\uffee')
    const operation = fc.oneof(
      fc.record({ type: fc.constant('put' as const), key, value: fc.string() }),
      fc.record({ type: fc.constant('del' as const), key }),
    )
    const range = fc.record({ gt: key, lt: key, reverse: fc.boolean(), limit: fc.nat(4) })
    const { store: real } = await level()
    const fake = new MemoryKeyValue()
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 8 }), range, async (operations, within) => {
        await real.batch(operations)
        await fake.batch(operations)
        expect(await read(fake.entries(all))).toEqual(await read(real.entries(all)))
        expect(await read(fake.keys(within))).toEqual(await read(real.keys(within)))
      }),
    )
    await real.close()
  })
})

describe('the fake alone', () => {
  /** Syncs end when they are told to. */
  function held(): { readonly store: MemoryKeyValue; readonly syncs: (() => void)[] } {
    const syncs: (() => void)[] = []
    return { store: new MemoryKeyValue({ sync: () => new Promise((done) => syncs.push(done)) }), syncs }
  }

  it('shows a batch at once and loses it in a crash before its sync', async () => {
    const { store, syncs } = held()
    const first = store.batch([put('a')])
    syncs[0]?.()
    await first
    let told = false
    void store.batch([put('b')]).then(() => (told = true))
    expect([store.getSync('b'), store.unsynced]).toEqual(['b', 1])
    const next = store.crash()
    syncs[1]?.()
    await Promise.resolve()
    expect([told, next.getSync('a'), next.getSync('b')]).toEqual([false, 'a', undefined])
    expect(() => store.getSync('a')).toThrow('crashed')
  })

  it('may keep the first of what was under way, never a later batch without an earlier one', async () => {
    const { store, syncs } = held()
    void store.batch([put('a')])
    void store.batch([put('b')])
    expect(await read(store.crash(1).keys(all))).toEqual(['a'])
    const other = held()
    void other.store.batch([put('a')])
    const second = other.store.batch([put('b')])
    other.syncs[1]?.()
    await second
    expect(await read(other.store.crash().keys(all))).toEqual(['a', 'b'])
    expect(syncs).toHaveLength(2)
  })

  it('refuses one batch whole when it is told to', async () => {
    const store = new MemoryKeyValue()
    store.failNext()
    await expect(store.batch([put('a'), put('b')])).rejects.toMatchObject({ code: 'disk-full' })
    expect(await read(store.keys(all))).toEqual([])
    await store.batch([put('a')])
    expect(await read(store.keys(all))).toEqual(['a'])
  })
})
