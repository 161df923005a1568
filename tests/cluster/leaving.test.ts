/** Real processes: what is stored while a machine leaves stays in the ring, although all still take it for the owner. */

import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hashOf, makeFile } from './files.ts'
import { Cluster, until, type JsonObject, type Machine } from './processes.ts'

let cluster: Cluster
let stays: Machine
let leaver: Machine

beforeAll(async () => {
  cluster = new Cluster()
  stays = await cluster.start({ name: 'Desk', args: ['--copies', '1'] })
  leaver = await cluster.start({ name: 'Attic', join: await stays.invite() })
  await until(async () => (await stays.ask('status'))['peers'] === 2, 'they know each other')
})

afterAll(() => cluster.stop())

/** Names that the leaver owns: with one copy of each, the owner holds it. */
async function ownedNames(count: number): Promise<string[]> {
  const { path } = await makeFile(await cluster.folder, 'first', 10)
  const names: string[] = []
  for (let number = 1; names.length < count; number++) {
    const name = `file ${number}`
    const holders: JsonObject[] = (await stays.ask('store', path, '--as', name))['holders']
    if (holders[0]?.['id'] === leaver.id) names.push(name)
  }
  return names
}

test('a file that is stored while its owner leaves', async () => {
  const [large, name] = await ownedNames(2)
  const slow = await makeFile(await cluster.folder, 'large', 6_000_000)
  await leaver.ask('store', slow.path, '--as', large!, '--replace')
  // long enough for the store; the rest of the hand-over goes at full speed
  await leaver.ask('limits', '--up', '200k')
  const left = leaver.leave()
  const { errorLines } = leaver.process
  await leaver.process.see(() => errorLines.find((line) => line.startsWith('Leaving')), 'it says that it leaves', 60_000)
  const second = await makeFile(await cluster.folder, 'second', 2000)
  expect(await stays.ask('store', second.path, '--as', name!, '--replace')).toMatchObject({
    state: 'stored',
    holders: [{ id: stays.id }],
  })
  await leaver.ask('limits', '--up', 'none')
  expect((await left).code).toBe(0)
  for (const [file, wanted] of [
    [slow, large!],
    [second, name!],
  ] as const) {
    const out = join(await cluster.folder, 'received')
    expect(await stays.ask('request', wanted, '--out', out)).toMatchObject({ sha256: file.sha256 })
    expect(await hashOf(out)).toBe(file.sha256)
  }
})
