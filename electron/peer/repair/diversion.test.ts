import { expect, test } from 'vitest'
import type { Identifier } from '../protocol/identifier.ts'
import { Diversion } from './diversion.ts'

const a = 'a' as Identifier

test('a full machine is asked again after growing pauses', () => {
  const diversion = new Diversion()
  expect(diversion.mayAsk(a, 100, 0)).toBe(true)
  diversion.refused(a, 100, 0)
  expect(diversion.mayAsk(a, 100, 59_999)).toBe(false)
  expect(diversion.mayAsk(a, 100, 60_000)).toBe(true)
  diversion.refused(a, 100, 60_000)
  expect(diversion.mayAsk(a, 100, 179_999)).toBe(false)
  expect(diversion.mayAsk(a, 100, 180_000)).toBe(true)
  for (let tries = 0; tries < 20; tries++) diversion.refused(a, 100, 0)
  expect(diversion.mayAsk(a, 100, 3_600_000)).toBe(true)
})

test('something smaller than what was refused may be asked for', () => {
  const diversion = new Diversion()
  diversion.refused(a, 100, 0)
  expect(diversion.mayAsk(a, 99, 1)).toBe(true)
  diversion.took(a, 99)
  expect(diversion.mayAsk(a, 100, 1)).toBe(false)
  diversion.took(a, 100)
  expect(diversion.mayAsk(a, 100, 1)).toBe(true)
})
