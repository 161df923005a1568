import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { FaultyDisk } from '../../../tests/fakes/faulty-disk.ts'
import { MemoryKeyValue } from '../../../tests/fakes/memory-key-value.ts'
import { recordOf, versionOf } from '../../../tests/fakes/records.ts'
import { writeContent } from '../../../tests/fakes/write-content.ts'
import { rotSmall, smallFolder } from '../../../tests/fakes/small-places.ts'
import { verifiedAtOf } from '../protocol/holdings.ts'
import type { Manifest } from '../protocol/manifest.ts'
import { ContentStore } from './content-store.ts'
import { nodeDisk } from './node-disk.ts'
import { RecordStore, type KeptFile } from './record-store.ts'
import { manifestOfBytes } from './small-contents.ts'
import { Space } from './space.ts'

const blockBytes = 4096
const volumeBytes = 100_000
let disk: FaultyDisk
let database: MemoryKeyValue
let records: RecordStore
let store: ContentStore

async function open(): Promise<void> {
  records = await RecordStore.over(database)
  store = await ContentStore.open(disk, '/content', {
    space: new Space(disk, '/'),
    small: await records.smallContents({ disk, folder: smallFolder, limitBytes: 10_000, volumeBytes }),
    blockBytes,
  })
}

beforeEach(async () => {
  disk = new FaultyDisk()
  database = new MemoryKeyValue()
  await open()
})

/** The power goes: what was not synced is lost. */
async function crash(): Promise<void> {
  disk = disk.crash()
  database = database.crash()
  await open()
}

async function keep(bytes: Uint8Array): Promise<Manifest> {
  const manifest = manifestOfBytes(bytes, blockBytes)
  const partial = await store.create(manifest)
  await writeContent(partial, bytes)
  await partial.commit()
  return manifest
}

async function read(sha256: string, offset: number, length: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of store.read(sha256, offset, length)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

describe.each([
  ['a volume', 4_000],
  ['a file', 20_000],
])('a content in %s that was found bad', (_, size) => {
  it('is not held, though it is still here, before good bytes have come', async () => {
    const bytes = randomBytes(size)
    const manifest = await keep(bytes)
    const { sha256 } = manifest
    if (store.fitsSmall(manifest)) rotSmall({ disk, database }, sha256, 1_000)
    else disk.rot(`/content/${sha256.slice(0, 2)}/${sha256}`, 5_000)
    // nobody has read it since
    expect(await store.holds(manifest)).toBe(true)
    expect([await store.verify(sha256), await store.has(sha256), await store.holds(manifest)]).toEqual([false, true, false])
    await keep(bytes)
    expect([await store.holds(manifest), await store.verify(sha256)]).toEqual([true, true])
    expect(store.usedBytes()).toBe(size)
  })
})

describe('small contents', () => {
  it.each([0, 1, 4096, 9_999])('keeps %i bytes without a file of their own, over a power cut too', async (size) => {
    const bytes = randomBytes(size)
    const manifest = await keep(bytes)
    await crash()
    expect(disk.files().filter((path) => !path.startsWith(smallFolder))).toEqual([])
    expect(await store.has(manifest.sha256)).toBe(true)
    expect(store.sizeOf(manifest.sha256)).toBe(size)
    expect(store.usedBytes()).toBe(size)
    expect([...store.hashes()]).toEqual([manifest.sha256])
    expect(await store.manifest(manifest.sha256)).toEqual(manifest)
    expect((await read(manifest.sha256, 0, size)).equals(bytes)).toBe(true)
    expect((await read(manifest.sha256, size >> 1, size >> 2)).equals(bytes.subarray(size >> 1, (size >> 1) + (size >> 2)))).toBe(true)
    expect(await store.verify(manifest.sha256)).toBe(true)
    await store.remove(manifest.sha256)
    await crash()
    expect(await store.has(manifest.sha256)).toBe(false)
    expect(store.usedBytes()).toBe(0)
  })

  it('keeps larger ones in files, and each manifest as it came', async () => {
    const large = await keep(randomBytes(10_001))
    expect(disk.files().some((path) => path.endsWith(large.sha256))).toBe(true)
    const bytes = randomBytes(9_000)
    const other = manifestOfBytes(bytes, 8192)
    const partial = await store.create(other)
    await writeContent(partial, bytes)
    await partial.commit()
    const usual = await keep(randomBytes(9_000))
    await crash()
    expect(await store.manifest(other.sha256)).toEqual(other)
    expect(await store.manifest(usual.sha256)).toEqual(usual)
    expect(store.usedBytes()).toBe(10_001 + 18_000)
  })

  it('reads what an earlier version of the program kept in a file', async () => {
    const files = await ContentStore.open(disk, '/content', { blockBytes })
    const bytes = randomBytes(500)
    const manifest = manifestOfBytes(bytes, blockBytes)
    const partial = await files.create(manifest)
    await writeContent(partial, bytes)
    await partial.commit()
    await open()
    expect((await read(manifest.sha256, 0, 500)).equals(bytes)).toBe(true)
    expect(await store.verify(manifest.sha256)).toBe(true)
    await store.remove(manifest.sha256)
    expect(disk.files()).toEqual([])
    expect(store.usedBytes()).toBe(0)
  })

  it('finds a byte that is not what was written', async () => {
    const manifest = await keep(randomBytes(9_000))
    rotSmall({ disk, database }, manifest.sha256, 8_999)
    expect(await store.verify(manifest.sha256)).toBe(false)
    await expect(store.manifest(manifest.sha256)).rejects.toMatchObject({ code: 'corrupt' })
  })

  it('refuses damaged bytes, and gives their room back', async () => {
    const bytes = randomBytes(3_000)
    const partial = await store.create(manifestOfBytes(bytes, blockBytes))
    await expect(writeContent(partial, randomBytes(3_000))).rejects.toMatchObject({ code: 'corrupt' })
    await partial.abort()
    expect(await store.space.leftBytes()).toBe(await store.space.allowedBytes())
  })

  it('gives the room back when the database is full, and counts a content once', async () => {
    const bytes = randomBytes(3_000)
    const manifest = manifestOfBytes(bytes, blockBytes)
    const first = await store.create(manifest)
    await writeContent(first, bytes)
    database.failNext()
    await expect(first.commit()).rejects.toMatchObject({ code: 'disk-full' })
    expect([await store.has(manifest.sha256), store.usedBytes()]).toEqual([false, 0])
    expect(await store.space.leftBytes()).toBe(await store.space.allowedBytes())
    const both = await Promise.all([store.create(manifest), store.create(manifest)])
    for (const partial of both) await writeContent(partial, bytes)
    await Promise.all(both.map((partial) => partial.commit()))
    expect(store.usedBytes()).toBe(3_000)
    expect(await store.space.leftBytes()).toBe((await store.space.allowedBytes()) - 3_000)
  })

  it('takes a file of a person', async () => {
    const bytes = randomBytes(5_000)
    await disk.makeFolder('/home')
    const file = await disk.open('/home/a', 'write')
    await file.write(bytes, 0)
    const manifest = manifestOfBytes(bytes, blockBytes)
    await store.importFile('/home/a', manifest)
    expect(await store.verify(manifest.sha256)).toBe(true)
    expect(disk.files().filter((path) => !path.startsWith(smallFolder))).toEqual(['/home/a'])
  })
})

describe('many at once', () => {
  const version = (bytes: Uint8Array) => {
    const manifest = manifestOfBytes(bytes, blockBytes)
    return versionOf('x', { sha256: manifest.sha256, sizeBytes: bytes.length })
  }

  async function placed(names: readonly string[], contents: readonly Uint8Array[]): Promise<KeptFile[]> {
    const items = contents.map((bytes) => ({ manifest: manifestOfBytes(bytes, blockBytes), bytes }))
    const placements = await store.placeSmall(items)
    return names.map((name, index) => {
      const bytes = contents[index] ?? new Uint8Array(0)
      const { sha256 } = version(bytes)
      return { record: recordOf(name, version(bytes)), sha256, bytes: placements[index] ?? null }
    })
  }

  it('makes bytes, records and holdings durable in one batch', async () => {
    let batches = 0
    database = new MemoryKeyValue({
      sync: () => {
        batches++
        return Promise.resolve()
      },
    })
    await open()
    batches = 0
    const files = await placed(['a', 'b', 'c'], [randomBytes(10), randomBytes(20), randomBytes(30)])
    expect(await records.keepAll(files, 7)).toMatchObject({ outcomes: [null, null, null] })
    expect(batches).toBe(1)
    await crash()
    for (const { record, sha256 } of files) {
      expect((await records.get(record.name))?.held).toEqual([[sha256, 7]])
      expect(await store.verify(sha256)).toBe(true)
    }
    expect(store.usedBytes()).toBe(60)
  })

  it('tells the revisions of what is known just as it was given, with nothing else among them', async () => {
    const files = await placed(['a', 'b', 'c'], [randomBytes(10), randomBytes(20), randomBytes(30)])
    const { revision } = records
    expect((await records.keepAll(files.slice(0, 2), 7)).revisions).toEqual({ first: revision + 1, last: revision + 2 })
    // known before with another version, or to others by the same content
    await records.merge(recordOf('c', { ...version(randomBytes(5)), writerId: 'b2' }))
    expect((await records.keepAll(files.slice(2), 7)).revisions).toBeNull()
    const same = { record: recordOf('d', files[0]!.record.versions[0]!), sha256: files[0]!.sha256, bytes: null }
    expect((await records.keepAll([same], 8)).revisions).toBeNull()
    const bad = { ...same, record: { ...same.record, spelling: 'other' } }
    expect((await records.keepAll([bad], 9)).revisions).toBeNull()
  })

  it('lets a record that is refused harm no other', async () => {
    const files = await placed(['a', 'b'], [randomBytes(10), randomBytes(20)])
    const [first, second] = files
    const bad = { ...first!, record: { ...first!.record, spelling: 'other' } }
    const { outcomes } = await records.keepAll([bad, second!], 7)
    expect(outcomes.map((outcome) => outcome?.code ?? null)).toEqual(['protocol', null])
    expect(store.usedBytes()).toBe(20)
    expect(await store.has(bad.sha256)).toBe(false)
    expect(await store.space.leftBytes()).toBe((await store.space.allowedBytes()) - 20)
  })

  it('keeps the bytes of two of which the first is refused', async () => {
    const bytes = randomBytes(10)
    const [first] = await placed(['a'], [bytes])
    const bad = { ...first!, record: { ...first!.record, spelling: 'other' } }
    const same = { record: recordOf('b', version(bytes)), sha256: bad.sha256, bytes: null }
    const { outcomes } = await records.keepAll([bad, same], 7)
    expect(outcomes.map((outcome) => outcome?.code ?? null)).toEqual(['protocol', null])
    expect([await store.verify(bad.sha256), records.heldAt(bad.sha256), store.usedBytes()]).toEqual([true, 7, 10])
  })

  it('keeps none of them when the batch is not written', async () => {
    const files = await placed(['a', 'b'], [randomBytes(10), randomBytes(20)])
    database.failNext()
    await expect(records.keepAll(files, 7)).rejects.toMatchObject({ code: 'disk-full' })
    expect([await records.get('a'), records.heldAt(files[0]!.sha256), store.usedBytes()]).toEqual([null, null, 0])
  })

  it('tells of other names that want a content which is here now', async () => {
    const bytes = randomBytes(10)
    await records.merge(recordOf('before', version(bytes)))
    const told: string[] = []
    records.onChanged((entry) => told.push(entry.record.name))
    const [file] = await placed(['a'], [bytes])
    const { revision } = records
    await Promise.all([records.keepAll([file!], 7), records.merge(recordOf('meanwhile', version(bytes)))])
    expect(new Set(told)).toEqual(new Set(['a', 'before', 'meanwhile']))
    const { entries } = await records.changedSince(revision, 1e6)
    expect(entries.map((entry) => verifiedAtOf(entry.held, file!.sha256))).toEqual([7, 7, 7])
  })

  it('says for each whether there is room', async () => {
    disk = new FaultyDisk({ totalBytes: 1_000 })
    await open()
    const contents = [300, 300, 100]
      .map((size) => randomBytes(size))
      .map((bytes) => ({ manifest: manifestOfBytes(bytes, blockBytes), bytes }))
    const placements = await store.placeSmall(contents)
    expect(placements.map((placement) => placement !== null)).toEqual([true, false, true])
  })
})

describe('volumes', () => {
  const paths = (): string[] => disk.files().filter((path) => path.startsWith(`${smallFolder}/`))

  /** As much as fills a volume, so that the next content goes into another one. */
  async function fillVolume(): Promise<Manifest[]> {
    const kept: Manifest[] = []
    const bytes = Buffer.alloc(10_000)
    for (let size = 0; size < volumeBytes; size += bytes.length) {
      bytes.writeUInt32BE(size)
      kept.push(manifestOfBytes(bytes, blockBytes))
      const partial = await store.create(manifestOfBytes(bytes, blockBytes))
      await writeContent(partial, Buffer.from(bytes))
      await partial.commit()
    }
    return kept
  }

  it('misses what a row names and no volume has', async () => {
    const [kept, lost] = [await keep(randomBytes(100)), await keep(randomBytes(200))]
    disk.cut(paths()[0]!, 250)
    await crash()
    expect([await store.has(kept.sha256), await store.has(lost.sha256)]).toEqual([true, false])
    expect([await store.verify(kept.sha256), store.usedBytes()]).toEqual([true, 100])
  })

  it('let go of what is mostly dead, and move what is not', async () => {
    const contents = await fillVolume()
    const later = await keep(randomBytes(10))
    expect(paths()).toHaveLength(2)
    const [first, ...others] = contents
    const left = others.slice(0, 3)
    for (const { sha256 } of others.slice(3)) await store.remove(sha256)
    await store.remove(first!.sha256)
    await store.settled()
    expect(paths()).toHaveLength(1)
    await crash()
    for (const { sha256 } of [...left, later]) expect(await store.verify(sha256)).toBe(true)
    expect([...store.hashes()].sort()).toEqual([...left, later].map(({ sha256 }) => sha256).sort())
    expect(store.usedBytes()).toBe(30_010)
  })

  it('do not bring back what is removed while it is moved', async () => {
    const contents = await fillVolume()
    await keep(randomBytes(10))
    const left = contents.slice(-2)
    for (const { sha256 } of contents.slice(0, -2)) await store.remove(sha256)
    // the moving has begun with the removal that made it worth while
    await store.remove(left[0]!.sha256)
    await store.settled()
    expect(await store.has(left[0]!.sha256)).toBe(false)
    await crash()
    expect([await store.has(left[0]!.sha256), await store.verify(left[1]!.sha256)]).toEqual([false, true])
  })

  it('go on elsewhere after one could not be written', async () => {
    const first = await keep(randomBytes(100))
    disk.failNext('sync', { matches: smallFolder, code: 'disk-full' })
    const bytes = randomBytes(200)
    await expect(keep(bytes)).rejects.toMatchObject({ code: 'disk-full' })
    expect(store.usedBytes()).toBe(100)
    const again = await keep(bytes)
    await crash()
    expect([await store.verify(first.sha256), await store.verify(again.sha256)]).toEqual([true, true])
  })

  /** A record `a` whose bytes find no room: `kept` begins to keep it. */
  async function keptWithoutRoom() {
    const bytes = randomBytes(100)
    const manifest = manifestOfBytes(bytes, blockBytes)
    const [placement] = await store.placeSmall([{ manifest, bytes }])
    disk.failNext('write', { matches: smallFolder, code: 'disk-full' })
    const record = recordOf('a', versionOf('x', { sha256: manifest.sha256, sizeBytes: bytes.length }))
    return { record, manifest, kept: () => records.keepAll([{ record, sha256: manifest.sha256, bytes: placement! }], 7) }
  }

  it('that cannot be written fail what comes with them, and nothing else', async () => {
    const { record, manifest, kept } = await keptWithoutRoom()
    // all in one batch: the second is in what the first brings, the third has nothing to do with it
    await expect(Promise.all([kept(), records.merge(recordOf('other', versionOf('y')))])).rejects.toMatchObject({ code: 'disk-full' })
    expect([await records.get('a'), (await records.get('other'))?.record.name]).toEqual([null, 'other'])
    expect(records.heldAt(manifest.sha256)).toBeNull()
    await records.merge(record)
    await crash()
    expect([(await records.get('a'))?.record.name, (await records.get('other'))?.record.name]).toEqual(['a', 'other'])
  })

  it('and a record that was on its way with them is written when it comes again', async () => {
    const { record, manifest, kept } = await keptWithoutRoom()
    const outcome = kept().catch(() => 'failed')
    // its row is on its way by then
    while (!records.wants(record, manifest.sha256) || (await records.get('a')) === null) await Promise.resolve()
    const merged = records.merge(record)
    expect(await outcome).toBe('failed')
    await merged
    await crash()
    expect((await records.get('a'))?.record.name).toBe('a')
  })

  it('keep nothing whose row was not written, whatever came to the disk', async () => {
    const manifest = manifestOfBytes(randomBytes(100), blockBytes)
    await store.placeSmall([{ manifest, bytes: randomBytes(100) }])
    await keep(randomBytes(50))
    await crash()
    expect([await store.has(manifest.sha256), store.usedBytes()]).toEqual([false, 50])
  })
})

it('takes over what an earlier version of the program kept in the database', async () => {
  const bytes = randomBytes(9_000)
  const { sha256 } = manifestOfBytes(bytes, blockBytes)
  await database.batch([
    { type: 'put', key: `k!${sha256}`, value: bytes },
    { type: 'put', key: `z!${sha256}`, value: `9000 ${blockBytes}` },
    { type: 'put', key: `z!${'b'.repeat(64)}`, value: `4 ${blockBytes}` },
  ])
  await open()
  expect([...store.hashes()]).toEqual([sha256])
  await crash()
  expect([await store.verify(sha256), store.usedBytes(), database.durableKeys('k!')]).toEqual([true, 9_000, []])
})

it('loses nothing of that where there is no room for it', async () => {
  const bytes = randomBytes(9_000)
  const { sha256 } = manifestOfBytes(bytes, blockBytes)
  await database.batch([
    { type: 'put', key: `k!${sha256}`, value: bytes },
    { type: 'put', key: `z!${sha256}`, value: `9000 ${blockBytes}` },
  ])
  disk.failNext('write', { matches: smallFolder, code: 'disk-full' })
  await expect(open()).rejects.toMatchObject({ code: 'disk-full' })
  await crash()
  expect([await store.verify(sha256), database.durableKeys('k!')]).toEqual([true, []])
})

it('keeps a content in LevelDB over a restart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ringdrop-small-'))
  try {
    const bytes = randomBytes(100)
    for (const round of ['first', 'second']) {
      const records = await RecordStore.open(join(folder, 'records'))
      const contents = await ContentStore.open(nodeDisk, join(folder, 'content'), {
        small: await records.smallContents({ disk: nodeDisk, folder: join(folder, 'content', 'small') }),
      })
      const manifest = manifestOfBytes(bytes, blockBytes)
      if (round === 'first') {
        const partial = await contents.create(manifest)
        await writeContent(partial, bytes)
        await partial.commit()
      }
      expect(await contents.verify(manifest.sha256)).toBe(true)
      await records.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
