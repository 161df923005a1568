import { beforeEach, describe, expect, it } from 'vitest'
import { MemoryKeyValue } from '../../../tests/fakes/memory-key-value.ts'
import { hashOf, recordOf, versionOf } from '../../../tests/fakes/records.ts'
import { NamesByContent } from './names-by-content.ts'
import type { Row } from './record-rows.ts'

let store: MemoryKeyValue
let pending: Map<string, Row>
let names: NamesByContent

beforeEach(() => {
  store = new MemoryKeyValue()
  pending = new Map()
  names = new NamesByContent(store, pending)
})

const row = (name: string, content: string): Row => ({ revision: 1, record: recordOf(name, versionOf(content)), removedSince: null })

async function write(from: number, to: number): Promise<void> {
  const contents = Array.from({ length: to - from }, (_, index) => `content ${from + index}`)
  for (const content of contents) names.came(`of ${content}`, [hashOf(content)])
  await store.batch(contents.map((content) => ({ type: 'put', key: `s!${hashOf(content)}!of ${content}`, value: '' })))
}

async function namesOf(...contents: string[]): Promise<string[][]> {
  const found = await names.of(new Set(contents.map(hashOf)))
  return contents.map((content) => [...(found.get(hashOf(content)) ?? [])].sort())
}

describe('names by content', () => {
  it('are those of the rows, before and after the first search', async () => {
    await write(0, 100)
    expect(await namesOf('content 7', 'none')).toEqual([['of content 7'], []])
    await write(100, 200)
    expect(await namesOf('content 7', 'content 150')).toEqual([['of content 7'], ['of content 150']])
  })

  it('are all there when more have come than were foreseen', async () => {
    await write(0, 10)
    expect(await namesOf('content 1')).toEqual([['of content 1']])
    await write(10, 6_000)
    expect(await namesOf('content 1', 'content 5999', 'none')).toEqual([['of content 1'], ['of content 5999'], []])
  })

  it('are those of rows on their way, and of rows that come during the search', async () => {
    pending.set('on its way', row('on its way', 'x'))
    const search = namesOf('x', 'y')
    names.came('meanwhile', [hashOf('y')])
    expect(await search).toEqual([['on its way'], ['meanwhile']])
    // written by now, and read before it was
    pending.clear()
    await store.batch([{ type: 'put', key: `s!${hashOf('x')}!on its way`, value: '' }])
    expect(await namesOf('x')).toEqual([['on its way']])
  })
})
