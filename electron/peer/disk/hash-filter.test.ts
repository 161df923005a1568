import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { HashFilter } from './hash-filter.ts'

const hash = (index: number): string => createHash('sha256').update(String(index)).digest('hex')

it('knows all that were added, and takes few others for them', () => {
  const filter = new HashFilter(1_000)
  for (let index = 0; index < 1_000; index++) {
    expect(filter.isFull).toBe(false)
    filter.add(hash(index))
  }
  expect(filter.isFull).toBe(true)
  for (let index = 0; index < 1_000; index++) expect(filter.mayHave(hash(index))).toBe(true)
  const wrong = Array.from({ length: 10_000 }, (_, index) => filter.mayHave(hash(10_000 + index))).filter(Boolean)
  expect(wrong.length).toBeLessThan(100)
})
