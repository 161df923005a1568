import { expect, test } from 'vitest'
import type { FileView, SafetyView } from '../../../shared/views.ts'
import { words } from '../locales/en.ts'
import { sayHowSafe } from './safety-words.ts'

const safe: SafetyView = {
  files: 1204,
  sizeBytes: 1,
  machines: 4,
  machinesOnline: 4,
  mayFail: 2,
  copying: 0,
  atRisk: 0,
  outOfReach: 0,
  checking: false,
  downloadBytesPerSecond: 0,
  uploadBytesPerSecond: 0,
}
const say = (change: Partial<SafetyView>) => sayHowSafe({ ...safe, ...change }, 3)

test('says it as people would', () => {
  const { tone, head, rest } = say({})
  expect([tone, head.replace('\u202f', ' '), rest]).toEqual(['ok', 'All 1 204 files are safe.', 'Any 2 of 4 machines can fail.'])
})

test('green only when every copy is there and confirmed, and somewhere else too', () => {
  expect(say({ checking: true }).tone).toBe('quiet')
  expect(say({ copying: 1 }).tone).toBe('warn')
  expect(say({ atRisk: 1 }).tone).toBe('risk')
  expect(say({ outOfReach: 1 }).tone).toBe('risk')
  expect(say({ machines: 1, machinesOnline: 1, mayFail: 0 }).tone).toBe('warn')
  expect(say({ files: 0 }).tone).toBe('quiet')
})

test('the worst comes first, and leads to the files it is about', () => {
  expect(say({ copying: 3, atRisk: 2, outOfReach: 1 })).toMatchObject({ head: '1 file out of reach.', filter: 'out-of-reach' })
})

test('copies being made are counted where they can be had: one on a machine that is away does not count', () => {
  const holders = [true, false, false].map((online, index) => ({ machineId: `${index}`, verifiedAt: 1, online }))
  expect(words.files.state({ state: 'copying', holders, copiesWanted: 3 } as unknown as FileView, [])).toBe('Copying · 1 of 3')
})
