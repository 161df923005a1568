import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { RemovedView, VersionState, VersionView, WhereView } from '../../../shared/views.ts'
import type { WindowApi } from '../api.ts'
import { formatExact } from '../model/dates.ts'
import { useConnection } from '../stores/connection.ts'
import { useNotices } from '../stores/notices.ts'
import { useTrash } from '../stores/trash.ts'
import { useWindow } from '../stores/window.ts'
import FileConflict from './FileConflict.vue'
import FileFilters from './FileFilters.vue'
import FileVersions from './FileVersions.vue'
import TrashList from './TrashList.vue'

const now = Date.parse('2026-11-23T12:00:00')
const hour = 3_600_000
let asked: [name: string, argument: unknown][]
let removed: RemovedView[]

/** A peer that says yes to everything and remembers what it was asked. */
function connect(host: 'desktop' | 'browser' = 'desktop'): void {
  const answers: Partial<Record<string, unknown>> = { keepBothVersions: { name: 'Notes/Shopping (2).md' } }
  const run = (name: string, argument: unknown): Promise<unknown> => {
    asked.push([name, argument])
    return Promise.resolve({ ok: true, value: name === 'listRemoved' ? removed : (answers[name] ?? null) })
  }
  useConnection().api = {
    host,
    platform: 'linux',
    run: run as WindowApi['run'],
    onNews: () => () => undefined,
    storeFiles: () => Promise.resolve({ ok: true, queued: 0 }),
    downloadAddress: (name, version = '') => (host === 'browser' ? `/download?name=${name}&version=${version}` : null),
  }
}

const version = (id: string, state: VersionState, writerName: string, hoursAgo: number): VersionView => ({
  version: id,
  state,
  sizeBytes: 2000,
  sha256: id.repeat(2),
  storedAt: now - hoursAgo * hour,
  writerId: writerName,
  writerName,
  holders: [{ machineId: 'Desk', verifiedAt: 1, online: true }],
})
const where: WhereView = {
  name: 'Notes/Shopping.md',
  key: 'k',
  keyPosition: 0,
  versions: [version('v1', 'current', 'Desk', 1), version('v2', 'conflict', 'Attic', 2), version('v3', 'earlier', 'Laptop', 30)],
  route: [],
  lookupMs: 1,
}
const inTrash = (name: string, daysLeft = 30): RemovedView => ({ name, sizeBytes: 1, removedAt: now - hour, removedBy: 'Laptop', daysLeft })
const notice = (): string => useNotices().notices.at(-1)?.text ?? ''

beforeEach(() => {
  setActivePinia(createPinia())
  asked = []
  removed = []
  vi.useFakeTimers({ now, toFake: ['Date', 'setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] })
  return () => vi.useRealTimers()
})

describe('a conflict', () => {
  test('shows both versions with writer and time, and not what the file was before', () => {
    connect()
    const lines = mount(FileConflict, { props: { where, now } }).findAll('[data-testid=version]')
    expect(lines.map((line) => line.text())).toEqual([
      expect.stringMatching(/by Desk, today 11:00 · shown now/),
      expect.stringMatching(/by Attic, today 10:00/),
    ])
    expect(lines[1]?.html()).toContain(`title="${formatExact(now - 2 * hour)}"`)
  })

  test('ends when one is used, and says where the others are', async () => {
    connect()
    await mount(FileConflict, { props: { where, now } }).findAll('[data-testid=version-use]')[1]?.trigger('click')
    await flushPromises()
    expect(asked).toEqual([['chooseVersion', { name: 'Notes/Shopping.md', version: 'v2' }]])
    expect(notice()).toContain('earlier versions')
  })

  test('ends when both are kept: the one that is not shown gets a name', async () => {
    connect()
    const buttons = mount(FileConflict, { props: { where, now } }).findAll('[data-testid=version-keep-both]')
    expect(buttons).toHaveLength(1)
    await buttons[0]?.trigger('click')
    await flushPromises()
    expect(asked).toEqual([['keepBothVersions', { name: 'Notes/Shopping.md', version: 'v2' }]])
    expect(notice()).toContain('Shopping (2).md')
  })
})

describe('earlier versions', () => {
  test('one is restored, and the restoring undone', async () => {
    connect()
    await mount(FileVersions, { props: { where, now } }).get('[data-testid=version-restore]').trigger('click')
    await flushPromises()
    expect(notice()).toBe('Shopping.md is as it was yesterday.')
    useNotices().notices.at(-1)?.actions[0]?.run()
    await flushPromises()
    expect(asked).toEqual([
      ['restoreFile', { name: 'Notes/Shopping.md', version: 'v3' }],
      ['restoreFile', { name: 'Notes/Shopping.md', version: 'v1' }],
    ])
  })

  test('a copy of one is fetched without changing the file', async () => {
    connect()
    await mount(FileVersions, { props: { where, now } }).get('[data-testid=version-save]').trigger('click')
    expect(asked).toEqual([['requestFile', { name: 'Notes/Shopping.md', version: 'v3' }]])
  })

  test('in a browser the copy is a download of that version', () => {
    connect('browser')
    const link = mount(FileVersions, { props: { where, now } }).get('a[download]')
    expect(link.attributes('href')).toBe('/download?name=Notes/Shopping.md&version=v3')
  })

  test('none are shown where there are none', () => {
    connect()
    const without = { ...where, versions: where.versions.slice(0, 2) }
    expect(
      mount(FileVersions, { props: { where: without, now } })
        .find('section')
        .exists(),
    ).toBe(false)
  })
})

describe('the trash', () => {
  /** Rows are drawn for the height there is; a page without layout has none. */
  const mountTrash = async () => {
    vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(400)
    connect()
    useTrash().refresh()
    await flushPromises()
    const list = mount(TrashList, { attachTo: document.body })
    await flushPromises()
    return list
  }

  test('tells who removed what, when and for how long it stays, and puts it back', async () => {
    removed = [inTrash('Letters/Draft.docx'), inTrash('run.csv', 1)]
    const rows = (await mountTrash()).findAll('[data-testid=trash-row]')
    expect(rows.map((row) => row.text().replace(/\s+/g, ' '))).toEqual([
      expect.stringMatching(/Letters\/ ?Draft\.docx.*removed by Laptop today at 11:00.*30 days left/),
      expect.stringMatching(/run\.csv.*last day/),
    ])
    await rows[0]?.get('[data-testid=put-back]').trigger('click')
    expect(asked.at(-1)).toEqual(['restoreFile', { name: 'Letters/Draft.docx' }])
  })

  test('is narrowed by the search, and what is found goes back at once', async () => {
    removed = [inTrash('Photos/a.jpg'), inTrash('Photos/b.jpg'), inTrash('run.csv')]
    useWindow().query = 'photos'
    const list = await mountTrash()
    await list.get('button').trigger('click')
    await flushPromises()
    expect(asked.slice(1)).toEqual([
      ['restoreFile', { name: 'Photos/a.jpg' }],
      ['restoreFile', { name: 'Photos/b.jpg' }],
    ])
  })

  test('has its place among the filters while there is something in it', async () => {
    connect()
    const filters = mount(FileFilters)
    expect(filters.find('[data-testid=filter-trash]').exists()).toBe(false)
    removed = [inTrash('run.csv')]
    useTrash().refresh()
    await flushPromises()
    expect(filters.get('[data-testid=filter-trash]').text()).toBe('Trash 1')
  })

  test('is asked for again when a name goes, once for many', async () => {
    connect()
    const trash = useTrash()
    trash.filesChanged([], ['a'])
    trash.filesChanged([], ['b'])
    trash.filesChanged([], ['c'])
    await flushPromises()
    expect(asked).toHaveLength(1)
    removed = [inTrash('a'), inTrash('b'), inTrash('c')]
    await vi.advanceTimersByTimeAsync(1000)
    await flushPromises()
    expect([asked.length, trash.removed.length]).toEqual([2, 3])
  })
})
