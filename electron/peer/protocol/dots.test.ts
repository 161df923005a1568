import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dotsOf, hasDot, highestCounter, readDots, unite, type Dot } from './dots.ts'

const dot: fc.Arbitrary<Dot> = fc.record({ writerId: fc.constantFrom('5', 'a1', 'b2', '40'), counter: fc.integer({ min: 1, max: 12 }) })
const dots = fc.array(dot, { maxLength: 12 })

describe('sets of dots', () => {
  test('have what was put in and nothing else', () => {
    fc.assert(
      fc.property(dots, dots, dot, (a, b, asked) => {
        const inList = [...a, ...b].some((one) => one.writerId === asked.writerId && one.counter === asked.counter)
        expect(hasDot(unite([dotsOf(a), dotsOf(b)]), asked)).toBe(inList)
      }),
    )
  })
  test('are equal text when they are equal, in whatever order they came to be', () => {
    fc.assert(
      fc.property(dots, dots, dots, (a, b, c) => {
        const [x, y, z] = [dotsOf(a), dotsOf(b), dotsOf(c)]
        expect(JSON.stringify(unite([unite([x, y]), z]))).toBe(JSON.stringify(unite([z, unite([y, x]), x])))
      }),
    )
  })
  test('join runs, and keep gaps', () => {
    const set = dotsOf([1, 2, 3, 5, 6, 9].map((counter) => ({ writerId: 'a1', counter })))
    expect(set).toEqual({
      a1: [
        [1, 3],
        [5, 6],
        [9, 9],
      ],
    })
    expect([highestCounter(set, 'a1'), highestCounter(set, 'b2')]).toEqual([9, 0])
    expect(unite([set, dotsOf([{ writerId: 'a1', counter: 4 }])])['a1']).toEqual([
      [1, 6],
      [9, 9],
    ])
  })
})

describe('readDots', () => {
  test('takes what it wrote', () => {
    fc.assert(
      fc.property(dots, (list) => {
        const set = dotsOf(list)
        expect(JSON.stringify(readDots(JSON.parse(JSON.stringify(set))))).toBe(JSON.stringify(set))
      }),
    )
  })
  test.each([
    ['not an object', 7],
    ['a list', []],
    ['a writer that is no id', { 'no id': [[1, 1]] }],
    ['no intervals', { a1: [] }],
    ['a turned interval', { a1: [[2, 1]] }],
    ['intervals that touch', { a1: [[1, 1], [2, 2]] }], // prettier-ignore
    ['intervals out of order', { a1: [[4, 4], [1, 1]] }], // prettier-ignore
    ['a count of zero', { a1: [[0, 1]] }],
    ['a count beyond what is exact', { a1: [[1, 2 ** 53]] }],
    ['three numbers', { a1: [[1, 2, 3]] }],
    ['too many intervals', { a1: Array.from({ length: 8_193 }, (_, i) => [2 * i + 1, 2 * i + 1]) }],
    ['too many writers', Object.fromEntries(Array.from({ length: 4_097 }, (_, i) => [i.toString(16), [[1, 1]]]))],
  ])('refuses %s', (_what, value) => {
    expect(readDots(value)).toBeNull()
  })
})
