import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ReplayWindow } from './replay-window.ts'

it('accepts a counter once, and everything new within the window', () => {
  const counters = fc.array(fc.nat(3000), { minLength: 1, maxLength: 300 })
  fc.assert(
    fc.property(fc.nat(2000), counters, (floor, sequence) => {
      const window = new ReplayWindow(floor)
      const seen = new Set<number>()
      let highest = floor
      for (const counter of sequence) {
        const accepted = window.accept(counter)
        if (counter <= floor || seen.has(counter)) expect(accepted).toBe(false)
        else if (counter > highest - 900) expect(accepted).toBe(true)
        if (accepted) seen.add(counter)
        highest = Math.max(highest, counter)
      }
    }),
  )
})

it('takes leaps to the largest counter', () => {
  const window = new ReplayWindow(1)
  expect(window.accept(Number.MAX_SAFE_INTEGER)).toBe(true)
  expect(window.accept(Number.MAX_SAFE_INTEGER)).toBe(false)
  expect(window.accept(Number.MAX_SAFE_INTEGER - 1)).toBe(true)
  expect(window.accept(2)).toBe(false)
})
