import fc from 'fast-check'
import { expect, it } from 'vitest'
import { HashIndex } from './hash-index.ts'
import { NumberByHash } from './number-by-hash.ts'
import { PackedRows } from './packed-rows.ts'

const names = fc.oneof(
  fc.constantFrom('a', 'b', 'ü/ß', '\ud800', '\udc00x', ''),
  fc.nat(60).map((number) => `folder/${number}`),
)
/** Null: deleted. */
const changes = fc.array(fc.tuple(names, fc.option(fc.uint8Array({ maxLength: 3_000 }))), { maxLength: 400, size: 'max' })

it('has what a map has, whatever was set, changed and deleted', () => {
  fc.assert(
    fc.property(changes, (list) => {
      const rows = new PackedRows()
      const map = new Map<string, string>()
      for (const [name, value] of list) {
        if (value) rows.set(name, value)
        else expect(rows.delete(name)).toBe(map.has(name))
        if (value) map.set(name, Buffer.from(value).toString('hex'))
        else map.delete(name)
      }
      expect(rows.size).toBe(map.size)
      const found = [...rows.numbers()].map((row) => [
        rows.keyAt(row),
        rows.valueAt(row).toString('hex'),
        rows.numberOf(rows.keyAt(row)) === row,
      ])
      expect(found.sort()).toEqual([...map].map(([name, value]) => [name, value, true]).sort())
    }),
    { numRuns: 50 },
  )
})

it('takes rows larger than a piece, and gives back what changes left behind', () => {
  const rows = new PackedRows()
  for (let round = 1; round < 60; round++) for (let file = 0; file < 200; file++) rows.set(`f${file}`, Buffer.alloc(round * 40, file))
  rows.set('large', Buffer.alloc(1_000_000, 7))
  rows.set('small', Buffer.from('x'))
  for (let file = 0; file < 200; file++) expect(rows.get(`f${file}`)?.equals(Buffer.alloc(59 * 40, file))).toBe(true)
  expect(rows.get('large')?.equals(Buffer.alloc(1_000_000, 7))).toBe(true)
  // 200 rows of 2 400 bytes and the large one
  expect(rows.memoryBytes).toBeLessThan(3_000_000)
})

it('finds rows that share a hash, also when one before them goes', () => {
  const index = new HashIndex()
  for (let row = 0; row < 200; row++) index.add(row % 3, row)
  for (let row = 0; row < 200; row += 2) index.delete(row % 3, row)
  expect(index.all(1).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 200 }, (_, row) => row).filter((row) => row % 2 === 1 && row % 3 === 1),
  )
  expect([index.find(2, (row) => row === 5), index.find(2, (row) => row === 8), index.find(7, () => true)]).toEqual([5, -1, -1])
})

it('has a number for each hash as a map has, and for what is none', () => {
  const hashes = fc.oneof(
    fc.constantFrom('aa', ''),
    fc.nat(300).map((number) => number.toString(16).padStart(64, '0')),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(hashes, fc.option(fc.nat())), { maxLength: 1_000, size: 'max' }), (list) => {
      const numbers = new NumberByHash()
      const map = new Map<string, number>()
      for (const [hash, value] of list) {
        if (value === null) expect(numbers.delete(hash)).toBe(map.delete(hash))
        else {
          numbers.set(hash, value)
          map.set(hash, value)
        }
      }
      expect([...numbers].sort()).toEqual([...map].sort())
      expect([numbers.size, new Set(numbers.keys()).size]).toEqual([map.size, map.size])
      for (const [hash, value] of map) expect([numbers.get(hash), numbers.has(hash)]).toEqual([value, true])
    }),
    { numRuns: 50 },
  )
})
