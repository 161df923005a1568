import { describe, expect, test } from 'vitest'
import type { Identifier } from '../protocol/identifier.ts'
import { planRepairs, waitsForRoom, type ContentCopies, type RepairRules } from './repair-plan.ts'
import type { WantedContent } from '../protocol/record.ts'

const id = (text: string): Identifier => text as Identifier
const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map(id) as [Identifier, Identifier, Identifier, Identifier, Identifier]
const rules: RepairRules = { self: a, copiesWanted: 3, waitedEnough: () => false, mayAsk: () => true }
const content = (kind: 'live' | 'trash' | 'earlier' = 'live'): WantedContent => ({ ...({} as WantedContent), kind, sizeBytes: 100 })
const copies = (change: Partial<ContentCopies>): ContentCopies => ({
  id: `x ${change.name ?? 'f'}`,
  name: 'f',
  content: content(),
  onlineHolders: [a, b, c],
  awayHolders: 0,
  replicaSet: [a, b, c],
  beyond: [],
  ...change,
})
const plan = (changes: readonly Partial<ContentCopies>[], change: Partial<RepairRules> = {}) =>
  planRepairs(changes.map(copies), { ...rules, ...change }).map((repair) => ({
    name: repair.of.name,
    targets: repair.targets,
    copies: repair.copies,
    missing: repair.missing,
  }))

describe('planRepairs', () => {
  test('a content with all its copies where they belong needs nothing', () => {
    expect(plan([{}])).toEqual([])
  })

  test('only the holder nearest to the key acts', () => {
    expect(plan([{ onlineHolders: [b, a], replicaSet: [b, a, c] }])).toEqual([])
  })

  test('a content with one copy left is copied at once', () => {
    expect(plan([{ onlineHolders: [a], awayHolders: 2, replicaSet: [a, c, d] }])).toEqual([
      { name: 'f', targets: [c, d], copies: 1, missing: 2 },
    ])
  })

  test('a gap that an absence explains waits for the repair delay', () => {
    const short = { onlineHolders: [a, b], awayHolders: 1, replicaSet: [a, b, d] }
    expect(plan([short])).toEqual([])
    expect(plan([short], { waitedEnough: () => true })).toEqual([{ name: 'f', targets: [d], copies: 2, missing: 1 }])
  })

  test('a gap that no absence explains is filled at once', () => {
    expect(plan([{ onlineHolders: [a, b], replicaSet: [a, b, d] }])).toEqual([{ name: 'f', targets: [d], copies: 2, missing: 1 }])
  })

  test('a new machine in the replica set gets its copy, and none is missing altogether', () => {
    expect(plan([{ replicaSet: [a, d, b] }])).toEqual([{ name: 'f', targets: [d], copies: 3, missing: 0 }])
  })

  test('the fewest copies come first, and of as many what people see', () => {
    const planned = plan([
      { name: 'three', replicaSet: [a, d, b] },
      { name: 'one, earlier', onlineHolders: [a], content: content('earlier') },
      { name: 'one', onlineHolders: [a] },
      { name: 'two', onlineHolders: [a, b] },
    ])
    expect(planned.map((repair) => repair.name)).toEqual(['one', 'one, earlier', 'two', 'three'])
  })

  test('a machine without room is left out, and one beyond makes up for it', () => {
    const mayAsk = (machine: Identifier): boolean => machine !== c
    const short = { onlineHolders: [a, b], replicaSet: [a, b, c] }
    expect(plan([short], { mayAsk })).toEqual([])
    expect(plan([{ ...short, beyond: [d, e] }], { mayAsk })).toEqual([{ name: 'f', targets: [], copies: 2, missing: 1 }])
  })

  test('a copy kept beyond counts; it comes home when there is room again', () => {
    const diverted = { onlineHolders: [a, b, d], replicaSet: [a, b, c], beyond: [d, e] }
    expect(plan([diverted], { mayAsk: (machine) => machine !== c })).toEqual([])
    expect(plan([diverted])).toEqual([{ name: 'f', targets: [c], copies: 3, missing: 0 }])
  })
})

describe('waitsForRoom', () => {
  const diverted = copies({ onlineHolders: [a, b, d], replicaSet: [c, a, b], beyond: [d, e] })
  const isFull: RepairRules = { ...rules, mayAsk: (machine) => machine !== c }

  test('the holder that would bring a copy home keeps in mind that it may not ask yet', () => {
    expect(waitsForRoom(diverted, isFull)).toBe(true)
    expect(waitsForRoom(diverted, { ...isFull, self: b })).toBe(false)
  })

  test('nothing waits once the machine may be asked, or when all is in place; a content short of copies is waited for elsewhere', () => {
    expect(waitsForRoom(diverted, rules)).toBe(false)
    expect(waitsForRoom(copies({}), isFull)).toBe(false)
    expect(waitsForRoom({ ...diverted, onlineHolders: [a, b] }, isFull)).toBe(false)
  })
})
