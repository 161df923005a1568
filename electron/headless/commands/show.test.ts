import { expect, test } from 'vitest'
import { stateWords } from './show.ts'

const holder = (name: string, online: boolean) => ({ id: name, name, online })
const [desk, laptop, attic] = [holder('Desk', true), holder('Laptop', true), holder('Attic', false)]

test.each([
  ['safe', [desk, laptop], 'Safe · 2 copies'],
  ['copying', [desk, laptop, attic], 'Copying · 2 of 3'],
  ['at-risk', [desk, attic], 'At risk · only on Desk'],
  ['out-of-reach', [attic, holder('Box', false)], 'Out of reach until Attic or Box is back'],
  ['checking', [], 'Checking'],
] as const)('a file that is %s says where it can be had now', (state, holders, words) => {
  expect(stateWords({ state, copies: holders.length, wanted: 3, holders: [...holders] })).toBe(words)
})
