import { describe, expect, it } from 'vitest'
import { Progress } from './progress.ts'

const megabyte = 1_000_000

function run(progress: Progress, clock: { now: number }, samples: readonly number[]): void {
  let done = progress.doneBytes
  for (const bytes of samples) {
    clock.now += 250
    done += bytes
    progress.update(done)
  }
}
const steady = (count: number): number[] => Array.from({ length: count }, () => megabyte)

describe('progress', () => {
  it('knows the speed, and the time left once it is trusted', () => {
    const clock = { now: 0 }
    const progress = new Progress(() => clock.now)
    run(progress, clock, steady(7))
    expect(progress.bytesPerSecond).toBeCloseTo(4 * megabyte)
    expect(progress.secondsLeft(100 * megabyte)).toBeNull()
    run(progress, clock, steady(1))
    expect(progress.secondsLeft(48 * megabyte)).toBeCloseTo(10)
  })

  it('trusts no speed that jumps', () => {
    const clock = { now: 0 }
    const progress = new Progress(() => clock.now)
    run(
      progress,
      clock,
      Array.from({ length: 20 }, (_, index) => (index % 4 === 0 ? 8 * megabyte : 0)),
    )
    expect(progress.secondsLeft(1_000 * megabyte)).toBeNull()
    run(progress, clock, steady(20))
    expect(progress.secondsLeft(1_000 * megabyte), 'until it is steady').not.toBeNull()
  })

  it('what lay here before says nothing of the speed', () => {
    const clock = { now: 0 }
    const progress = new Progress(() => clock.now, 900 * megabyte)
    run(progress, clock, steady(8))
    expect(progress.bytesPerSecond).toBeCloseTo(4 * megabyte)
  })

  it('a standstill is seen when no bytes come for long', () => {
    const clock = { now: 0 }
    const progress = new Progress(() => clock.now)
    run(progress, clock, steady(8))
    clock.now += 3_000
    expect(progress.isStill).toBe(false)
    clock.now += 1
    expect(progress.isStill).toBe(true)
  })

  it('blocks that come seldom are a slow transfer and no standstill', () => {
    const clock = { now: 0 }
    const progress = new Progress(() => clock.now)
    clock.now = 20_000
    progress.update(megabyte)
    clock.now += 60_000
    expect([progress.isStill, progress.bytesPerSecond]).toEqual([false, megabyte / 20])
    clock.now += 1
    expect(progress.isStill).toBe(true)
  })
})
