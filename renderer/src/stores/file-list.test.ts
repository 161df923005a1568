import { createPinia, setActivePinia } from 'pinia'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { computed, isReactive } from 'vue'
import type { FilesPage } from '../../../shared/contract.ts'
import type { FileView } from '../../../shared/views.ts'
import { matchesMax } from '../model/file-search.ts'
import { listed, type ListedFile } from '../model/listed-file.ts'
import { useFileList } from './file-list.ts'
import { useFiles } from './files.ts'
import { useWindow } from './window.ts'

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
const page = (files: readonly FileView[], next: number | null = null): FilesPage => ({ files, next })
const numbered = (count: number): ListedFile[] => Array.from({ length: count }, (_, index) => file(`run ${index}`))

// one clock for all: when news were last shown is known beyond a test
beforeAll(() => {
  vi.useFakeTimers()
})
beforeEach(() => {
  setActivePinia(createPinia())
  useWindow().sort = { column: 'name', down: false }
})
afterEach(() => vi.advanceTimersByTimeAsync(2_000))
afterAll(() => vi.useRealTimers())

test('a big list holds the files themselves: through a proxy each, sorting them would hold the window up', () => {
  useFiles().fill(page(numbered(5_000)))
  const { rows } = useFileList()
  expect(rows).toHaveLength(5_000)
  expect(rows.filter((row) => isReactive(row))).toEqual([])
})

test('a search keeps the order, and nothing searched for is the sorted list itself', () => {
  useFiles().fill(page([file('run 10'), file('walk'), file('run 9', { here: false })]))
  const [list, view] = [useFileList(), useWindow()]
  const before = list.rows
  view.query = 'RUN'
  expect(names(list.rows)).toEqual(['run 9', 'run 10'])
  view.filter = 'away'
  expect(names(list.rows)).toEqual(['run 9'])
  view.showFiles('all')
  view.query = ''
  expect(list.rows).toBe(before)
  view.sort = { column: 'name', down: true }
  expect(names(list.rows)).toEqual(['walk', 'run 10', 'run 9'])
})

test('what came, changed or went is where it belongs with the next picture of news, and found there by its name', async () => {
  const [files, list] = [useFiles(), useFileList()]
  files.fill(page([file('b'), file('d'), file('f')]))
  await vi.advanceTimersByTimeAsync(200)
  files.apply([file('a'), file('d', { sizeBytes: 7 }), file('g', { liveVersions: 2 })], ['f'])
  // not shown yet: places are those of the rows that are
  expect(names(list.rows)).toEqual(['b', 'd', 'f'])
  expect(['a', 'd', 'f', 'g'].map((name) => list.indexOf(name))).toEqual([-1, 1, 2, -1])
  await vi.advanceTimersByTimeAsync(200)
  expect(list.rows.map(({ name, sizeBytes }) => [name, sizeBytes])).toEqual([
    ['a', 1],
    ['b', 1],
    ['d', 7],
    ['g', 1],
  ])
  expect(['a', 'd', 'f', 'g', null].map((name) => list.indexOf(name))).toEqual([0, 2, -1, 3, -1])
  expect(files.conflicts).toBe(1)
  files.apply([file('g')], [])
  await vi.advanceTimersByTimeAsync(200)
  expect(files.conflicts).toBe(0)
})

test('the place of a file moves with the rows, for whoever computes with it', async () => {
  const [files, list, view] = [useFiles(), useFileList(), useWindow()]
  files.fill(page([file('b'), file('d')]))
  await vi.advanceTimersByTimeAsync(200)
  const place = computed(() => list.indexOf('d'))
  const later = computed(() => list.indexOf('c'))
  expect([place.value, later.value]).toEqual([1, -1])
  files.apply([file('a'), file('c')], [])
  await vi.advanceTimersByTimeAsync(200)
  expect([place.value, later.value]).toEqual([3, 2])
  view.query = 'd'
  expect(place.value).toBe(0)
  // news that do not fit change nothing
  const before = list.rows
  files.apply([file('e')], [])
  await vi.advanceTimersByTimeAsync(200)
  expect([list.rows === before, files.count]).toEqual([true, 5])
})

test('a big list follows the news once a second, and at once when all of it is told anew', async () => {
  const [files, list] = [useFiles(), useFileList()]
  files.fill(page(numbered(5_000)))
  await vi.advanceTimersByTimeAsync(2_000)
  let changes = 0
  for (let round = 0, seen = list.rows; round < 40; round++) {
    files.apply([file(`walk ${round}`)], [])
    await vi.advanceTimersByTimeAsync(100)
    if (list.rows !== seen) changes++
    seen = list.rows
  }
  expect(changes).toBeGreaterThanOrEqual(3)
  expect(changes).toBeLessThanOrEqual(5)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(list.rows).toHaveLength(5_040)
  files.fill(page([file('only')]))
  await vi.advanceTimersByTimeAsync(0)
  expect(names(list.rows)).toEqual(['only'])
})

describe('with more files than one step takes', () => {
  /** Each look at the clock is half a millisecond later. */
  function withSlowClock(): void {
    let now = performance.now()
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 0.5))
  }
  beforeEach(async () => {
    useFiles().fill(page([...numbered(30_000), file('walk')]))
    useFileList()
    await vi.advanceTimersByTimeAsync(2_000)
    withSlowClock()
  })
  afterEach(() => void vi.restoreAllMocks())

  test('a search shows what a window has room for at once, and the rest when it is over', async () => {
    const [list, view] = [useFileList(), useWindow()]
    view.query = 'run'
    expect(list.rows).toHaveLength(500 + 1)
    await vi.advanceTimersByTimeAsync(50)
    expect(list.rows).toHaveLength(30_000)
    expect(list.indexOf('run 7')).toBe(7)
  })

  test('the rows before stay until there are others, and who is faster than the search has it ended', () => {
    const [list, view] = [useFileList(), useWindow()]
    const before = list.rows
    view.query = 'WALK'
    expect(list.rows).toBe(before)
    list.finish()
    expect([names(list.rows), names(list.matches)]).toEqual([['walk'], ['walk']])
    view.query = ''
    expect(list.rows).toBe(before)
  })

  test('a search that is not over gives way to the next one, and to what was searched for before', async () => {
    const [list, view] = [useFileList(), useWindow()]
    view.query = 'run 1'
    await vi.advanceTimersByTimeAsync(50)
    const before = names(list.rows)
    for (const query of ['run 10', 'run 1', 'run 12', 'run 1']) view.query = query
    await vi.advanceTimersByTimeAsync(50)
    expect(names(list.rows)).toEqual(before)
    view.sort = { column: 'name', down: true }
    view.query = 'run 29999'
    await vi.advanceTimersByTimeAsync(200)
    expect(names(list.rows)).toEqual(['run 29999'])
    view.query = ''
    expect(names(list.rows.slice(0, 2))).toEqual(['walk', 'run 29999'])
  })

  test('news that come while something is sorted or searched are shown after it, none of them twice or never', async () => {
    const [files, list, view] = [useFiles(), useFileList(), useWindow()]
    view.query = 'run 2'
    for (let round = 0; round < 30; round++) {
      files.apply([file(`run 2 ${round}`), file('run 25', { sizeBytes: round })], [`run ${round}`])
      if (round % 3 === 0) view.query = round % 2 === 0 ? 'run 2' : 'run'
      if (round % 7 === 0) view.sort = { column: round % 2 === 0 ? 'name' : 'size', down: false }
      await vi.advanceTimersByTimeAsync(97)
    }
    view.query = 'run 2'
    view.sort = { column: 'name', down: false }
    await vi.advanceTimersByTimeAsync(3_000)
    const fitting = [...files.byName.values()].filter(({ name }) => name.startsWith('run 2'))
    expect(list.rows).toHaveLength(fitting.length)
    expect(new Set(list.rows)).toEqual(new Set(fitting))
    expect(list.rows.every((one, index) => list.indexOf(one.name) === index)).toBe(true)
    expect(list.matches).toHaveLength(matchesMax)
  })
})
