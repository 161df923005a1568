import { describe, expect, it } from 'vitest'
import { mayFail, whatIf } from './safety.ts'

const machines = ['a', 'b', 'c', 'd']
const files = [
  { name: 'one', holders: ['a', 'b', 'c'] },
  { name: 'two', holders: ['b', 'c', 'c'] },
]

describe('safety', () => {
  it('is one less than the fewest holders', () => {
    expect(mayFail(files, machines)).toBe(1)
    expect(mayFail([...files, { name: 'three', holders: ['d'] }], machines)).toBe(0)
    expect(mayFail([{ name: 'gone', holders: ['x'] }], machines)).toBe(-1)
  })

  it('leaves somebody, even without files', () => {
    expect(mayFail([], machines)).toBe(3)
    expect(mayFail([], [])).toBe(-1)
  })

  it('says what is lost and what hangs on one copy', () => {
    expect(whatIf(files, machines, ['b'])).toEqual({ outOfReach: [], oneCopyLeft: 1 })
    expect(whatIf(files, machines, ['b', 'c'])).toEqual({ outOfReach: ['two'], oneCopyLeft: 1 })
    expect(whatIf(files, machines, [])).toEqual({ outOfReach: [], oneCopyLeft: 0 })
  })

  it('is right about every choice of machines', () => {
    const allowed = mayFail(files, machines)
    for (let choice = 0; choice < 2 ** machines.length; choice++) {
      const failing = machines.filter((_, index) => choice & (1 << index))
      if (failing.length <= allowed) expect(whatIf(files, machines, failing).outOfReach).toEqual([])
    }
  })
})
