import { describe, expect, it } from 'vitest'
import { judgeSafety, stateOfCopies, type HeldFile } from './safety.ts'

const machines = ['a', 'b', 'c', 'd']
const files: HeldFile[] = [
  { name: 'one', contents: [['a', 'b', 'c']] },
  { name: 'two', contents: [['b', 'c', 'c']] },
]
const without = (failing: readonly string[]): Set<string> => new Set(machines.filter((machine) => !failing.includes(machine)))
const judge = (more: readonly HeldFile[], failing: readonly string[] = []) => judgeSafety([...files, ...more], without(failing))

describe('safety', () => {
  it('is one less than the fewest holders', () => {
    expect(judge([]).mayFail).toBe(1)
    expect(judge([{ name: 'three', contents: [['d']] }]).mayFail).toBe(0)
  })

  it('counts every content of a conflict, not only the one that the name stands for', () => {
    const conflict = { name: 'both', contents: [['a', 'b', 'c'], ['d']] }
    expect(judge([conflict]).mayFail).toBe(0)
    expect(judge([conflict], ['d'])).toEqual({ mayFail: 1, outOfReach: 1, oneCopyLeft: 0 })
    expect(judge([conflict], ['b'])).toEqual({ mayFail: 0, outOfReach: 0, oneCopyLeft: 2 })
  })

  it('says of a file out of reach that it is, and how many more may fail for the others', () => {
    expect(judge([{ name: 'gone', contents: [['x']] }])).toEqual({ mayFail: 1, outOfReach: 1, oneCopyLeft: 0 })
  })

  it('counts a group as the files that lie so', () => {
    const many = { name: 'one of them', contents: [['d']], files: 40 }
    expect(judge([many])).toEqual({ mayFail: 0, outOfReach: 0, oneCopyLeft: 40 })
    expect(judge([many], ['d'])).toEqual({ mayFail: 1, outOfReach: 40, oneCopyLeft: 0 })
  })

  it('leaves somebody, even without files', () => {
    expect(judgeSafety([], without([])).mayFail).toBe(3)
    expect(judgeSafety([], new Set()).mayFail).toBe(0)
  })

  it('says what is lost and what hangs on one copy', () => {
    expect(judge([], ['b'])).toEqual({ mayFail: 0, outOfReach: 0, oneCopyLeft: 1 })
    expect(judge([], ['b', 'c'])).toEqual({ mayFail: 0, outOfReach: 1, oneCopyLeft: 1 })
  })

  it('is right about every choice of machines', () => {
    const all = [...files, { name: 'both', contents: [['a', 'd'], machines] }]
    const allowed = judgeSafety(all, without([])).mayFail
    const losses = Array.from({ length: 2 ** machines.length }, (_, choice) => machines.filter((_, index) => choice & (1 << index)))
      .filter((failing) => judgeSafety(all, without(failing)).outOfReach > 0)
      .map((failing) => failing.length)
    expect(Math.min(...losses)).toBe(allowed + 1)
  })
})

describe('the state of a file', () => {
  const ring = { copiesWanted: 3, machinesOnline: 4, checking: false }

  it.each([
    [3, ring, 'safe'],
    [2, ring, 'copying'],
    [2, { ...ring, machinesOnline: 2 }, 'safe'],
    [1, { ...ring, machinesOnline: 1 }, 'at-risk'],
    [1, { ...ring, machinesOnline: 1, copiesWanted: 1 }, 'safe'],
    [0, ring, 'out-of-reach'],
    [0, { ...ring, checking: true }, 'checking'],
  ] as const)('%i copies in %o: %s', (copies, today, state) => {
    expect(stateOfCopies(copies, today)).toBe(state)
  })
})
