import { expect, test } from 'vitest'
import type { FileView } from '../../../shared/views.ts'
import { FileOrder, sorted, type SortColumn } from './file-order.ts'
import { listed, type ListedFile } from './listed-file.ts'

const states = ['safe', 'copying', 'out-of-reach', 'at-risk', 'checking'] as const
const file = (name: string, change: Partial<FileView> = {}): ListedFile =>
  listed({ name, sizeBytes: 1, storedAt: 1, state: 'safe', holders: [], ...change } as unknown as FileView)
function atOnce<T>(work: Generator<void, T>): T {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
  }
}
const namesBy = (column: SortColumn, down: boolean, files: readonly ListedFile[]): string[] =>
  atOnce(sorted({ column, down }, files)).files.map(({ name }) => name)

test('numbers in names sort as numbers, case and marks do not matter, and what needs a person comes first by state', () => {
  expect(namesBy('name', false, [file('run 10'), file('Ruñ 9'), file('run 8')])).toEqual(['run 8', 'Ruñ 9', 'run 10'])
  const mixed = [file('a'), file('b', { state: 'copying' }), file('c', { state: 'out-of-reach' }), file('d', { state: 'at-risk' })]
  expect(namesBy('state', false, mixed)).toEqual(['c', 'd', 'b', 'a'])
  expect(namesBy('state', true, mixed)).toEqual(['a', 'b', 'd', 'c'])
})

test.for([['name', false] as const, ['changed', true] as const, ['state', false] as const, ['size', true] as const])(
  'has the order of all files by %s, down: %s, whatever came, changed or went since',
  ([column, down]) => {
    // no two looks alike, and names that differ in case and marks alone
    const nameOf = (index: number): string => `${'aÄbBä'[index % 5]} ${(index * 7_919) % 1_000}`
    const make = (index: number, round: number): ListedFile =>
      file(nameOf(index), {
        sizeBytes: (index * round) % 7,
        storedAt: (index * 31 + round) % 11,
        state: states[(index + round) % 5] ?? 'safe',
      })
    const files = new Map<string, ListedFile>()
    let order = new FileOrder({ column, down }, [])
    for (let round = 0; round < 40; round++) {
      const before = new Map(files)
      for (let index = 0; index < (round * 5) % 37; index++) {
        const fresh = make(round * 40 + index, round)
        files.set(fresh.name, fresh)
      }
      const known = [...files.keys()]
      if (round % 3 === 0)
        for (let index = 0; index < known.length; index += 4) files.set(known[index]!, file(known[index]!, { sizeBytes: round }))
      if (round % 7 === 6) for (let index = 4; index < known.length; index += 9) files.delete(known[index]!)
      order = atOnce(
        order.changed(
          [...before.values()].filter((was) => files.get(was.name) !== was),
          [...files.values()].filter((is) => before.get(is.name) !== is),
        ),
      )
      expect(order.files).toEqual(atOnce(sorted({ column, down }, [...files.values()])).files)
    }
    expect(files.size).toBeGreaterThan(300)
    const some = new FileOrder(
      order.sorting,
      order.files.filter((_, index) => index % 3 === 0),
    )
    expect(some.files.map((one) => some.indexOf(one))).toEqual([...some.files.keys()])
    expect(some.indexOf(order.files[1]!)).toBe(-1)
    expect(atOnce(order.changed(order.files, [])).files).toEqual([])
  },
)

test('many files are sorted and changed as few are, with rests in between', () => {
  const numbers = Array.from({ length: 7_001 }, (_, index) => (index * 7_919) % 7_001)
  const files = numbers.map((number) => file(`run ${number}`))
  const inOrder = Array.from(numbers, (_, index) => `run ${index}`)
  expect([...sorted({ column: 'name', down: false }, files)].length).toBeGreaterThan(14)
  const order = atOnce(sorted({ column: 'name', down: false }, files))
  expect(order.files.map(({ name }) => name)).toEqual(inOrder)
  expect([...order.changed([order.files[5_000]!], [file('run 7001')])].length).toBeGreaterThan(14)
  const changed = atOnce(order.changed([order.files[5_000]!], [file('run 7001')]))
  expect(changed.files.map(({ name }) => name)).toEqual([...inOrder.slice(0, 5_000), ...inOrder.slice(5_001), 'run 7001'])
})
