import { expect, test } from 'vitest'
import { errorCodes } from '../../shared/errors.ts'
import type { SafetyView } from '../../shared/views.ts'
import { autostartEntry } from './autostart-entry.ts'
import { safetyText } from './safety-text.ts'
import { describeStartError } from './start-errors.ts'

const calm: SafetyView = {
  files: 14,
  sizeBytes: 1,
  machines: 2,
  machinesOnline: 2,
  mayFail: 1,
  copying: 0,
  atRisk: 0,
  outOfReach: 0,
  checking: false,
  downloadBytesPerSecond: 0,
  uploadBytesPerSecond: 0,
}

test.each<[Partial<SafetyView>, string]>([
  [{}, 'Any 1 of 2 machines can fail'],
  [{ machines: 1, mayFail: 0, atRisk: 14 }, 'Kept on this computer until a second machine joins'],
  [{ mayFail: 0, copying: 3 }, 'Copying 3 files'],
  [{ mayFail: 0, atRisk: 1 }, '1 file at risk, with one copy left'],
  [{ outOfReach: 2, atRisk: 1 }, '2 files out of reach'],
  [{ checking: true }, 'Checking'],
])('%j reads: %s', (patch, text) => {
  expect(safetyText({ ...calm, ...patch })).toBe(text)
})

test('every start error says what happened, and whether the files are safe', () => {
  for (const code of errorCodes) {
    const { title, text } = describeStartError({ code, message: 'the cause', facts: {} }, { dataFolder: '/data/ring', port: 4000 })
    expect(title).toBe('Ringdrop cannot start')
    expect(text).toMatch(/files|copies/i)
  }
  expect(describeStartError({ code: 'port-in-use', message: '', facts: {} }, { dataFolder: '/d', port: 4000 }).text).toContain('Port 4000')
  expect(describeStartError({ code: 'peer-running', message: '', facts: {} }, { dataFolder: '/d', port: null }).text).toContain('/d')
})

test('a path goes into the autostart entry as one word', () => {
  expect(autostartEntry('/opt/My Apps/100%/ring$drop')).toContain('Exec="/opt/My Apps/100%%/ring\\$drop" --hidden')
})
