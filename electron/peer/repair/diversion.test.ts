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
  let now = 180_000
  for (let tries = 0; tries < 20; tries++, now += 3_600_000) diversion.refused(a, 100, now)
  expect(diversion.mayAsk(a, 100, now)).toBe(true)
})

test('several copies refused in the same moment are one refusal', () => {
  const diversion = new Diversion()
  for (let copies = 0; copies < 4; copies++) diversion.refused(a, 100 + copies, copies)
  expect(diversion.mayAsk(a, 200, 60_003)).toBe(true)
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
