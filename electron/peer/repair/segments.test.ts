import { describe, expect, test } from 'vitest'
import { IdentifierSpace, type Identifier } from '../protocol/identifier.ts'
import { matesOf, segmentsOf, SyncedArc } from './segments.ts'

const space = new IdentifierSpace(8)
const id = (value: number): Identifier => space.fromBigInt(BigInt(value))
const ids = [10, 50, 90, 130, 170].map(id)

describe('segmentsOf', () => {
  test('its own arc first, then those of the machines before it, each with who shares it from the owner on', () => {
    const segments = segmentsOf(ids, id(50), 3)
    expect(segments.map(({ arc }) => arc)).toEqual([
      { from: id(10), to: id(50) },
      { from: id(170), to: id(10) },
      { from: id(130), to: id(170) },
    ])
    expect(segments[0]?.others).toEqual([90, 130, 170, 10].map(id))
    expect(segments[2]?.others).toEqual([170, 10, 90, 130].map(id))
  })

  test('in a small ring the arcs make the whole circle, once', () => {
    expect(segmentsOf([id(10), id(50)], id(50), 3).map(({ arc }) => arc)).toEqual([
      { from: id(10), to: id(50) },
      { from: id(50), to: id(10) },
    ])
    expect(segmentsOf([id(50)], id(50), 3)).toEqual([{ arc: { from: id(50), to: id(50) }, others: [] }])
  })
})

test('mates are those before and after, each once', () => {
  expect(new Set(matesOf(ids, id(50), 2))).toEqual(new Set([id(10), id(90)]))
  expect(new Set(matesOf(ids, id(50), 4))).toEqual(new Set([10, 90, 130, 170].map(id)))
  expect(matesOf([id(50)], id(50), 3)).toEqual([])
})

describe('SyncedArc', () => {
  test('a machine that has compared nothing knows nothing for sure', () => {
    const synced = new SyncedArc(id(100))
    synced.answersFor(id(20))
    expect(synced.has(id(50))).toBe(false)
    synced.done()
    expect(synced.has(id(50))).toBe(true)
    expect(synced.has(id(10))).toBe(false)
    expect(synced.hasAll({ from: id(20), to: id(50) })).toBe(true)
    expect(synced.hasAll({ from: id(10), to: id(50) })).toBe(false)
    expect(synced.hasAll({ from: id(50), to: id(120) })).toBe(false)
  })

  test('an arc that comes from a machine that went is not compared yet', () => {
    const synced = new SyncedArc(id(100))
    synced.answersFor(id(60))
    synced.done()
    synced.answersFor(id(20))
    expect(synced.has(id(40))).toBe(false)
    expect(synced.has(id(70))).toBe(true)
    synced.done()
    expect(synced.has(id(40))).toBe(true)
  })

  test('an arc that went to a newcomer stays known, and counts for nothing when it comes back', () => {
    const synced = new SyncedArc(id(100))
    synced.answersFor(id(20))
    synced.done()
    synced.answersFor(id(60))
    expect(synced.has(id(40))).toBe(true)
    synced.answersFor(id(20))
    expect(synced.has(id(40))).toBe(false)
    expect(synced.has(id(80))).toBe(true)
  })

  test('alone, then in company, then alone again', () => {
    const synced = new SyncedArc(id(100))
    synced.answersFor(id(100))
    synced.done()
    expect(synced.has(id(200))).toBe(true)
    expect(synced.hasAll({ from: id(5), to: id(5) })).toBe(true)
    synced.answersFor(id(60))
    expect(synced.has(id(200))).toBe(true)
    synced.answersFor(id(100))
    expect(synced.has(id(200))).toBe(false)
    expect(synced.has(id(80))).toBe(true)
  })
})
