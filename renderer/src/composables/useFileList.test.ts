import { createPinia, setActivePinia } from 'pinia'
import { expect, test } from 'vitest'
import { effectScope, isReactive } from 'vue'
import type { FileView } from '../../../shared/views.ts'
import { listed, type ListedFile } from '../model/listed-file.ts'
import { NameOrder } from '../model/name-order.ts'
import { useFiles } from '../stores/files.ts'
import { useWindow } from '../stores/window.ts'
import { matchesFilter, sortFiles, useFileList } from './useFileList.ts'
import { findMatches, matchesMax } from './useMatches.ts'

function file(name: string, change: Partial<FileView> = {}): ListedFile {
  const base: FileView = {
    name,
    sizeBytes: 1,
    storedAt: 1,
    writerId: 'a',
    writerName: 'Desk',
    sha256: '',
    state: 'safe',
    holders: [],
    copiesWanted: 3,
    here: true,
    liveVersions: 1,
  }
  return listed({ ...base, ...change })
}
const names = (files: readonly FileView[]): string[] => files.map(({ name }) => name)

test('numbers in names sort as numbers, and what needs a person comes first by state', () => {
  expect(names(new NameOrder().of([file('run 10'), file('run 9')]))).toEqual(['run 9', 'run 10'])
  const mixed = [file('a'), file('b', { state: 'copying' }), file('c', { state: 'out-of-reach' }), file('d', { state: 'at-risk' })]
  expect(names(sortFiles(mixed, 'state'))).toEqual(['c', 'd', 'b', 'a'])
})

test('filters', () => {
  expect(matchesFilter(file('a', { liveVersions: 2 }), 'conflict')).toBe(true)
  expect(matchesFilter(file('a', { here: false }), 'away')).toBe(true)
  expect(matchesFilter(file('a'), 'at-risk')).toBe(false)
})

test('a big list holds the files themselves: through a proxy each, sorting them would hold the window up', () => {
  setActivePinia(createPinia())
  const many = Array.from({ length: 5_000 }, (_, index) => file(`run ${index}`))
  useFiles().fill(many)
  const scope = effectScope()
  const { rows } = scope.run(useFileList) ?? {}
  expect(rows?.value).toHaveLength(many.length)
  expect(rows?.value.filter((row) => isReactive(row))).toEqual([])
  scope.stop()
})

test('a search keeps the order, and nothing searched for is the sorted list itself', () => {
  setActivePinia(createPinia())
  useFiles().fill([file('run 10'), file('walk'), file('run 9', { here: false })])
  const view = useWindow()
  view.sort = { column: 'name', down: false }
  const scope = effectScope()
  const { rows } = scope.run(useFileList) ?? {}
  const before = rows?.value
  view.query = 'RUN'
  expect(names(rows?.value ?? [])).toEqual(['run 9', 'run 10'])
  view.filter = 'away'
  expect(names(rows?.value ?? [])).toEqual(['run 9'])
  view.showFiles('all')
  view.query = ''
  expect(rows?.value).toBe(before)
  scope.stop()
})

test('the exact name is the first match, then names that begin so, and never too many', () => {
  const many = Array.from({ length: 50 }, (_, index) => file(`Other/x aurora ${index}`))
  const found = names(findMatches([...many, file('Photos/Aurora.jpg'), file('aurora')], 'AURORA'))
  expect(found.slice(0, 2)).toEqual(['aurora', 'Photos/Aurora.jpg'])
  expect(found).toHaveLength(matchesMax)
})
