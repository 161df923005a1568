import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualTimers } from '../../../tests/fakes/manual-timers.ts'
import { nodeDisk } from '../disk/node-disk.ts'
import { StateFile } from '../disk/state-file.ts'
import { parseJournal, TransferJournal, type Asked } from './transfer-journal.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringdrop-journal-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const path = (): string => join(folder, 'transfers.json')
const asked = (id: string, askedAt = 1): Asked => ({
  id,
  askedAt,
  paused: false,
  ask: { kind: 'store', path: `/files/${id}`, name: id, onClash: 'decline' },
})
function open(timers = new ManualTimers()) {
  const failures: unknown[] = []
  const file = new StateFile(nodeDisk, path(), parseJournal)
  return { journal: new TransferJournal(file, timers, (error) => failures.push(error)), timers, failures }
}

describe('journal of transfers', () => {
  it('remembers what was not ended, oldest first', async () => {
    const { journal } = open()
    journal.put(asked('b', 2))
    journal.put(asked('a', 1))
    journal.put(asked('ended'))
    journal.remove('ended')
    await journal.close()
    expect((await open().journal.read()).value).toEqual([asked('a', 1), asked('b', 2)])
  })

  it('writes a moment after the first change, and what came meanwhile with it', async () => {
    const { journal, timers } = open()
    journal.put(asked('a'))
    timers.advance(199)
    journal.put(asked('b'))
    await expect(readFile(path())).rejects.toThrow()
    timers.advance(1)
    await journal.close()
    // the write follows the reading of the list at that moment
    await expect.poll(async () => (await open().journal.read()).value?.length).toBe(2)
  })

  it('a transfer that begins and ends within the moment leaves an empty list', async () => {
    const { journal } = open()
    journal.put(asked('a'))
    journal.remove('a')
    await journal.close()
    expect((await open().journal.read()).value).toEqual([])
  })

  it('keeps what the last run left until it ends, whatever else is asked', async () => {
    const first = open().journal
    first.put(asked('old'))
    await first.close()
    const { journal } = open()
    await journal.read()
    journal.put(asked('new', 2))
    await journal.close()
    expect((await open().journal.read()).value?.map(({ id }) => id)).toEqual(['old', 'new'])
  })

  it('a damaged one is set aside, and the note says so', async () => {
    await writeFile(path(), '[{"id": ')
    const { value, note } = await open().journal.read()
    expect(value).toEqual([])
    expect(note).toContain('transfers.json.bad')
  })

  it('passes over entries that are none', async () => {
    const bad = [null, 7, { ...asked('x'), askedAt: -1 }, { ...asked('x'), ask: { kind: 'rm', path: '/' } }, { ...asked('x'), id: '' }]
    await writeFile(path(), JSON.stringify([...bad, asked('good')]))
    expect((await open().journal.read()).value).toEqual([asked('good')])
  })

  it('a list beyond all bounds is damage', async () => {
    await writeFile(path(), JSON.stringify(Array.from({ length: 10_001 }, (_, index) => asked(`${index}`))))
    expect((await open().journal.read()).value).toEqual([])
  })

  it('tells of a write that failed, and goes on', async () => {
    const { journal, failures } = open()
    await rm(folder, { recursive: true })
    await writeFile(folder, 'in the way')
    journal.put(asked('a'))
    await journal.close()
    expect(failures).toHaveLength(1)
  })
})
