import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { settingsDefaults } from '../../../shared/settings.ts'
import type { Settings } from '../../../shared/settings.ts'
import { nodeDisk } from './node-disk.ts'
import { SettingsFile } from './settings-file.ts'
import { StateFile } from './state-file.ts'
import { StoredFiles } from './stored-files.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringdrop-small-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const defaults: Settings = { ...settingsDefaults, machineName: 'Desk', sharedFolder: null, downloadsFolder: '/downloads' }

describe('settings file', () => {
  it('keeps what was set and only that', () => {
    const first = SettingsFile.load(folder, defaults)
    expect(first.settings).toEqual(defaults)
    expect(first.update({ theme: 'dark', repairDelaySeconds: 5 })).toEqual({ ...defaults, theme: 'dark', repairDelaySeconds: 5 })
    const again = SettingsFile.load(folder, { ...defaults, machineName: 'Laptop' })
    expect(again.settings).toEqual({ ...defaults, machineName: 'Laptop', theme: 'dark', repairDelaySeconds: 5 })
    expect(again.notes).toEqual([])
  })

  it('sets nothing when one value is not valid', () => {
    const settings = SettingsFile.load(folder, defaults)
    expect(() => settings.update({ theme: 'dark', repairDelaySeconds: -1 })).toThrow(
      expect.objectContaining({ code: 'bad-argument' }) as Error,
    )
    expect(settings.settings).toEqual(defaults)
  })

  it.each(['{"theme":', 'null', '[]', '', '\0\0'])('moves %j aside and says so', async (text) => {
    await writeFile(join(folder, 'settings.json'), text)
    const settings = SettingsFile.load(folder, defaults)
    expect(settings.settings).toEqual(defaults)
    expect(settings.notes).toHaveLength(1)
    expect(await readFile(join(folder, 'settings.json.bad'), 'utf8')).toBe(text)
    settings.update({ theme: 'light' })
    expect(SettingsFile.load(folder, defaults).settings.theme).toBe('light')
  })

  it('names a bad value and keeps the others', async () => {
    await writeFile(join(folder, 'settings.json'), '{"theme":"pink","notifications":false,"unknown":1}')
    const settings = SettingsFile.load(folder, defaults)
    expect(settings.settings).toEqual({ ...defaults, notifications: false })
    expect(settings.notes).toEqual(['The setting "theme" is not valid: its default is used'])
  })
})

describe('state file', () => {
  const state = () =>
    new StateFile(nodeDisk, join(folder, 'deep', 'state.json'), (value) => (Array.isArray(value) ? (value as unknown[]) : null))

  it('is nothing at first, then the last that was written', async () => {
    expect(await state().read()).toEqual({ value: null, note: null })
    const file = state()
    await Promise.all([file.write([1]), file.write([2]), file.write([3])])
    expect(await state().read()).toEqual({ value: [3], note: null })
    expect(await readdir(join(folder, 'deep'))).toEqual(['state.json'])
  })

  it.each(['', '[1', '{"not":"a list"}', '\xff'])('moves %j aside and says so', async (text) => {
    await state().write([])
    await writeFile(join(folder, 'deep', 'state.json'), text, 'latin1')
    const { value, note } = await state().read()
    expect(value).toBeNull()
    expect(note).toContain('state.json.bad')
    expect(await state().read()).toEqual({ value: null, note: null })
    await state().write([4])
    expect((await state().read()).value).toEqual([4])
  })
})

describe('stored files', () => {
  const open = () => StoredFiles.open(nodeDisk, join(folder, 'stored'))
  const one = { sizeBytes: 1, modifiedMs: 1.5 }

  it('remembers over restarts, with damage in the middle and a torn end', async () => {
    const first = await open()
    first.add('a', one)
    first.add('b\n"/c', one)
    first.add('a', { sizeBytes: 2, modifiedMs: 3 })
    await first.close()
    const text = await readFile(join(folder, 'stored'), 'utf8')
    await writeFile(join(folder, 'stored'), `rubbish\n[1]\n${text}["torn",1`)
    const second = await open()
    expect(second.has('a', one)).toBe(false)
    expect(second.has('a', { sizeBytes: 2, modifiedMs: 3 })).toBe(true)
    expect(second.has('b\n"/c', one)).toBe(true)
    second.add('after', one)
    await second.close()
    const third = await open()
    expect(third.has('after', one)).toBe(true)
    await third.close()
  })

  it('does not grow without bound', async () => {
    const first = await open()
    for (let i = 0; i < 3_000; i++) first.add('a', { sizeBytes: i, modifiedMs: i })
    await first.close()
    const second = await open()
    second.add('b', one)
    await second.close()
    expect((await readFile(join(folder, 'stored'), 'utf8')).split('\n')).toHaveLength(3)
    const third = await open()
    expect(third.has('a', { sizeBytes: 2_999, modifiedMs: 2_999 })).toBe(true)
    await third.close()
  })
})
