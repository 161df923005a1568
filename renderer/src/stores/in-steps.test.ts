import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { inSteps } from './in-steps.ts'

let done: number[]

/** Each part takes a millisecond. */
function* parts(count: number, failsAt = Infinity): Generator<void, void> {
  for (let part = 0; part < count; part++) {
    if (part === failsAt) throw new Error('broken')
    now += 1
    done.push(part)
    yield
  }
}
let now = 0

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  done = []
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

test('little work is done at once, more of it in steps', () => {
  expect(inSteps(parts(5)).isOver).toBe(true)
  expect(done).toHaveLength(5)
  const steps = inSteps(parts(20))
  expect([steps.isOver, done.length]).toEqual([false, 5 + 8])
  vi.advanceTimersToNextTimer()
  expect([steps.isOver, done.length]).toEqual([false, 5 + 16])
  vi.advanceTimersToNextTimer()
  expect([steps.isOver, done.length]).toEqual([true, 5 + 20])
})

test('the rest is done at once on request, or never', () => {
  const first = inSteps(parts(30))
  first.finish()
  expect([first.isOver, done.length, vi.getTimerCount()]).toEqual([true, 30, 0])
  const second = inSteps(parts(30))
  second.stop()
  second.finish()
  expect([second.isOver, done.length, vi.getTimerCount()]).toEqual([true, 38, 0])
})

test('work that fails is over', () => {
  const steps = inSteps(parts(30, 10))
  expect(() => steps.finish()).toThrow('broken')
  expect([steps.isOver, done.length, vi.getTimerCount()]).toEqual([true, 10, 0])
})
