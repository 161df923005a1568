import { createHash, randomBytes } from 'node:crypto'
import { appendFile, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Manifest } from '../protocol/manifest.ts'
import { ContentStore } from './content-store.ts'
import { writeContent } from '../../../tests/fakes/write-content.ts'
import { nodeDisk } from './node-disk.ts'
import { Space } from './space.ts'

const blockBytes = 65_536
let folder = ''
let store: ContentStore

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringdrop-content-'))
  store = await ContentStore.open(nodeDisk, join(folder, 'content'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function manifestFor(bytes: Uint8Array, size = blockBytes): Manifest {
  const hashes: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size)
    hashes.push(
      createHash('sha256')
        .update(bytes.subarray(at, at + size))
        .digest(),
    )
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { sizeBytes: bytes.length, blockBytes: size, sha256, blockHashes: new Uint8Array(Buffer.concat(hashes)) }
}

async function readAll(sha256: string, offset: number, length: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of store.read(sha256, offset, length)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const pathOf = (manifest: Manifest): string => join(folder, 'content', manifest.sha256.slice(0, 2), manifest.sha256)
const partials = (): Promise<string[]> => readdir(join(folder, 'content', 'partial'))
const block = (bytes: Buffer, index: number): Buffer => bytes.subarray(index * blockBytes, (index + 1) * blockBytes)

describe('content store', () => {
  it('says that it holds what a manifest describes only when its bytes were checked against those very blocks', async () => {
    const bytes = randomBytes(blockBytes * 3)
    const manifest = manifestFor(bytes)
    const partial = await store.create(manifest)
    await writeContent(partial, bytes)
    await partial.commit()
    expect(await store.holds(manifest)).toBe(true)
    // the same content in other blocks: found out by reading all of it
    expect(await store.holds(manifestFor(bytes, 2 * blockBytes))).toBe(true)
    // bytes that came under a false whole hash are not what an honest manifest of that hash describes
    const other = randomBytes(blockBytes * 3)
    const lie = { ...manifest, sha256: manifestFor(other).sha256 }
    const liar = await store.create(lie)
    await writeContent(liar, bytes)
    await liar.commit()
    expect(await store.holds(manifestFor(other))).toBe(false)
    expect(await store.verify(lie.sha256)).toBe(false)
  })

  it('goes on with what an interrupted store left, after a restart too, and checks each block of it', async () => {
    const size = 1_048_576
    const bytes = randomBytes(size * 12 + 5)
    const manifest = manifestFor(bytes, size)
    const blockAt = (index: number): Buffer => bytes.subarray(index * size, (index + 1) * size)
    const first = await store.create(manifest)
    for (let index = 0; index < 10; index++) await first.writeBlock(index, blockAt(index))
    await first.suspend()
    const second = await store.create(manifest)
    expect(second.missingBlocks()).toEqual([10, 11, 12])
    expect((await second.readBlock(4)).equals(blockAt(4))).toBe(true)
    // the process dies here; a block rots meanwhile
    const [left = ''] = await partials()
    const path = join(folder, 'content', 'partial', left)
    const rotten = await readFile(path)
    rotten[3 * size] = (rotten[3 * size] ?? 0) ^ 1
    await writeFile(path, rotten)
    store = await ContentStore.open(nodeDisk, join(folder, 'content'))
    expect(await partials()).toEqual([])
    const third = await store.create(manifest)
    expect(third.missingBlocks()).toEqual([3, 10, 11, 12])
    for (const index of third.missingBlocks()) await third.writeBlock(index, blockAt(index))
    await third.commit()
    expect(await store.verify(manifest.sha256)).toBe(true)
    expect(await readdir(join(folder, 'content', 'unfinished'))).toEqual([])
    await second.abort()
  })

  it('drops what was left in the middle when it is old, or when its room is needed', async () => {
    const size = 1_048_576
    const bytes = randomBytes(size * 10)
    const lay = async (): Promise<void> => {
      const partial = await store.create(manifestFor(bytes, size))
      for (let index = 0; index < 9; index++) await partial.writeBlock(index, bytes.subarray(index * size, (index + 1) * size))
      await partial.suspend()
    }
    const left = (): Promise<string[]> => readdir(join(folder, 'content', 'unfinished'))
    await lay()
    await store.dropUnfinished(0)
    expect(await left()).toHaveLength(1)
    await store.dropUnfinished(Infinity)
    expect(await left()).toEqual([])
    await lay()
    store.space.offeredBytes = 1000
    await expect(store.create(manifestFor(randomBytes(2000)))).rejects.toMatchObject({ code: 'disk-full' })
    expect(await left()).toEqual([])
  })

  it('wants no block of zeros from anybody, and leaves holes for them', async () => {
    const bytes = Buffer.alloc(blockBytes * 64)
    randomBytes(blockBytes).copy(bytes, 5 * blockBytes)
    const manifest = manifestFor(bytes)
    const partial = await store.create(manifest)
    expect(partial.missingBlocks()).toEqual([5])
    await partial.writeBlock(5, block(bytes, 5))
    expect((await partial.readBlock(6)).equals(block(bytes, 6))).toBe(true)
    await partial.commit()
    expect(await store.verify(manifest.sha256)).toBe(true)
    expect((await readAll(manifest.sha256, 0, bytes.length)).equals(bytes)).toBe(true)
    const path = join(folder, 'sparse')
    await writeFile(path, bytes)
    await store.remove(manifest.sha256)
    await store.importFile(path, manifest)
    expect(await store.verify(manifest.sha256)).toBe(true)
  })

  it('keeps blocks in order and gives any stretch of them back', async () => {
    const bytes = randomBytes(blockBytes * 5 + 123)
    const manifest = manifestFor(bytes)
    const partial = await store.create(manifest)
    await writeContent(partial, bytes)
    expect(await store.has(manifest.sha256)).toBe(false)
    await partial.commit()
    expect(await store.has(manifest.sha256)).toBe(true)
    expect(store.usedBytes()).toBe(bytes.length)
    expect(await store.manifest(manifest.sha256)).toEqual(manifest)
    expect((await readAll(manifest.sha256, 0, bytes.length)).equals(bytes)).toBe(true)
    expect((await readAll(manifest.sha256, 70_000, 200_000)).equals(bytes.subarray(70_000, 270_000))).toBe(true)
    expect(await partials()).toEqual([])
  })

  it('keeps blocks that come in any order, twice too, and all at once', async () => {
    const bytes = randomBytes(blockBytes * 40 + 1)
    const manifest = manifestFor(bytes)
    const partial = await store.create(manifest)
    await partial.writeBlock(40, block(bytes, 40))
    await partial.writeBlock(40, block(bytes, 40))
    await Promise.all(
      partial
        .missingBlocks()
        .reverse()
        .map((index) => partial.writeBlock(index, block(bytes, index))),
    )
    await partial.commit()
    expect(await store.verify(manifest.sha256)).toBe(true)
  })

  it('refuses a wrong block at once and takes the right one afterwards', async () => {
    const bytes = randomBytes(blockBytes * 2)
    const partial = await store.create(manifestFor(bytes))
    await expect(partial.writeBlock(0, block(bytes, 1))).rejects.toMatchObject({ code: 'corrupt' })
    await expect(partial.writeBlock(2, block(bytes, 1))).rejects.toMatchObject({ code: 'corrupt' })
    await expect(partial.writeBlock(1, bytes.subarray(0, 5))).rejects.toMatchObject({ code: 'corrupt' })
    await partial.writeBlock(0, block(bytes, 0))
    await partial.writeBlock(1, block(bytes, 1))
    await partial.commit()
    expect(store.usedBytes()).toBe(bytes.length)
  })

  it('gives up what is wrong, too long or incomplete, and leaves nothing', async () => {
    const bytes = randomBytes(blockBytes * 2)
    const manifest = manifestFor(bytes)
    const wrong = await store.create(manifest)
    await expect(writeContent(wrong, randomBytes(blockBytes))).rejects.toMatchObject({ code: 'corrupt' })
    await wrong.abort()
    const long = await store.create(manifest)
    await expect(writeContent(long, Buffer.concat([bytes, bytes]))).rejects.toMatchObject({ code: 'corrupt' })
    await long.abort()
    const short = await store.create(manifest)
    await short.writeBlock(0, block(bytes, 0))
    await expect(short.commit()).rejects.toMatchObject({ code: 'corrupt' })
    expect(await partials()).toEqual([])
    expect(store.usedBytes()).toBe(0)
  })

  it('is safe when the same content is made twice at the same time', async () => {
    const bytes = randomBytes(blockBytes * 3)
    const manifest = manifestFor(bytes)
    const [a, b] = await Promise.all([store.create(manifest), store.create(manifest)])
    await Promise.all([writeContent(a, bytes), writeContent(b, bytes)])
    await Promise.all([a.commit(), b.commit()])
    expect(await store.verify(manifest.sha256)).toBe(true)
    expect(store.usedBytes()).toBe(bytes.length)
  })

  it('keeps empty files', async () => {
    const manifest = manifestFor(Buffer.alloc(0))
    await (await store.create(manifest)).commit()
    expect(await store.has(manifest.sha256)).toBe(true)
    expect((await store.manifest(manifest.sha256))?.sizeBytes).toBe(0)
    expect(await readAll(manifest.sha256, 0, 0)).toHaveLength(0)
    expect(await store.verify(manifest.sha256)).toBe(true)
  })

  it('removes leftovers at start and knows what it kept', async () => {
    const bytes = randomBytes(blockBytes * 2)
    const manifest = manifestFor(bytes)
    const kept = await store.create(manifest)
    await writeContent(kept, bytes)
    await kept.commit()
    const left = await store.create(manifestFor(randomBytes(blockBytes)))
    await writeFile(`${join(folder, 'content', manifest.sha256.slice(0, 2), manifest.sha256.slice(0, 2) + 'c'.repeat(62))}.manifest`, 'x')
    store = await ContentStore.open(nodeDisk, join(folder, 'content'))
    expect(await partials()).toEqual([])
    expect(store.usedBytes()).toBe(bytes.length)
    expect([...store.hashes()]).toEqual([manifest.sha256])
    expect((await readdir(join(folder, 'content', manifest.sha256.slice(0, 2)))).sort()).toEqual([
      manifest.sha256,
      `${manifest.sha256}.manifest`,
    ])
    await left.abort()
  })

  it('finds rot, and makes a lost manifest again', async () => {
    const bytes = randomBytes(3_000_000)
    const manifest = manifestFor(bytes, 1_048_576)
    const partial = await store.create(manifest)
    await writeContent(partial, bytes)
    await partial.commit()
    await writeFile(`${pathOf(manifest)}.manifest`, 'damaged')
    expect(await store.manifest(manifest.sha256)).toEqual(manifest)
    expect(await store.verify(manifest.sha256)).toBe(true)
    bytes[2_000_000] = (bytes[2_000_000] ?? 0) ^ 1
    await writeFile(pathOf(manifest), bytes)
    expect(await store.verify(manifest.sha256)).toBe(false)
    await writeFile(pathOf(manifest), bytes.subarray(0, 100))
    await expect(readAll(manifest.sha256, 0, bytes.length)).rejects.toMatchObject({ code: 'corrupt' })
    await store.remove(manifest.sha256)
    expect(await store.has(manifest.sha256)).toBe(false)
    expect(await store.verify(manifest.sha256)).toBe(false)
    expect(store.usedBytes()).toBe(0)
    await expect(readAll(manifest.sha256, 0, 1)).rejects.toMatchObject({ code: 'not-found' })
  })

  it('never makes a path out of what is not a hash', async () => {
    expect(await store.has('../../etc/passwd')).toBe(false)
    expect(await store.manifest('..')).toBeNull()
    await store.remove('../content')
    await expect(readAll('../x', 0, 1)).rejects.toMatchObject({ code: 'not-found' })
  })

  it('reserves room before the first byte', async () => {
    store = await ContentStore.open(nodeDisk, join(folder, 'small'), { space: new Space(nodeDisk, folder, 100_000) })
    const bytes = randomBytes(60_000)
    const first = await store.create(manifestFor(bytes))
    await expect(store.create(manifestFor(randomBytes(60_000)))).rejects.toMatchObject({ code: 'disk-full' })
    await first.abort()
    const second = await store.create(manifestFor(bytes))
    await writeContent(second, bytes)
    await second.commit()
    expect(await store.space.leftBytes()).toBe(40_000)
    await store.remove(manifestFor(bytes).sha256)
    expect(await store.space.leftBytes()).toBe(100_000)
  })

  it('makes a copy of a local file, unless that changed, vanished or was stopped', async () => {
    const path = join(folder, 'photo.raw')
    const bytes = randomBytes(blockBytes * 4 + 9)
    await writeFile(path, bytes)
    const manifest = manifestFor(bytes)
    await expect(store.importFile(path, manifest, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' })
    await store.importFile(path, manifest)
    expect(await store.verify(manifest.sha256)).toBe(true)
    expect((await readFile(path)).equals(bytes)).toBe(true)
    await store.remove(manifest.sha256)
    await appendFile(path, 'more')
    await expect(store.importFile(path, manifest)).rejects.toMatchObject({ code: 'changed-while-reading' })
    await writeFile(path, randomBytes(bytes.length))
    await expect(store.importFile(path, manifest)).rejects.toMatchObject({ code: 'changed-while-reading' })
    await rm(path)
    await expect(store.importFile(path, manifest)).rejects.toMatchObject({ code: 'changed-while-reading' })
    expect(await partials()).toEqual([])
    expect(store.usedBytes()).toBe(0)
  })
})
