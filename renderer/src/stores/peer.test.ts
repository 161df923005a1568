import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Api, News, Snapshot } from '../../../shared/contract.ts'
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

function connect(files: readonly FileView[]) {
  const snapshot: Snapshot = {
    ring: { name: 'Home', ringId: 'r', selfId: 'a', copiesWanted: 3, bits: 160, machines: [], neighbours: [] },
    files,
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
  const run = (name: string): Promise<unknown> => {
    ran.push(name)
    return name === 'open'
      ? new Promise((resolve) => (answer = () => resolve({ ok: true, value: snapshot })))
      : Promise.resolve({ ok: true, value: name === 'listRemoved' ? [] : null })
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
  return { answer: () => answer(), tell: (news: News) => tell(news), ran }
}

test('news that overtake the snapshot are applied after it', async () => {
  const peer = connect([file('a', 1), file('b', 1)])
  peer.tell({ kind: 'files', changed: [file('a', 2)], removed: ['b'] })
  peer.answer()
  await frame()
  expect(usePeer().state).toBe('ready')
  expect([...useFiles().byName.values()].map(({ name, sizeBytes }) => [name, sizeBytes])).toEqual([['a', 2]])
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
