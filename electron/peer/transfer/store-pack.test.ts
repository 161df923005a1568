import { describe, expect, it } from 'vitest'
import { ringOf, type FileMachine, type FileRing } from '../../../tests/fakes/file-ring.ts'
import { recordOf, versionOf } from '../../../tests/fakes/records.ts'
import { writeContent } from '../../../tests/fakes/write-content.ts'
import { AppError } from '../../../shared/errors.ts'
import { manifestOfBytes } from '../disk/small-contents.ts'
import { readPackBody } from './pack-body.ts'
import { groupByOwner } from './read-records.ts'
import { readSmallFiles } from './read-small-files.ts'
import { storePack, type PackOutcome, type SmallFile, type StorePackOptions } from './store-pack.ts'

const bytes = (text: string, length = 1000): Uint8Array => Buffer.alloc(length, text)

let paths = 0

async function smallFile(machine: FileMachine, name: string, content: Uint8Array): Promise<SmallFile> {
  const path = `/file-${++paths}`
  const file = await machine.disk.open(path, 'new')
  await file.write(content, 0)
  const { files } = await readSmallFiles(machine.context.disk, [path], machine.contents.blockBytes)
  const [read] = files
  if (!read || read instanceof AppError) throw new Error('not small')
  return { path, name, ...read }
}

interface Given {
  readonly name: string
  readonly bytes: Uint8Array
}

async function storeAll(
  machine: FileMachine,
  files: readonly Given[],
  options: StorePackOptions = { onClash: 'decline' },
): Promise<PackOutcome[]> {
  const small = await Promise.all(files.map((file) => smallFile(machine, file.name, file.bytes)))
  return storePack(machine.context, small, options)
}

/** Names whose keys lie between 1001 and 1999. */
const many = (count: number): Given[] =>
  Array.from({ length: count }, (_, index) => ({ name: `${1001 + index}`, bytes: bytes(`content ${index}`, 100 + index) }))

function machinesOf(ring: FileRing, outcome: PackOutcome | undefined): number[] {
  if (!outcome || outcome === 'alone' || outcome instanceof AppError) throw new Error(`Not stored: ${String(outcome)}`)
  return outcome.holders.map((id) => Number(ring.space.toBigInt(id))).sort((a, b) => a - b)
}

const codeOf = (outcome: PackOutcome | undefined): string =>
  outcome instanceof AppError ? outcome.code : outcome === 'alone' ? 'alone' : 'stored'

describe('storing many small files', () => {
  it('answers for the files of one owner while another owner lets its own wait', async () => {
    const ring = await ringOf([1000, 2000, 3000], { copies: 1, small: true })
    const { records } = ring.machine(3000)
    let goOn = (): void => undefined
    const resting = new Promise<void>((resolve) => (goOn = resolve))
    const keepAll = records.keepAll.bind(records)
    records.keepAll = async (...kept) => {
      await resting
      return keepAll(...kept)
    }
    const told: string[] = []
    const onOutcome = (file: SmallFile, outcome: PackOutcome): void => {
      told.push(`${file.name} ${codeOf(outcome)}`)
    }
    const files = ['1500', '2500'].map((name) => ({ name, bytes: bytes(name) }))
    const stored = storeAll(ring.machine(1000), files, { onClash: 'decline', onOutcome })
    while (told.length === 0) await new Promise(setImmediate)
    expect(told).toEqual(['1500 stored'])
    goOn()
    await stored
    expect(told).toEqual(['1500 stored', '2500 stored'])
  })

  it('sends each pack once, along the chain, and acknowledges what lies on all machines', async () => {
    const ring = await ringOf([1000, 2000, 3000, 4000], { small: true })
    ring.said()
    const files = many(50)
    const outcomes = await storeAll(ring.machine(1000), files)
    for (const outcome of outcomes) expect(machinesOf(ring, outcome)).toEqual([2000, 3000, 4000])
    const packs = ring.lines.filter(({ line }) => line.startsWith('/pack '))
    expect(packs.map(({ from, to }) => [from, to])).toEqual([
      [ring.id(1000), ring.id(2000)],
      [ring.id(2000), ring.id(3000)],
      [ring.id(3000), ring.id(4000)],
    ])
    const said = ring.said()
    expect([said.get('store'), said.get('record'), said.get('names')]).toEqual([undefined, undefined, 3])
    for (const file of files) expect(ring.holdersOf(file.bytes)).toEqual([2000, 3000, 4000])
    expect(ring.defects).toEqual([])
  })

  it('knows from the answer what the other machine has now, and does not read it', async () => {
    const ring = await ringOf([1000, 2000], { copies: 1, small: true })
    const [writer, holder] = [ring.machine(1000), ring.machine(2000)]
    await storeAll(writer, many(1))
    await ring.run(5_000)
    ring.said()
    const files = many(20).slice(1)
    await Promise.all([storeAll(writer, files.slice(0, 7)), storeAll(writer, files.slice(7))])
    await ring.run(5_000)
    const said = ring.said()
    expect([said.get('pack'), said.get('catalogue'), said.get('changed')]).toEqual([2, undefined, undefined])
    expect(writer.context.catalogue.revisionOf(holder.id)).toBe(holder.records.revision)
    for (const { name } of files) {
      const known = writer.context.catalogue.get(name)
      const there = await holder.records.get(name)
      expect(known?.record).toEqual(there?.record)
      expect(known?.machines.get(holder.id)?.map(([sha256]) => sha256)).toEqual(there?.held.map(([sha256]) => sha256))
    }
  })

  it('reads what else changed there before', async () => {
    const ring = await ringOf([1000, 2000], { copies: 1, small: true })
    const [writer, holder] = [ring.machine(1000), ring.machine(2000)]
    await storeAll(writer, many(1))
    await ring.run(5_000)
    await holder.records.merge(recordOf('1900', versionOf('news')))
    await storeAll(writer, many(3).slice(1))
    expect(writer.context.catalogue.get('1900')).toBeNull()
    await ring.run(200)
    expect(writer.context.catalogue.get('1900')?.machines.has(holder.id)).toBe(true)
    expect(writer.context.catalogue.revisionOf(holder.id)).toBe(holder.records.revision)
  })

  it('keeps its own share until all holders have answered, since it is told as a copy', async () => {
    const ring = await ringOf([1000, 2000], { copies: 2, small: true })
    const [writer, holder] = [ring.machine(1000), ring.machine(2000)]
    const [file] = many(1)
    const { sha256 } = manifestOfBytes(file!.bytes, writer.contents.blockBytes)
    const tries: Promise<boolean>[] = []
    const keepAll = holder.records.keepAll.bind(holder.records)
    // the other machine takes its time: long enough for this one to have made its own copy
    holder.records.keepAll = async (...kept) => {
      while (writer.records.heldAt(sha256) === null) await new Promise(setImmediate)
      // and to have nothing left to do with it
      for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
      tries.push(writer.context.use.remove(sha256, () => writer.contents.remove(sha256)))
      return keepAll(...kept)
    }
    const [outcome] = await storeAll(writer, [file!])
    expect(await Promise.all(tries)).toEqual([false])
    expect(machinesOf(ring, outcome)).toEqual([1000, 2000])
    expect(ring.holdersOf(file!.bytes)).toEqual([1000, 2000])
  })

  it('keeps a share taken for another until those behind have answered, too', async () => {
    const ring = await ringOf([1000, 2000, 3000], { copies: 2, small: true })
    const [first, behind] = [ring.machine(2000), ring.machine(3000)]
    let goOn = (): void => undefined
    const resting = new Promise<void>((resolve) => (goOn = resolve))
    const keepAll = behind.records.keepAll.bind(behind.records)
    behind.records.keepAll = async (...kept) => {
      await resting
      return keepAll(...kept)
    }
    const [file] = await Promise.all(many(1).map(({ name, bytes: content }) => smallFile(ring.machine(1000), name, content)))
    if (!file) throw new Error('no file')
    const { sha256 } = file.manifest
    const storing = storePack(ring.machine(1000).context, [file], { onClash: 'decline' })
    while (!first.holds(sha256)) await new Promise(setImmediate)
    expect(await first.context.use.remove(sha256, () => first.records.setHeld(sha256, null))).toBe(false)
    goOn()
    expect(machinesOf(ring, (await storing)[0])).toEqual([2000, 3000])
    expect(first.context.use.isUsed(sha256)).toBe(false)
  })

  it('keeps its own share, durably', async () => {
    const ring = await ringOf([1000, 2000], { copies: 2, small: true })
    const files = many(5)
    for (const outcome of await storeAll(ring.machine(1000), files)) expect(machinesOf(ring, outcome)).toEqual([1000, 2000])
    // the power goes: what was acknowledged is there again
    for (const value of [1000, 2000]) await ring.start(value)
    for (const file of files) expect(ring.holdersOf(file.bytes)).toEqual([1000, 2000])
  })

  it('says partial when fewer machines are there than copies wanted of the ring', async () => {
    const ring = await ringOf([1000, 2000, 3000], { small: true })
    ring.machine(3000).deaf = true
    const [outcome] = await storeAll(ring.machine(1000), many(2))
    expect(machinesOf(ring, outcome)).toEqual([1000, 2000])
    expect(outcome).toMatchObject({ wanted: 3 })
  })

  it('goes on with the next machine when one does not answer', async () => {
    const ring = await ringOf([1000, 2000, 3000, 4000, 5000], { small: true })
    ring.machine(2000).deaf = true
    for (const outcome of await storeAll(ring.machine(5000), many(3))) expect(machinesOf(ring, outcome)).toEqual([3000, 4000, 5000])
    ring.machine(2000).deaf = false
    ring.machine(3000).deaf = true
    const others = many(6).slice(3)
    for (const outcome of await storeAll(ring.machine(5000), others)) expect(machinesOf(ring, outcome)).toEqual([2000, 4000, 5000])
  })

  it('brings what a full machine has no room for to the next one, and harms no other file', async () => {
    const ring = await ringOf([1000, 2000, 3000, 4000], { copies: 2, small: true })
    const [small, large] = [bytes('small', 100), bytes('large', 20_000)]
    ring.machine(2000).contents.space.offeredBytes = 5_000
    const outcomes = await storeAll(ring.machine(1000), [
      { name: '1500', bytes: large },
      { name: '1501', bytes: small },
    ])
    expect(outcomes.map((outcome) => machinesOf(ring, outcome))).toEqual([
      [3000, 4000],
      [2000, 3000],
    ])
  })

  it('brings what it has no room for itself to others', async () => {
    const ring = await ringOf([1000, 2000, 3000], { copies: 2, small: true })
    ring.machine(2000).contents.space.offeredBytes = 5_000
    const [outcome] = await storeAll(ring.machine(2000), [{ name: '1500', bytes: bytes('a', 20_000) }])
    expect(machinesOf(ring, outcome)).toEqual([1000, 3000])
  })

  it('declines, replaces and leaves aside by the same rules as a single store', async () => {
    const ring = await ringOf([1000, 2000, 3000], { small: true })
    const [machine] = [ring.machine(1000)]
    await machine.store('1500', bytes('old'))
    const files = [
      { name: '1500', bytes: bytes('new') },
      { name: '1501', bytes: bytes('other') },
      { name: '../out', bytes: bytes('bad') },
      { name: '1501', bytes: bytes('twice') },
    ]
    expect((await storeAll(machine, files)).map(codeOf)).toEqual(['already-exists', 'stored', 'bad-argument', 'alone'])
    expect((await storeAll(machine, files.slice(0, 1), { onClash: 'keep-both' })).map(codeOf)).toEqual(['alone'])
    expect((await storeAll(machine, files.slice(0, 1), { onClash: 'replace' })).map(codeOf)).toEqual(['stored'])
    const record = (await ring.machine(2000).records.get('1500'))?.record
    expect(record?.versions.map((version) => version.sha256)).toHaveLength(1)
    expect(record?.earlier).toHaveLength(1)
    // the same content again is the same version
    const before = ring.machine(2000).records.revision
    await storeAll(machine, files.slice(0, 1))
    expect((await ring.machine(2000).records.get('1500'))?.record).toEqual(record)
    expect(ring.machine(2000).records.revision).toBeGreaterThanOrEqual(before)
  })

  it('stores one content under many names', async () => {
    const ring = await ringOf([1000, 2000, 3000], { small: true })
    const files = ['1500', '1501', '1502'].map((name) => ({ name, bytes: bytes('same') }))
    for (const outcome of await storeAll(ring.machine(1000), files)) expect(machinesOf(ring, outcome)).toEqual([1000, 2000, 3000])
    expect(ring.machine(2000).contents.usedBytes()).toBe(1000)
  })

  it('does not take for here what came under a false hash', async () => {
    const ring = await ringOf([1000, 2000], { copies: 1, small: true })
    const [file] = many(1)
    const honest = bytes('honest', 8192)
    const { contents } = ring.machine(2000)
    const lie = { ...manifestOfBytes(bytes('lie', 8192), 4096), sha256: manifestOfBytes(honest, 4096).sha256 }
    const liar = await contents.create(lie)
    await writeContent(liar, bytes('lie', 8192))
    await liar.commit()
    const [outcome] = await storeAll(ring.machine(1000), [{ name: file!.name, bytes: honest }])
    expect(machinesOf(ring, outcome)).toEqual([2000])
    expect(await contents.verify(lie.sha256)).toBe(true)
  })

  it('keeps what nobody else takes, and says so of all files when a database is full', async () => {
    const ring = await ringOf([1000, 2000], { copies: 1, small: true })
    ring.machine(2000).deaf = true
    for (const outcome of await storeAll(ring.machine(1000), many(3))) expect(machinesOf(ring, outcome)).toEqual([1000])
    ring.machine(2000).deaf = false
    ring.machine(2000).database.failNext()
    expect((await storeAll(ring.machine(1000), many(6).slice(3))).map(codeOf)).toEqual(['disk-full', 'disk-full', 'disk-full'])
    expect(ring.machine(2000).contents.usedBytes()).toBe(0)
  })
})

describe('a pack as it comes', () => {
  it('refuses what is damaged or belongs to no version, and takes the rest', async () => {
    const ring = await ringOf([1000, 2000], { copies: 1, small: true })
    const near = ring.machine(1000)
    const files = await Promise.all(many(3).map((file) => smallFile(near, file.name, file.bytes)))
    const [, second] = files
    // a byte that changes once it was hashed
    second!.bytes[0] = (second!.bytes[0] ?? 0) ^ 1
    expect((await storePack(near.context, files, { onClash: 'decline' })).map(codeOf)).toEqual(['stored', 'corrupt', 'stored'])
    expect(ring.defects).toEqual([])
  })

  it.each([
    ['cut off', [0, 0, 0, 2, 0, 0, 0, 0, 65], 1],
    ['longer than its files', [0, 0, 0, 0, 0, 0, 0, 0, 1], 1],
    ['with a content beyond the bound', [0, 0, 0, 0, 0, 1, 0, 0], 1],
    ['without a file', [], 1],
  ])('is none when its body is %s', (_what, body, files) => {
    expect(readPackBody(Buffer.from(body), files)).toBeNull()
  })
})

describe('names by owner', () => {
  it('asks once for all names between two machines, round the circle', async () => {
    const ring = await ringOf([1000, 2000, 3000], { small: true })
    const { context } = ring.machine(1000)
    const located: string[] = []
    const counting = {
      ...context,
      self: context.self,
      repair: context.repair,
      machineName: context.machineName,
      locate: (name: string) => {
        located.push(name)
        return context.locate(name, 'store')
      },
    }
    const groups = await groupByOwner(counting, ['1500', '1999', '2500', '0500', '3500', '1000', '1001', '2000'], 'store')
    const found = groups.map((group) => [Number(ring.space.toBigInt(group.located.owner.id)), [...group.names].sort()] as const)
    expect(new Map(found)).toEqual(
      new Map([
        [2000, ['1001', '1500', '1999', '2000']],
        [3000, ['2500']],
        [1000, ['0500', '1000', '3500']],
      ]),
    )
    expect(located).toHaveLength(3)
  })
})
