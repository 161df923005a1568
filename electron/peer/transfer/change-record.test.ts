import { beforeEach, describe, expect, it } from 'vitest'
import { recordOf, versionOf } from '../../../tests/fakes/records.ts'
import { smallRing, type SmallMachine } from '../../../tests/fakes/small-ring.ts'
import { dotsOf } from '../protocol/dots.ts'
import { deleteMarks, isRemoved, liveVersions, type FileRecord } from '../protocol/record.ts'
import { chooseVersion, keepBothVersions, removeFile, restoreFile } from './change-record.ts'
import { findFile } from './request-file.ts'

const name = 'a/report.pdf'
let one: SmallMachine
let two: SmallMachine
let three: SmallMachine
let machines: SmallMachine[]

/** Two copies on the first two machines; the third writes, too. */
beforeEach(async () => {
  machines = await smallRing(3, 2)
  ;[one, two, three] = machines as [SmallMachine, SmallMachine, SmallMachine]
})

async function known(machine: SmallMachine, of = name): Promise<FileRecord> {
  return (await machine.records.get(of))!.record
}

/** What a machine reads under a name now. */
async function text(machine: SmallMachine, of = name): Promise<string> {
  const { version, holders } = await findFile(machine.context, of, null)
  const holder = machines.find((other) => other.context.self.id === holders[0]!.id)!
  const chunks: Buffer[] = []
  for await (const chunk of holder.context.contents.read(version.sha256, 0, version.sizeBytes)) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/** One and three store without knowing of each other; then everybody knows of both. */
async function conflict(): Promise<void> {
  await three.store(name, 'first')
  await one.store(name, 'second', 'replace-own')
}

describe('remove and restore', () => {
  it('takes a name away everywhere, and back', async () => {
    await three.store(name, 'first')
    await removeFile(three.context, name)
    expect([isRemoved(await known(one)), isRemoved(await known(two))]).toEqual([true, true])
    await expect(removeFile(three.context, name)).rejects.toMatchObject({ code: 'not-found' })
    await restoreFile(two.context, name, null)
    expect(await text(three)).toBe('first')
    await expect(restoreFile(two.context, name, null)).rejects.toMatchObject({ code: 'not-found' })
  })

  it('makes an earlier version current by the first characters of its id; what was current is an earlier one then', async () => {
    await three.store(name, 'first')
    const [first] = liveVersions(await known(one))
    await three.store(name, 'second', 'replace')
    await restoreFile(two.context, name, first!.version.slice(0, 6).toUpperCase())
    expect(await text(one)).toBe('first')
    const after = await known(one)
    expect(liveVersions(after)[0]!.version).not.toBe(first!.version)
    expect(after.earlier.map((version) => version.sizeBytes)).toEqual([6, 5])
    // again: it is current already
    await restoreFile(two.context, name, first!.version)
    expect(await known(one)).toEqual(after)
  })

  it('takes a removed version back by its id', async () => {
    await three.store(name, 'first')
    await three.store(name, 'second', 'replace')
    await removeFile(three.context, name)
    const [earlier] = (await known(one)).earlier.filter((version) => version.sizeBytes === 5)
    await restoreFile(three.context, name, earlier!.version)
    expect([await text(two), deleteMarks(await known(two))]).toEqual(['first', []])
  })

  it('takes back a file of which only the removal is forgotten', async () => {
    await three.store(name, 'first')
    const removed = await known(one)
    // one machine alone knows that it was removed, and not any more by which version
    await one.records.merge({ ...removed, versions: [], earlier: removed.versions, superseded: dotsOf(removed.versions) })
    expect(isRemoved(await known(one))).toBe(true)
    await restoreFile(two.context, name, null)
    expect([await text(three), liveVersions(await known(two)).length]).toEqual(['first', 1])
  })

  it('says what is wrong with a version, and changes nothing', async () => {
    const make = (id: string, content: string, counter: number) => ({
      ...versionOf(content, { counter }),
      version: id.padEnd(40, '0'),
    })
    const record = recordOf(name, make('abcd1', 'x', 1), make('abcd2', 'y', 2))
    for (const machine of machines) await machine.records.merge(record)
    const codes = ['abc', 'abcde', 'abcd', 'abcd1'].map((version) =>
      restoreFile(three.context, name, version).catch((error: unknown) => (error as { code?: string }).code),
    )
    // too short; unknown; ambiguous; nobody has the bytes
    expect(await Promise.all(codes)).toEqual(['bad-argument', 'not-found', 'bad-argument', 'out-of-reach'])
    expect(await known(one)).toEqual(record)
  })

  it('says so when nobody answers, and the next change takes the place of what may have been left', async () => {
    await three.store(name, 'first')
    const before = await known(one)
    three.context.catalogue.put(one.context.self.id, { record: before, held: [] })
    // asked, but gone before they are told
    const failing = { ...three.context, open: failAfter(three.context.open.bind(three.context), 2) }
    await expect(removeFile(failing, name)).rejects.toMatchObject({ code: 'peer-unreachable' })
    expect(await known(one)).toEqual(before)
    await removeFile(three.context, name)
    expect(deleteMarks(await known(one))[0]).toMatchObject({ counter: 3, supersedes: { 3: [[1, 2]] } })
  })
})

/** As `open`, until it was asked `times` times. */
function failAfter(open: SmallMachine['context']['open'], times: number): SmallMachine['context']['open'] {
  let left = times
  return (to, signal) => (left-- > 0 ? open(to, signal) : Promise.reject(new TypeError('gone')))
}

describe('several live versions', () => {
  it('are ended by a choice', async () => {
    await conflict()
    const [, other] = liveVersions(await known(two))
    await chooseVersion(three.context, name, other!.version)
    expect([await text(one), liveVersions(await known(one)).length]).toEqual(['first', 1])
    expect((await known(one)).earlier.map((version) => version.sizeBytes)).toContain(6)
  })

  it('are both kept, one under a name of its own', async () => {
    await conflict()
    const [, moved] = liveVersions(await known(two))
    expect(await keepBothVersions(three.context, name, moved!.version)).toBe('a/report (2).pdf')
    for (const machine of machines) expect([await text(machine), await text(machine, 'a/report (2).pdf')]).toEqual(['second', 'first'])
    for (const of of [name, 'a/report (2).pdf']) expect(liveVersions(await known(one, of))).toHaveLength(1)
    await expect(keepBothVersions(three.context, name, liveVersions(await known(one))[0]!.version)).rejects.toMatchObject({
      code: 'bad-argument',
    })
  })

  it('pass a name by that is taken', async () => {
    await conflict()
    await two.store('a/report (2).pdf', 'another file')
    const [moved] = liveVersions(await known(two))
    expect(await keepBothVersions(three.context, name, moved!.version)).toBe('a/report (3).pdf')
    expect([await text(one), await text(one, 'a/report (2).pdf'), await text(one, 'a/report (3).pdf')]).toEqual([
      'first',
      'another file',
      'second',
    ])
  })

  it('lose nothing when it stops half-way, and done again it goes on', async () => {
    await conflict()
    const before = await known(one)
    const [, moved] = liveVersions(before)
    // the new name is there, the count for the old one cannot be written
    const stop = one.records.onChanged((entry) => {
      if (entry.record.name !== name) three.database.failNext()
    })
    await expect(keepBothVersions(three.context, name, moved!.version)).rejects.toMatchObject({ code: 'disk-full' })
    stop()
    expect([await known(one), await text(two, 'a/report (2).pdf')]).toEqual([before, 'first'])
    expect(await keepBothVersions(three.context, name, moved!.version)).toBe('a/report (2).pdf')
    expect([await text(two), liveVersions(await known(two)).length]).toEqual(['second', 1])
    expect(liveVersions(await known(two, 'a/report (2).pdf'))).toHaveLength(1)
  })

  it('stay as they are while nobody who has the bytes answers', async () => {
    const record = recordOf(name, versionOf('x'), versionOf('y', { writerId: 'b2' }))
    for (const machine of machines) await machine.records.merge(record)
    await expect(keepBothVersions(three.context, name, versionOf('x').version)).rejects.toMatchObject({ code: 'out-of-reach' })
    expect([await known(one), await one.records.get('a/report (2).pdf')]).toEqual([record, null])
  })
})
