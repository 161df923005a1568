import { expect, test } from 'vitest'
import { recordOf, versionOf } from '../../../tests/fakes/records.ts'
import { IdentifierSpace, type Identifier } from '../protocol/identifier.ts'
import { pageOf } from './arc-pages.ts'
import { ArcIndex, entryDigest, type Arc } from './digests.ts'

const digestOf = (name: string): string => entryDigest(recordOf(name, versionOf('x')), [])
const space = new IdentifierSpace(16)
const id = (value: number): Identifier => space.fromBigInt(BigInt(value))

/** The pages of an arc, one after the other. */
function pagesOf(index: ArcIndex, arc: Arc): string[][] {
  const pages: string[][] = []
  for (let from = arc.from; ;) {
    const page = pageOf(index, { from, to: arc.to })
    pages.push(page.entries.map((entry) => entry.name))
    if (page.upTo === arc.to) return pages
    from = page.upTo
  }
}

test('pages cover an arc, once, and none ends within a key', () => {
  const index = new ArcIndex(space)
  const names = Array.from({ length: 10_000 }, (_, at) => ({ name: `${at}`, key: id(Math.floor(at / 3)) }))
  for (const { name, key } of names) index.set({ name, key, digest: digestOf(name) })
  const pages = pagesOf(index, { from: id(60_000), to: id(50_000) })
  expect(pages.length).toBe(3)
  expect(pages.flat()).toHaveLength(10_000)
  expect(new Set(pages.flat()).size).toBe(10_000)
  for (const page of pages.slice(0, -1)) expect(page.length % 3).toBe(0)
})

test('long names make shorter pages', () => {
  const index = new ArcIndex(space)
  for (let at = 0; at < 1000; at++) {
    const name = `${'x'.repeat(4000)}${at}`
    index.set({ name, key: id(at), digest: digestOf(name) })
  }
  const pages = pagesOf(index, { from: id(60_000), to: id(50_000) })
  expect(pages.flat()).toHaveLength(1000)
  for (const page of pages) expect(page.join().length).toBeLessThan(1_048_576)
})

test('an empty arc is one empty page', () => {
  expect(pagesOf(new ArcIndex(space), { from: id(5), to: id(5) })).toEqual([[]])
})
