import { describe, expect, test } from 'vitest'
import type { Identifier } from '../protocol/identifier.ts'
import { planRepairs, type FileCopies } from './repair-plan.ts'

const id = (text: string): Identifier => text as Identifier
const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(id) as [Identifier, Identifier, Identifier, Identifier]
const rules = { self: a, copiesWanted: 3, waitedEnough: () => false }
const file = (change: Partial<FileCopies>): FileCopies => ({
  name: 'f',
  onlineHolders: [a, b, c],
  awayHolders: 0,
  replicaSet: [a, b, c],
  ...change,
})

describe('planRepairs', () => {
  test('a file with all its copies where they belong needs nothing', () => {
    expect(planRepairs([file({})], rules)).toEqual([])
  })

  test('only the holder nearest to the key acts', () => {
    expect(planRepairs([file({ onlineHolders: [b, a], replicaSet: [b, a, c] })], rules)).toEqual([])
  })

  test('a file with one copy left is copied at once', () => {
    expect(planRepairs([file({ onlineHolders: [a], awayHolders: 2, replicaSet: [a, c, d] })], rules)).toEqual([
      { name: 'f', targets: [c, d], copies: 1 },
    ])
  })

  test('a gap that an absence explains waits for the repair delay', () => {
    const short = file({ onlineHolders: [a, b], awayHolders: 1, replicaSet: [a, b, d] })
    expect(planRepairs([short], rules)).toEqual([])
    expect(planRepairs([short], { ...rules, waitedEnough: () => true })).toEqual([{ name: 'f', targets: [d], copies: 2 }])
  })

  test('a gap that no absence explains is filled at once', () => {
    expect(planRepairs([file({ onlineHolders: [a, b], replicaSet: [a, b, d] })], rules)).toEqual([{ name: 'f', targets: [d], copies: 2 }])
  })

  test('a new machine in the replica set gets its copy', () => {
    expect(planRepairs([file({ replicaSet: [a, d, b] })], rules)).toEqual([{ name: 'f', targets: [d], copies: 3 }])
  })

  test('the fewest copies come first', () => {
    const plan = planRepairs(
      [
        file({ name: 'three', replicaSet: [a, d, b] }),
        file({ name: 'one', onlineHolders: [a] }),
        file({ name: 'two', onlineHolders: [a, b] }),
      ],
      rules,
    )
    expect(plan.map((repair) => repair.name)).toEqual(['one', 'two', 'three'])
  })
})
