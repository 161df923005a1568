import { describe, expect, it } from 'vitest'
import { MemoryKeyValue } from '../../../tests/fakes/memory-key-value.ts'
import { OwnCounters } from './own-counters.ts'
import { WriteQueue } from './write-queue.ts'

const over = (store: MemoryKeyValue): OwnCounters => new OwnCounters(store, new WriteQueue(store), 0)

describe('own counters', () => {
  it('give each count once, also to many at once, and above what the record has', async () => {
    const counters = over(new MemoryKeyValue())
    expect(await Promise.all([counters.next('a', 0), counters.next('a', 0), counters.next('b', 0)])).toEqual([1, 2, 1])
    expect([await counters.next('a', 9), await counters.next('a', 0)]).toEqual([10, 11])
  })

  it('give no count again after a power cut', async () => {
    const store = new MemoryKeyValue()
    expect(await over(store).next('a', 4)).toBe(5)
    const after = store.crash()
    expect(await over(after).next('a', 0)).toBe(6)
  })

  it('give a count again that could not be written, since nobody had it', async () => {
    const store = new MemoryKeyValue()
    const counters = over(store)
    store.failNext()
    await expect(counters.next('a', 0)).rejects.toMatchObject({ code: 'disk-full' })
    expect(await counters.next('a', 0)).toBe(1)
  })

  it('begin above what an earlier database may have given', async () => {
    const store = new MemoryKeyValue()
    const counters = new OwnCounters(store, new WriteQueue(store), 1_000)
    expect([await counters.next('a', 0), await counters.next('a', 0), await counters.next('b', 2_000)]).toEqual([1_001, 1_002, 2_001])
  })

  it('remember what was given up until a later version is acknowledged', () => {
    const counters = over(new MemoryKeyValue())
    for (const counter of [1, 2, 4]) counters.gaveUp('a', counter)
    expect([counters.failures('a'), counters.failures('b')]).toEqual([[1, 2, 4], []])
    counters.settled('a', 3)
    expect(counters.failures('a')).toEqual([4])
  })
})
