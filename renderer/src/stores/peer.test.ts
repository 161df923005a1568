import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Api, FilesPage, News, Snapshot } from '../../../shared/contract.ts'
import { settingsDefaults } from '../../../shared/settings.ts'
import type { FileView, SafetyView } from '../../../shared/views.ts'
import { useActivity } from './activity.ts'
import { useFiles } from './files.ts'
import { useNotices } from './notices.ts'
import { usePeer } from './peer.ts'

beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
})
afterEach(() => vi.useRealTimers())
/** Until all news are shown. */
const frame = (): Promise<unknown> => vi.advanceTimersByTimeAsync(200)

function file(name: string, sizeBytes = 1): FileView {
  return {
    name,
    sizeBytes,
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
}
const safety: SafetyView = {
  files: 1,
  sizeBytes: 1,
  machines: 1,
  machinesOnline: 1,
  mayFail: 0,
  copying: 0,
  atRisk: 0,
  outOfReach: 0,
  checking: false,
  downloadBytesPerSecond: 0,
  uploadBytesPerSecond: 0,
}

/** `pages`: files that the peer has, those of one answer together. */
function connect(...pages: readonly (readonly FileView[])[]) {
  const page = (index: number): FilesPage => ({ files: pages[index] ?? [], next: index + 1 < pages.length ? index + 1 : null })
  const snapshot: Snapshot = {
    ring: { name: 'Home', ringId: 'r', selfId: 'a', copiesWanted: 3, bits: 160, machines: [], neighbours: [] },
    files: page(0),
    transfers: [],
    activity: [],
    safety,
    settings: { ...settingsDefaults, machineName: 'Desk', sharedFolder: null, downloadsFolder: '/d' },
    nearby: [],
    host: 'desktop',
    version: '0',
  }
  let answer: () => void = () => undefined
  let tell: (news: News) => void = () => undefined
  const ran: string[] = []
  const run = (name: string, argument: unknown): Promise<unknown> => {
    ran.push(name)
    const later = (value: unknown): Promise<unknown> => new Promise((resolve) => (answer = () => resolve({ ok: true, value })))
    if (name === 'open') return later(snapshot)
    if (name === 'listFiles') return later(page((argument as { next: number }).next))
    return Promise.resolve({ ok: true, value: name === 'listRemoved' ? [] : null })
  }
  const api: Api = {
    host: 'desktop',
    platform: 'linux',
    run: run as Api['run'],
    onNews: (listener) => {
      tell = listener
      return () => undefined
    },
    storeFiles: () => Promise.resolve({ ok: true, queued: 0 }),
    downloadAddress: () => null,
  }
  usePeer().connect(api)
  return {
    /** Answers the question that was asked last when this was read. */
    get answer() {
      return answer
    },
    tell: (news: News) => tell(news),
    ran,
  }
}

const shown = (): (readonly [string, number])[] => [...useFiles().byName.values()].map(({ name, sizeBytes }) => [name, sizeBytes] as const)

test('news that overtake the snapshot are applied after it', async () => {
  const peer = connect([file('a', 1), file('b', 1)])
  peer.tell({ kind: 'files', changed: [file('a', 2)], removed: ['b'] })
  peer.answer()
  await frame()
  expect(usePeer().state).toBe('ready')
  expect(shown()).toEqual([['a', 2]])
})

test('files come a page after the other, each when the one before it is there, and what news said meanwhile stays', async () => {
  const peer = connect([file('a'), file('b')], [file('c'), file('d'), file('e')], [file('f'), file('c', 9)])
  peer.answer()
  await frame()
  expect(usePeer().state).toBe('ready')
  expect(useFiles().isComplete).toBe(false)
  expect(shown()).toEqual([
    ['a', 1],
    ['b', 1],
  ])
  peer.tell({ kind: 'files', changed: [file('c', 2), file('new')], removed: ['d', 'a'] })
  peer.answer()
  await frame()
  expect(shown().toSorted()).toEqual([
    ['b', 1],
    ['c', 2],
    ['e', 1],
    ['new', 1],
  ])
  // it was asked for after that news: it knows better
  peer.answer()
  await frame()
  expect(useFiles().isComplete).toBe(true)
  expect(shown().toSorted()).toEqual([
    ['b', 1],
    ['c', 9],
    ['e', 1],
    ['f', 1],
    ['new', 1],
  ])
  expect(peer.ran.filter((name) => name === 'listFiles')).toHaveLength(2)
})

test('pages of a connection that was lost are not asked for any more', async () => {
  const peer = connect([file('a')], [file('b')], [file('c')])
  peer.answer()
  await frame()
  const late = peer.answer
  void usePeer().open()
  peer.answer()
  late()
  await frame()
  expect(shown()).toEqual([['a', 1]])
  expect(useFiles().isComplete).toBe(false)
  for (let page = 0; page < 2; page++) {
    peer.answer()
    await frame()
  }
  expect(shown().map(([name]) => name)).toEqual(['a', 'b', 'c'])
})

test('a line of activity is kept once', async () => {
  const peer = connect([])
  peer.answer()
  await frame()
  const line = { sequence: 7, at: 1, kind: 'ring', text: 'x', line: null, machineId: null, name: null } as const
  peer.tell({ kind: 'activity', lines: [line] })
  peer.tell({ kind: 'activity', lines: [line, { ...line, sequence: 8 }] })
  await frame()
  expect(useActivity().lines.map(({ sequence }) => sequence)).toEqual([7, 8])
})

test('a name clash offers what can be done about it', async () => {
  const peer = connect([])
  peer.answer()
  await frame()
  peer.tell({
    kind: 'notice',
    notice: { tone: 'warning', text: 'a.txt is there already', error: null, actions: ['replace', 'keep-both'], transferId: 't1' },
  })
  const actions = useNotices().notices[0]?.actions ?? []
  expect(actions.map(({ label }) => label)).toEqual(['Replace', 'Keep both'])
  actions[0]?.run()
  expect(peer.ran).toContain('retryTransfer')
})
