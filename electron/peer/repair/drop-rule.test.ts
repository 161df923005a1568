import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { IdentifierSpace, type Identifier } from '../protocol/identifier.ts'
import { mayDrop } from './drop-rule.ts'

const space = new IdentifierSpace(8)
const id = (value: number): Identifier => space.fromBigInt(BigInt(value))
const key = id(10)
const distance = (machine: Identifier): bigint => space.distance(key, machine)
const confirmed = (values: number[], at = 0): { machine: Identifier; at: number }[] => values.map((value) => ({ machine: id(value), at }))

describe('mayDrop', () => {
  test('k fresh confirmations from closer machines allow it', () => {
    expect(mayDrop({ self: id(50), copies: 2, confirmations: confirmed([20, 30]), now: 5_000, distance })).toBe(true)
  })
  test('machines behind this one do not count', () => {
    expect(mayDrop({ self: id(50), copies: 2, confirmations: confirmed([20, 60]), now: 0, distance })).toBe(false)
  })
  test('the same machine counts once', () => {
    expect(mayDrop({ self: id(50), copies: 2, confirmations: confirmed([20, 20]), now: 0, distance })).toBe(false)
  })
  test('an old confirmation does not count', () => {
    expect(mayDrop({ self: id(50), copies: 1, confirmations: confirmed([20]), now: 10_001, distance })).toBe(false)
  })

  test('drops in any order and at any staleness leave k copies', () => {
    const arrays = fc.uniqueArray(fc.nat(255), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(arrays, fc.integer({ min: 1, max: 4 }), fc.array(fc.nat(11), { maxLength: 30 }), (machines, copies, order) => {
        const holders = new Set(machines)
        for (const turn of order) {
          const self = machines[turn % machines.length]
          if (self === undefined || !holders.has(self)) continue
          if (mayDrop({ self: id(self), copies, confirmations: confirmed([...holders]), now: 0, distance })) holders.delete(self)
        }
        expect(holders.size).toBeGreaterThanOrEqual(Math.min(copies, machines.length))
      }),
    )
  })
})
