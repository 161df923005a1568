import { describe, expect, it } from 'vitest'
import { Deadlines } from './deadlines.ts'

describe('the next deadline', () => {
  it('is the earliest, whichever of them moves', () => {
    const clock = { now: () => 5 }
    const deadlines = new Deadlines(clock)
    expect(deadlines.next).toBe(Infinity)
    const [first, second] = [deadlines.add(), deadlines.add()]
    expect(deadlines.next).toBe(5)
    first.at = 30
    second.at = 20
    expect(deadlines.next).toBe(20)
    second.clear()
    expect(deadlines.next).toBe(30)
    second.soon()
    second.by(90)
    expect(deadlines.next).toBe(5)
    expect([first.isDue(29), first.isDue(30)]).toEqual([false, true])
  })

  it('is told when it is earlier, and only then', () => {
    const told: number[] = []
    const deadlines: Deadlines = new Deadlines({ now: () => 0 }, () => told.push(deadlines.next))
    const [first, second] = [deadlines.add(), deadlines.add()]
    first.at = 30
    second.at = 20
    second.at = 50
    first.at = 10
    second.at = 15
    expect(told).toEqual([10])
  })
})
