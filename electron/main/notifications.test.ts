import { expect, test } from 'vitest'
import type { SafetyView, TransferView } from '../../shared/views.ts'
import { createNotifier } from './notifications.ts'

const transfer: TransferView = {
  id: 't1',
  kind: 'request',
  name: 'film.mkv',
  state: 'done',
  waitsFor: null,
  pace: null,
  sizeBytes: 1,
  doneBytes: 1,
  bytesPerSecond: 0,
  secondsLeft: null,
  parts: [],
  startedAt: 0,
  endedAt: 1,
  error: null,
  path: '/home/x/Downloads/film.mkv',
}
const safety: SafetyView = {
  files: 3,
  sizeBytes: 1,
  machines: 3,
  machinesOnline: 3,
  mayFail: 1,
  copying: 0,
  atRisk: 0,
  outOfReach: 0,
  checking: false,
  downloadBytesPerSecond: 0,
  uploadBytesPerSecond: 0,
}

function setUp(state = { wanted: true, watching: false }, earlier: TransferView[] = []) {
  const shown: string[] = []
  const hear = createNotifier(
    { wanted: () => state.wanted, watching: () => state.watching, show: (text) => shown.push(text.title) },
    earlier,
  )
  return {
    shown,
    transfers: (...changed: TransferView[]) => hear({ kind: 'transfers', changed, removed: [] }),
    safety: (patch: Partial<SafetyView>) => hear({ kind: 'safety', safety: { ...safety, ...patch } }),
  }
}

test('a request that ended is told once', () => {
  const { shown, transfers } = setUp()
  transfers({ ...transfer, state: 'running', endedAt: null })
  transfers(transfer)
  transfers(transfer)
  expect(shown).toEqual(['film.mkv is here'])
})

test('a failed one is told again after a retry', () => {
  const { shown, transfers } = setUp()
  transfers({ ...transfer, state: 'failed' })
  transfers({ ...transfer, state: 'running', endedAt: null })
  transfers(transfer)
  expect(shown).toEqual(['film.mkv could not be fetched', 'film.mkv is here'])
})

test('stores, earlier ends, a watched window and the setting keep quiet', () => {
  const quiet = setUp()
  quiet.transfers({ ...transfer, kind: 'store' })
  expect(quiet.shown).toEqual([])
  const earlier = setUp({ wanted: true, watching: false }, [transfer])
  earlier.transfers(transfer)
  expect(earlier.shown).toEqual([])
  for (const state of [
    { wanted: true, watching: true },
    { wanted: false, watching: false },
  ]) {
    const { shown, transfers } = setUp(state)
    transfers(transfer)
    expect(shown).toEqual([])
  }
})

test('files at risk are told when they begin to be, not again while they are', () => {
  const { shown, safety: tell } = setUp()
  tell({ atRisk: 2 })
  tell({ atRisk: 3 })
  tell({ atRisk: 0 })
  tell({ atRisk: 1 })
  expect(shown).toEqual(['2 files are at risk', '1 file is at risk'])
})

test('a ring of one is not at risk, and nothing is told while it is being checked', () => {
  const { shown, safety: tell } = setUp()
  tell({ atRisk: 2, machines: 1 })
  tell({ atRisk: 2, checking: true })
  expect(shown).toEqual([])
})
