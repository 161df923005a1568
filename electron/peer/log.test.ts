import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { logEvent, openLog } from './log.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'log-'))
})
afterEach(() => rm(folder, { recursive: true }))

it('has every line, in order', async () => {
  const log = await openLog(folder, 'file')
  const names = Array.from({ length: 5_000 }, (_, index) => `file ${index}`)
  for (const name of names) logEvent(log, { kind: 'copy-dropped', name })
  const read = (): Promise<string> => readFile(join(folder, 'logs', 'ringdrop.log'), 'utf8')
  await expect.poll(async () => (await read()).split('\n').length).toBe(names.length + 1)
  const lines = (await read()).trimEnd().split('\n')
  expect(lines.map((line) => (JSON.parse(line) as { name: string }).name)).toEqual(names)
})

it('is silent where it cannot be opened', async () => {
  await writeFile(join(folder, 'logs'), 'no folder')
  const log = await openLog(folder, 'file')
  logEvent(log, { kind: 'copy-dropped', name: 'x' })
  expect(log.isLevelEnabled('fatal')).toBe(false)
})
