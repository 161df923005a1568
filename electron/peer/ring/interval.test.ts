import { describe, expect, it } from 'vitest'
import { IdentifierSpace } from '../protocol/identifier.ts'
import { around, between, clockwiseFrom, firstAtOrAfter, inArc } from './interval.ts'

const space = new IdentifierSpace(8)
const id = (value: number) => space.fromBigInt(BigInt(value))

describe('arcs of the circle', () => {
  it.each([
    [1, 2, 3, true],
    [1, 1, 3, false],
    [1, 3, 3, false],
    [250, 255, 4, true],
    [250, 0, 4, true],
    [250, 4, 4, false],
    [250, 100, 4, false],
    [7, 8, 7, true],
    [7, 7, 7, false],
  ])('between(%i, %i, %i) is %s', (from, x, to, expected) => {
    expect(between(id(from), id(x), id(to))).toBe(expected)
  })

  it('has its end, not its start, in the arc of keys', () => {
    expect(inArc(id(19), id(2), id(2))).toBe(true)
    expect(inArc(id(19), id(19), id(2))).toBe(false)
    expect(inArc(id(5), id(5), id(5))).toBe(true)
  })

  it('finds the first at or after a key', () => {
    const ids = [2, 4, 9].map(id)
    expect([0, 2, 3, 9, 10].map((key) => firstAtOrAfter(ids, id(key)))).toEqual([0, 0, 1, 2, 3])
    expect([-1, 0, 3, 7].map((index) => around(ids, index))).toEqual([id(9), id(2), id(2), id(4)])
  })

  it('orders places clockwise from any', () => {
    const order = (from: number, ids: number[]) => ids.map(id).sort(clockwiseFrom(id(from)))
    expect(order(5, [2, 9, 5, 200, 4])).toEqual([5, 9, 200, 2, 4].map(id))
    expect(order(0, [9, 2, 2])).toEqual([2, 2, 9].map(id))
  })
})
