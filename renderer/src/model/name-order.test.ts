import { expect, test } from 'vitest'
import type { FileView } from '../../../shared/views.ts'
import { compareNames } from './name-keys.ts'
import { NameOrder } from './name-order.ts'

const fileOf = (name: string, sizeBytes = 1): FileView => ({ name, sizeBytes }) as FileView
const sorted = (files: readonly FileView[]): FileView[] => [...files].sort((a, b) => compareNames(a.name, b.name))

test('has the order of all names, and the files as they are now, whatever came, changed or went since', () => {
  const order = new NameOrder()
  // no two looks alike, and names that differ in case and marks alone
  const nameOf = (index: number): string => `${'aÄbBä'[index % 5]} ${(index * 7_919) % 1_000}`
  let files: FileView[] = []
  for (let round = 0; round < 40; round++) {
    files = files.concat(Array.from({ length: (round * 5) % 37 }, (_, index) => fileOf(nameOf(files.length + index))))
    if (round % 3 === 0) files = files.map((file, index) => (index % 4 === 0 ? fileOf(file.name, round) : file))
    if (round % 7 === 6) files = files.filter((_, index) => index % 9 !== 4)
    expect(order.of(files)).toEqual(sorted(files))
  }
  expect(order.of([])).toEqual([])
})
