import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { ringOf } from '../../../tests/fakes/file-ring.ts'
import { askRecords } from './ask-records.ts'
import { askRecord } from './exchange.ts'
import { groupByOwner, readRecords } from './read-records.ts'
import { readRecord } from './read-record.ts'

const content = Buffer.alloc(1000, 'a')
const sha256 = createHash('sha256').update(content).digest('hex')

test.each(['one name', 'many names'])(
  'what was asked of %s before a silent machine answers does not take the place of later news',
  async (how) => {
    const ring = await ringOf([1000, 2000, 3000], { copies: 3 })
    const { context, records, id } = ring.machine(1000)
    await ring.machine(1000).store('0500', content)
    const silent = ring.machine(3000).records
    const get = silent.get.bind(silent)
    let answer = (): void => undefined
    const answering = new Promise<void>((resolve) => (answer = resolve))
    silent.get = (name) => answering.then(() => get(name))
    const read = async (): Promise<unknown> => {
      if (how === 'one name') return readRecord(context, '0500', 'find')
      const groups = await groupByOwner(context, ['0500'], 'find')
      return Promise.all(groups.map((group) => readRecords(context, group)))
    }
    ring.said()
    const reading = read()
    while (!ring.lines.some(({ from, to }) => from === ring.id(2000) && to === id)) await new Promise(setImmediate)
    // sent, and then read
    for (let turns = 0; turns < 50; turns++) await new Promise(setImmediate)
    // the two that have answered lose their copies meanwhile, and tell
    for (const machine of [ring.machine(1000), ring.machine(2000)]) await machine.records.setHeld(sha256, null)
    context.catalogue.put(ring.id(2000), { ...(await ring.machine(2000).records.get('0500'))!, held: [] })
    answer()
    await reading
    expect(records.heldAt(sha256)).toBeNull()
    const known = context.catalogue.get('0500')?.machines
    expect([known?.get(id), known?.get(ring.id(2000))]).toEqual([[], []])
  },
)

test.each(['one name', 'many names'])(
  'an answer about %s that is overtaken by newer news of its machine does not take their place',
  async (how) => {
    const ring = await ringOf([1000, 2000, 3000], { copies: 3 })
    const { context } = ring.machine(1000)
    const slow = ring.machine(2000)
    await ring.machine(1000).store('0500', content)
    await ring.settle()
    // the answer is made, and travels for as long as nothing is let through
    const get = slow.records.get.bind(slow.records)
    let arrive = (): void => undefined
    const travelling = new Promise<void>((resolve) => (arrive = resolve))
    let made = (): void => undefined
    const answered = new Promise<void>((resolve) => (made = resolve))
    slow.records.get = async (name) => {
      const entry = await get(name)
      made()
      await travelling
      return entry
    }
    const reading = how === 'one name' ? askRecord(context, slow.contact, '0500') : askRecords(context, slow.contact, ['0500'])
    await answered
    await slow.records.setHeld(sha256, null)
    await ring.machine(1000).repairer.readCatalogues()
    expect(context.catalogue.get('0500')?.machines.get(slow.id)).toEqual([])
    arrive()
    expect(JSON.stringify(await reading)).toContain(`"held":[["${sha256}"`)
    expect(context.catalogue.get('0500')?.machines.get(slow.id)).toEqual([])
  },
)
