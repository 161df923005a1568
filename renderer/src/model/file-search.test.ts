import { expect, test } from 'vitest'
import type { FileView } from '../../../shared/views.ts'
import { BestMatches, FileSearch, matchesFilter, matchesMax } from './file-search.ts'
import { listed, type ListedFile } from './listed-file.ts'

const file = (name: string, change: Partial<FileView> = {}): ListedFile =>
  listed({ name, state: 'safe', here: true, liveVersions: 1, ...change } as unknown as FileView)

test('filters', () => {
  expect(matchesFilter(file('a', { liveVersions: 2 }), 'conflict')).toBe(true)
  expect(matchesFilter(file('a', { here: false }), 'away')).toBe(true)
  expect(matchesFilter(file('a'), 'at-risk')).toBe(false)
})

test('a name fits in whichever case and form its letters are written', () => {
  const search = new FileSearch(' Å ', 'all')
  expect([search.hasName(file('hylle/A\u030apen.md')), search.hasName(file('apen.md'))]).toEqual([true, false])
  expect([search.isForAll, new FileSearch(' ', 'all').isForAll, new FileSearch('', 'away').isForAll]).toEqual([false, true, false])
})

test('the exact name is the first match, then names that begin so, and never too many', () => {
  const best = new BestMatches(new FileSearch('AURORA', 'all'))
  const many = Array.from({ length: 50 }, (_, index) => file(`Other/x aurora ${index}`))
  for (const one of [...many, file('Photos/Aurora.jpg'), file('aurora')]) best.add(one)
  expect(best.files.slice(0, 2).map(({ name }) => name)).toEqual(['aurora', 'Photos/Aurora.jpg'])
  expect(best.files).toHaveLength(matchesMax)
})
