import { beforeEach, describe, expect, it } from 'vitest'
import { ringOf, type FileMachine, type FileRing } from '../../../tests/fakes/file-ring.ts'
import { recordOf, versionOf } from '../../../tests/fakes/records.ts'
import { askRecords } from './ask-records.ts'

const names = ['0500', '0501', '0502']
let ring: FileRing
let asking: FileMachine
let asked: FileMachine

beforeEach(async () => {
  ring = await ringOf([1000, 2000], { copies: 2, small: true })
  asking = ring.machine(1000)
  asked = ring.machine(2000)
  for (const name of names) await asking.store(name, Buffer.from(`content of ${name}`))
  await ring.run(3_000)
  ring.lines.length = 0
})

/** What it says of these names, and how long the answer was in bytes. */
async function ask(some: readonly string[] = names) {
  const { entries } = await askRecords(asking.context, asked.contact, some)
  const answers = ring.lines.filter(({ line }) => line.startsWith('/known ')).map(({ line }) => Number(line.split(' ')[4]))
  ring.lines.length = 0
  return { said: new Map(entries.map((entry) => [entry.record.name, entry])), bytes: answers }
}

const known = async (name: string) => asked.records.get(name)

describe('asking a machine about names whose records were read', () => {
  it('has what was read where nothing changed since, without a word of it', async () => {
    expect(asking.context.catalogue.revisionOf(asked.id)).toBe(asked.records.revision)
    const { said, bytes } = await ask()
    expect(bytes).toEqual([0])
    for (const name of names) expect(said.get(name)).toEqual(await known(name))
  })

  it('is told what changed since, and what is there no more', async () => {
    const sha256 = (await known('0500'))?.record.versions[0]?.sha256 ?? ''
    await asked.records.setHeld(sha256, null)
    await asked.records.putAside('0501')
    const { said } = await ask()
    expect([said.get('0500'), said.get('0501')]).toEqual([await known('0500'), undefined])
    expect([said.get('0500')?.held, said.get('0502')]).toEqual([[], await known('0502')])
    expect(asking.context.catalogue.get('0501')?.machines.has(asked.id)).toBe(false)
  })

  it('is told all of a name that it has not heard of', async () => {
    await asked.records.merge(recordOf('0600', versionOf('new')))
    const { said, bytes } = await ask(['0600', '0700', ...names])
    expect([...said.keys()].sort()).toEqual([...names, '0600'])
    expect(said.get('0600')).toEqual(await known('0600'))
    expect(bytes).toEqual([Buffer.byteLength(JSON.stringify(await known('0600')))])
  })

  it.each(['begins its numbers anew', 'has not compared yet what it knows'])('is told everything by one that %s', async (which) => {
    const all = (await Promise.all(names.map(known))).map((entry) => JSON.stringify(entry)).join('\n')
    if (which === 'begins its numbers anew') asking.context.catalogue.setRevision(asked.id, asked.records.revision + 1)
    else asked.repairer.side.isSynced = () => false
    const { said, bytes } = await ask()
    expect(bytes).toEqual([all.length])
    expect(said.size).toBe(3)
  })

  it('believes nothing of one that keeps to itself what it knows', async () => {
    asked.repairer.side.isApart = () => true
    const { said, bytes } = await ask()
    expect([said.size, bytes]).toEqual([0, [0]])
    expect(asking.context.catalogue.get('0500')?.machines.has(asked.id)).toBe(true)
  })

  it('asks again for what one answer has no room for', async () => {
    const long = Array.from({ length: 300 }, (_, index) => `${index}/${'long '.repeat(700)}`)
    for (const name of long) await asked.records.merge(recordOf(name, versionOf(name)))
    for (const name of long.slice(0, 20)) asking.context.catalogue.put(asked.id, (await known(name))!)
    const { said, bytes } = await ask([...long.slice(100), ...names, ...long.slice(0, 100)])
    expect([said.size, bytes.length]).toEqual([303, 3])
    for (const name of [...names, ...long]) expect(said.get(name)).toEqual(await known(name))
  })
})
