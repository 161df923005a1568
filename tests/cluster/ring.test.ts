/** The whole main job over real processes: twenty files on five machines, two of which are killed in the same second. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hashOf, makeFile, type TestFile } from './files.ts'
import { Cluster, until, type JsonObject, type Machine } from './processes.ts'

const archiveBytes = 300_000_000
/** Documents, names in several scripts and both Unicode forms, an empty file, a name as long as file systems take. */
const names = [
  ['Insurance 2026.pdf', 1_400_000],
  ['Landlord.docx', 48_000],
  ['Åpen hylle.md', 6_000],
  ['e\u0301te\u0301.txt', 31],
  ['Bücher.epub', 1_100_000],
  ['日本語の文書.odt', 220_000],
  ['Отчёт.xlsx', 92_000],
  ['تقرير.pdf', 301_000],
  ['हिन्दी.txt', 4_096],
  ['celebration 🎉.svg', 1_048_576],
  ['100% #1 + more & "quotes".csv', 1_048_577],
  [`${'long '.repeat(50)}.txt`, 77],
  ['empty.bin', 0],
  ['one byte.bin', 1],
  ['Lofoten raw.zip', archiveBytes],
  ['notes.txt', 812],
  ['run-2067.csv', 12_000_000],
  ['cover v7.psd', 6_400_000],
  ['.hidden', 12],
  ['-dash first.txt', 19],
] as const

let folder: string
let cluster: Cluster
const machines: Machine[] = []
const files: TestFile[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringdrop-files-'))
  for (const [name, sizeBytes] of names) files.push(await makeFile(folder, name, sizeBytes))
  cluster = new Cluster()
  const args = ['--repair-delay', '2']
  const desk = await cluster.start({ name: 'Desk', args })
  machines.push(desk)
  for (const name of ['Laptop', 'Attic', 'Studio', 'Kitchen']) {
    machines.push(await cluster.start({ name, args, join: await desk.invite() }))
  }
  await Promise.all(
    machines.map((machine) => until(async () => (await machine.ask('status'))['peers'] === 5, `${machine.name} knows all five`)),
  )
})

afterAll(async () => {
  await cluster.stop()
  await rm(folder, { recursive: true, force: true })
})

async function expectAllFrom(requesters: readonly Machine[]): Promise<void> {
  for (const [index, file] of files.entries()) {
    const out = join(folder, 'received.bin')
    const result = await requesters[index % requesters.length]!.ask('request', '--out', out, '--', file.name)
    expect(result['sha256'], file.name).toBe(file.sha256)
    expect(await hashOf(out), file.name).toBe(file.sha256)
    await rm(out)
  }
}

describe('a ring of five real machines', () => {
  test('stores twenty files from different machines, three copies each', async () => {
    for (const [index, file] of files.entries()) {
      const stored = await machines[index % 5]!.ask('store', '--', file.path)
      expect(stored, file.name).toMatchObject({ name: file.name, sha256: file.sha256, state: 'stored', copies: 3, wanted: 3 })
      expect(new Set(stored['holders'].map((holder: JsonObject) => holder['id'])).size).toBe(3)
    }
  })

  test('every file comes from every other machine, byte for byte', async () => {
    await expectAllFrom([...machines.slice(2), ...machines.slice(0, 2)])
  })

  test('the same file again, from another machine, is the same result', async () => {
    const file = files[0]!
    const before = await machines[1]!.ask('where', file.name)
    const again = await machines[3]!.ask('store', file.path)
    expect(again).toMatchObject({ state: 'stored', copies: 3 })
    expect((await machines[1]!.ask('where', file.name))['versions'].map((version: JsonObject) => version['version'])).toEqual(
      before['versions'].map((version: JsonObject) => version['version']),
    )
  })

  test('other content under a stored name is declined, and replaced only when asked to', async () => {
    const other = await makeFile(folder, 'other.txt', 500)
    const declined = await machines[0]!.run('store', other.path, '--as', 'notes.txt')
    expect(declined.code).toBe(6)
    expect(declined.stderr).toContain('notes.txt')
    const replaced = await machines[0]!.ask('store', other.path, '--as', 'notes.txt', '--replace')
    expect(replaced).toMatchObject({ state: 'stored', sha256: other.sha256 })
    files[files.findIndex((file) => file.name === 'notes.txt')] = { ...other, name: 'notes.txt' }
  })

  test('a name that is nowhere is exit code 3', async () => {
    expect((await machines[4]!.run('request', 'nowhere.txt')).code).toBe(3)
    expect((await machines[4]!.run('where', 'nowhere.txt')).code).toBe(3)
  })

  test('two machines killed in the same second: every file still comes, and three living machines hold each again', async () => {
    const [first, second] = [machines[1]!, machines[3]!]
    await Promise.all([first.kill(), second.kill()])
    const living = machines.filter((machine) => machine !== first && machine !== second)
    await expectAllFrom(living)
    const ids = new Set(living.map((machine) => machine.id))
    await until(
      async () => {
        for (const file of files) {
          const where = await living[0]!.ask('where', '--', file.name)
          const holders: JsonObject[] = where['versions'][0]['holders']
          if (holders.filter((holder) => ids.has(holder['id'])).length < 3) return false
        }
        return true
      },
      'three living holders of each',
      60_000,
    )
  })

  test('a killed machine comes back with its files and its ring', async () => {
    const killed = machines[1]!
    const back = await cluster.start({ name: killed.name, data: killed.data, args: ['--repair-delay', '2'] })
    expect(back.id).toBe(killed.id)
    await until(async () => (await back.ask('status'))['peers'] === 4, 'it knows the ring again')
    const out = join(folder, 'back.bin')
    expect(await back.ask('request', files[0]!.name, '--out', out)).toMatchObject({ sha256: files[0]!.sha256 })
    await until(async () => (await back.ask('status'))['files'] === files.length, 'it has read what the others keep')
  })

  test('a machine that leaves hands over: nothing is short afterwards', async () => {
    const [leaver, stays] = [machines[4]!, machines[0]!]
    const exit = await leaver.leave()
    expect(exit.code).toBe(0)
    await until(async () => (await stays.ask('status'))['peers'] === 3, 'the others know')
    for (const file of files) {
      const holders: JsonObject[] = (await stays.ask('where', '--', file.name))['versions'][0]['holders']
      expect(holders.filter((holder) => holder['id'] !== leaver.id).length, file.name).toBeGreaterThanOrEqual(3)
    }
  })
})
