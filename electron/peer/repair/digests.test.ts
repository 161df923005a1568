import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { recordOf, versionOf } from '../../../tests/fakes/records.ts'
import type { FileRecord } from '../protocol/record.ts'
import { IdentifierSpace, type Identifier } from '../protocol/identifier.ts'
import { inArc } from '../ring/interval.ts'
import { ArcIndex, entryDigest, unequalParts, type ArcEntry } from './digests.ts'

const space = new IdentifierSpace(16)
const id = (value: number): Identifier => space.fromBigInt(BigInt(value))
const entry = (key: number, text = ''): ArcEntry => ({
  key: id(key),
  name: `${key}${text}`,
  digest: entryDigest(recordOf(`${key}${text}`, versionOf('x')), [text]),
})
const indexOf = (entries: Iterable<ArcEntry>): ArcIndex => {
  const index = new ArcIndex(space)
  for (const each of entries) index.set(each)
  return index
}
const arcs = fc.record({ from: fc.nat(65_535).map(id), to: fc.nat(65_535).map(id) })
const keys = fc.uniqueArray(fc.nat(65_535), { maxLength: 60 })

describe('ArcIndex', () => {
  test('the same entries have the same hash in whatever order they came', () => {
    fc.assert(
      fc.property(keys, arcs, (values, arc) => {
        const one = indexOf(values.map((key) => entry(key)))
        const other = indexOf([...values].reverse().map((key) => entry(key)))
        expect(one.hashOf(arc)).toBe(other.hashOf(arc))
        expect(one.bucketsOf(arc).equals(other.bucketsOf(arc))).toBe(true)
      }),
    )
  })

  test('walks exactly the entries of an arc, clockwise, also after changes', () => {
    fc.assert(
      fc.property(keys, keys, arcs, (values, gone, arc) => {
        const index = indexOf(values.map((key) => entry(key)))
        index.hashOf(arc)
        for (const key of gone) index.delete(`${key}`)
        for (const key of gone.slice(0, 5)) index.set(entry(key))
        const left = [...values.filter((key) => !gone.includes(key)), ...gone.slice(0, 5)]
        const expected = left.map(id).filter((key) => inArc(arc.from, key, arc.to))
        const distance = (key: Identifier): bigint => (key === arc.from ? space.size : space.distance(arc.from, key))
        expected.sort((a, b) => (distance(a) < distance(b) ? -1 : 1))
        expect([...index.entriesIn(arc)].map((each) => each.key)).toEqual(expected)
      }),
    )
  })

  test('a change of an entry changes the hash, and taking it back restores it', () => {
    const arc = { from: id(0), to: id(1000) }
    const index = indexOf([entry(5), entry(700)])
    const before = index.hashOf(arc)
    index.set({ ...entry(5), digest: entry(5, 'other').digest })
    expect(index.hashOf(arc)).not.toBe(before)
    index.set(entry(5))
    expect(index.hashOf(arc)).toBe(before)
  })

  test('where an arc begins is part of its hash: two views of the circle are no agreement', () => {
    const index = indexOf([entry(500)])
    expect(index.hashOf({ from: id(0), to: id(1000) })).not.toBe(index.hashOf({ from: id(1), to: id(1000) }))
  })

  test('entries outside the arc do not count', () => {
    const arc = { from: id(100), to: id(200) }
    expect(indexOf([entry(150), entry(100), entry(201)]).hashOf(arc)).toBe(indexOf([entry(150)]).hashOf(arc))
  })
})

describe('unequalParts', () => {
  test('what differs lies in the parts, and equal arcs have none', () => {
    fc.assert(
      fc.property(keys, keys, arcs, (mine, theirs, arc) => {
        const parts = unequalParts(space, arc, [
          indexOf(mine.map((key) => entry(key))).bucketsOf(arc),
          indexOf(theirs.map((key) => entry(key))).bucketsOf(arc),
        ])
        const differing = [...mine, ...theirs].filter((key) => mine.includes(key) !== theirs.includes(key)).map(id)
        for (const key of differing) {
          if (!inArc(arc.from, key, arc.to)) continue
          expect(parts.filter((part) => inArc(part.from, key, part.to))).toHaveLength(1)
        }
        if (differing.length === 0) expect(parts).toEqual([])
      }),
    )
  })

  test('one entry of many makes one small part', () => {
    const arc = { from: id(0), to: id(0) }
    const mine = Array.from({ length: 1000 }, (_, at) => entry(at * 60 + 1))
    const theirs = mine.filter((each) => each.key !== id(30_001))
    const parts = unequalParts(space, arc, [indexOf(mine).bucketsOf(arc), indexOf(theirs).bucketsOf(arc)])
    expect(parts).toHaveLength(1)
    expect(space.distance(parts[0]?.from ?? id(0), parts[0]?.to ?? id(0))).toBe(256n)
  })
})

describe('an entry digest', () => {
  const writers = [
    { writerId: '9', counter: 1 },
    { writerId: 'b', counter: 2 },
  ]
  const old = versionOf('old', { writerId: '9', originalName: 'quote " and \\' })
  const record = { ...recordOf('a "name"', versionOf('x', { supersedes: writers }), old), earlier: [old] }

  test('does not depend on the order of keys or of hashes', () => {
    const turned = turnedAround(record) as FileRecord
    expect(entryDigest(record, ['x', 'y'])).toBe(entryDigest(turned, ['y', 'x']))
  })

  test('is made of every field, as JSON with sorted keys', () => {
    const text = sortedJson([record.name, record, ['x', 'y']])
    expect(entryDigest(record, ['y', 'x'])).toBe(createHash('sha256').update(text).digest('hex').slice(0, 16))
  })
})

/** The same value with the keys of every object in the other order. */
function turnedAround(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(turnedAround)
  const fields = Object.entries(value).map(([name, field]) => [name, turnedAround(field)] as const)
  return Object.fromEntries(fields.reverse())
}

function sortedJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(sortedJson).join()}]`
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${sortedJson(field)}`).join()}}`
}
