/** What every disk must do, on the real one and on the fake that the other tests trust; and what the stores make of a disk's faults. */

import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '../../shared/errors.ts'
import { ContentStore } from '../../electron/peer/disk/content-store.ts'
import { nodeDisk } from '../../electron/peer/disk/node-disk.ts'
import type { Disk } from '../../electron/peer/disk/disk.ts'
import { DownloadFile } from '../../electron/peer/disk/download-file.ts'
import { StateFile } from '../../electron/peer/disk/state-file.ts'
import type { Manifest } from '../../electron/peer/protocol/manifest.ts'
import { writeContent } from '../fakes/write-content.ts'
import { FaultyDisk } from '../fakes/faulty-disk.ts'

const made: string[] = []
afterAll(async () => {
  for (const folder of made) await rm(folder, { recursive: true, force: true })
})

async function realFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ringdrop-disk-'))
  made.push(folder)
  return folder
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

async function put(disk: Disk, path: string, text: string): Promise<void> {
  const file = await disk.open(path, 'write')
  await file.write(bytesOf(text), 0)
  await file.sync()
  await file.close()
}

async function get(disk: Disk, path: string): Promise<string> {
  const file = await disk.open(path, 'read')
  const buffer = new Uint8Array(1_000)
  const count = await file.read(buffer, 0)
  await file.close()
  return new TextDecoder().decode(buffer.subarray(0, count))
}

const forms: [string, () => Promise<{ disk: Disk; folder: string }>][] = [
  ['the real disk', async () => ({ disk: nodeDisk, folder: await realFolder() })],
  [
    'the fake disk',
    async () => {
      const disk = new FaultyDisk()
      await disk.makeFolder('/base')
      return { disk, folder: '/base' }
    },
  ],
]

describe.each(forms)('%s', (_name, make) => {
  let disk: Disk
  let folder = ''
  beforeEach(async () => {
    ;({ disk, folder } = await make())
  })

  it('writes and reads at any position and tells the end', async () => {
    const file = await disk.open(join(folder, 'a'), 'new')
    await file.write(bytesOf('world'), 6)
    await file.write(bytesOf('hello '), 0)
    const buffer = new Uint8Array(20)
    expect(await file.read(buffer, 3)).toBe(8)
    expect(await file.read(buffer, 11)).toBe(0)
    await file.sync()
    await file.close()
    expect(await get(disk, join(folder, 'a'))).toBe('hello world')
    expect(await disk.stat(join(folder, 'a'))).toMatchObject({ kind: 'file', sizeBytes: 11 })
  })

  it('keeps what is there when opened for writing, and refuses what must be new', async () => {
    await put(disk, join(folder, 'a'), 'longer')
    await put(disk, join(folder, 'a'), 'LON')
    expect(await get(disk, join(folder, 'a'))).toBe('LONger')
    await expect(disk.open(join(folder, 'a'), 'new')).rejects.toMatchObject({ code: 'already-exists' })
    await expect(disk.open(join(folder, 'b'), 'read')).rejects.toMatchObject({ code: 'not-found' })
    await expect(disk.open(join(folder, 'no', 'b'), 'new')).rejects.toMatchObject({ code: 'not-found' })
  })

  it('renames over what is there, or only where nothing is', async () => {
    await put(disk, join(folder, 'a'), 'a')
    await put(disk, join(folder, 'b'), 'b')
    await expect(disk.renameNew(join(folder, 'a'), join(folder, 'b'))).rejects.toMatchObject({ code: 'already-exists' })
    await disk.renameNew(join(folder, 'a'), join(folder, 'c'))
    await disk.rename(join(folder, 'c'), join(folder, 'b'))
    expect(await get(disk, join(folder, 'b'))).toBe('a')
    expect((await disk.list(folder)).map((entry) => entry.name)).toEqual(['b'])
    await expect(disk.rename(join(folder, 'x'), join(folder, 'y'))).rejects.toMatchObject({ code: 'not-found' })
    await disk.syncFolder(folder)
  })

  it('makes folders with their parents, lists them, and takes what is missing for empty', async () => {
    await disk.makeFolder(join(folder, 'x', 'y'))
    await disk.makeFolder(join(folder, 'x', 'y'))
    await put(disk, join(folder, 'x', 'f'), '1')
    expect([...(await disk.list(join(folder, 'x')))].sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { name: 'f', kind: 'file' },
      { name: 'y', kind: 'folder' },
    ])
    expect(await disk.list(join(folder, 'none'))).toEqual([])
    expect(await disk.stat(join(folder, 'none'))).toBeNull()
    expect(await disk.stat(folder)).toMatchObject({ kind: 'folder' })
    await disk.remove(join(folder, 'none'))
    await disk.remove(join(folder, 'x', 'f'))
    expect(await disk.stat(join(folder, 'x', 'f'))).toBeNull()
    const room = await disk.room(folder)
    expect(room.freeBytes).toBeGreaterThan(0)
    expect(room.totalBytes).toBeGreaterThanOrEqual(room.freeBytes)
  })

  it('clones, or says that it cannot and leaves nothing', async () => {
    await put(disk, join(folder, 'a'), 'bytes')
    const cloned = await disk.clone(join(folder, 'a'), join(folder, 'b'))
    expect((await disk.stat(join(folder, 'b'))) !== null).toBe(cloned)
    if (cloned) expect(await get(disk, join(folder, 'b'))).toBe('bytes')
    await expect(disk.clone(join(folder, 'none'), join(folder, 'c'))).rejects.toMatchObject({ code: 'not-found' })
  })

  it('reads small files in one go, each for itself', async () => {
    await put(disk, join(folder, 'a'), 'bytes')
    await put(disk, join(folder, 'empty'), '')
    await put(disk, join(folder, 'large'), 'longer')
    await disk.makeFolder(join(folder, 'x'))
    const paths = ['a', 'empty', 'large', 'none', 'x'].map((name) => join(folder, name))
    const { files, release } = await disk.readWhole(paths, 5)
    const [some, empty, large, none, itself] = files
    for (const [file, text] of [
      [some, 'bytes'],
      [empty, ''],
    ] as const) {
      if (!file || file instanceof AppError) throw new Error('not read')
      expect(Buffer.from(file.bytes).toString()).toBe(text)
      expect(Buffer.from(file.sha256).toString('hex')).toBe(createHash('sha256').update(text).digest('hex'))
    }
    expect(large).toBeNull()
    expect(none).toMatchObject({ code: 'not-found' })
    release()
    expect(itself === null || (itself instanceof AppError && itself.code === 'file-unreadable')).toBe(true)
  })

  it('reads and writes more than goes together at once', async () => {
    const texts = Array.from({ length: 40 }, (_, index) => `large-${index}`.padEnd(36_000, '.'))
    const paths = texts.map((_, index) => join(folder, `large-${index}`))
    for (const [index, path] of paths.entries()) await put(disk, path, texts[index] ?? '')
    const { files } = await disk.readWhole(paths, 50_000)
    const read = files.map((file) => (file && !(file instanceof AppError) ? Buffer.from(file.bytes) : Buffer.alloc(0)))
    expect(read.map((bytes) => bytes.toString())).toEqual(texts)
    const copies = read.map((bytes, index) => ({ path: join(folder, `copy-${index}`), part: join(folder, `.part-${index}`), bytes }))
    expect(await disk.writeWhole(copies)).toEqual(texts.map(() => null))
    expect((await disk.stat(join(folder, 'copy-39')))?.sizeBytes).toBe(36_000)
    expect((await get(disk, join(folder, 'copy-39'))).slice(0, 10)).toBe('large-39..')
  })

  it('writes small files in one go, replaces nothing, and leaves nothing half', async () => {
    await put(disk, join(folder, 'there'), 'old')
    await put(disk, join(folder, '.a-part'), 'left by another')
    const files = [
      { path: join(folder, 'a'), part: join(folder, '.a-part'), bytes: bytesOf('one') },
      { path: join(folder, 'there'), part: join(folder, '.b-part'), bytes: bytesOf('two') },
      { path: join(folder, 'no', 'c'), part: join(folder, 'no', '.c-part'), bytes: bytesOf('three') },
      { path: join(folder, 'd'), part: join(folder, '.d-part'), bytes: bytesOf('') },
    ]
    const outcomes = await disk.writeWhole(files)
    expect(outcomes.map((outcome) => outcome?.code ?? null)).toEqual([null, 'already-exists', 'not-found', null])
    expect(await get(disk, join(folder, 'a'))).toBe('one')
    expect(await get(disk, join(folder, 'there'))).toBe('old')
    expect((await disk.list(folder)).map((entry) => entry.name).sort()).toEqual(['a', 'd', 'there'])
  })

  it('holds a content store, a download and a state', async () => {
    const content = contentOf(randomBytes(10_000))
    const store = await ContentStore.open(disk, join(folder, 'content'))
    const partial = await store.create(content.manifest)
    await writeContent(partial, content.bytes)
    await partial.commit()
    expect(await store.verify(content.manifest.sha256)).toBe(true)
    const download = await DownloadFile.create(disk, join(folder, 'out', 'f.bin'), content.manifest, { overwrite: false })
    await writeContent(download, content.bytes)
    expect(await download.commit()).toBe(join(folder, 'out', 'f.bin'))
    const state = new StateFile(disk, join(folder, 'state.json'), (value) => (typeof value === 'number' ? value : null))
    await Promise.all([state.write(1), state.write(2)])
    expect(await state.read()).toEqual({ value: 2, note: null })
  })
})

it('the real disk passes over a small file whose name it cannot take', async () => {
  const folder = await realFolder()
  const named = (name: string) => ({ path: join(folder, name), part: join(folder, `.${name}-part`), bytes: bytesOf(name) })
  const outcomes = await nodeDisk.writeWhole([named('x'.repeat(300)), named('a')])
  expect(outcomes.map((outcome) => outcome?.code ?? null)).toEqual(['file-unreadable', null])
  expect((await nodeDisk.list(folder)).map((entry) => entry.name)).toEqual(['a'])
})

function contentOf(bytes: Uint8Array, blockBytes = 4_096): { bytes: Uint8Array; manifest: Manifest } {
  const hashes: Buffer[] = []
  for (let at = 0; at < bytes.length; at += blockBytes) {
    hashes.push(
      createHash('sha256')
        .update(bytes.subarray(at, at + blockBytes))
        .digest(),
    )
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { bytes, manifest: { sizeBytes: bytes.length, blockBytes, sha256, blockHashes: new Uint8Array(Buffer.concat(hashes)) } }
}

async function storeOne(disk: Disk, seed: number): Promise<{ sha256: string }> {
  const { bytes, manifest } = contentOf(new Uint8Array(9_000).fill(seed))
  const store = await ContentStore.open(disk, '/content')
  const partial = await store.create(manifest)
  await writeContent(partial, bytes)
  await partial.commit()
  return { sha256: manifest.sha256 }
}

describe('stores on a faulty disk', () => {
  it('keeps every committed content over a power cut, and never shows a torn one', async () => {
    for (let seed = 1; seed <= 200; seed++) {
      const disk = new FaultyDisk({ seed })
      const kept = await storeOne(disk, seed)
      const half = contentOf(new Uint8Array(20_000).fill(seed + 100))
      const store = await ContentStore.open(disk, '/content')
      const partial = await store.create(half.manifest)
      await writeContent(partial, half.bytes)
      // the power goes somewhere within the commit, or right after it
      const committing = partial.commit().then(
        () => true,
        () => false,
      )
      for (let turn = 0; turn < seed % 50; turn++) await Promise.resolve()
      const next = disk.crash()
      const committed = await committing
      const again = await ContentStore.open(next, '/content')
      expect(await again.verify(kept.sha256), `seed ${seed}`).toBe(true)
      const there = await again.has(half.manifest.sha256)
      expect(there || !committed, `seed ${seed}`).toBe(true)
      if (there) expect(await again.verify(half.manifest.sha256), `seed ${seed}`).toBe(true)
      expect(next.files().filter((path) => path.includes('partial'))).toEqual([])
    }
  })

  it('gives the room back and leaves nothing when any step fails', async () => {
    const { bytes, manifest } = contentOf(new Uint8Array(20_000).fill(7))
    for (const operation of ['open', 'write', 'sync', 'rename', 'syncFolder'] as const) {
      for (let after = 0; after < 3; after++) {
        const disk = new FaultyDisk()
        const store = await ContentStore.open(disk, '/content')
        disk.failNext(operation, { after, code: 'disk-full' })
        const attempt = async (): Promise<void> => {
          const partial = await store.create(manifest)
          try {
            await writeContent(partial, bytes)
            await partial.commit()
          } catch (thrown) {
            await partial.abort()
            throw thrown
          }
        }
        const failed = await attempt().then(
          () => null,
          (thrown: unknown) => thrown,
        )
        if (failed) expect(failed).toMatchObject({ code: 'disk-full' })
        expect(store.usedBytes(), `${operation} ${after}`).toBe(failed ? 0 : bytes.length)
        expect(await store.has(manifest.sha256)).toBe(!failed)
        expect(disk.files().filter((path) => path.includes('partial'))).toEqual([])
        disk.heal()
        await attempt()
        expect(await store.verify(manifest.sha256)).toBe(true)
      }
    }
  })

  it('makes a clone a copy only after it was checked', async () => {
    const disk = new FaultyDisk({ clones: true })
    const { bytes, manifest } = contentOf(new Uint8Array(20_000).fill(7))
    await disk.makeFolder('/home')
    await put(disk, '/home/a', '')
    const file = await disk.open('/home/a', 'write')
    await file.write(bytes, 0)
    const store = await ContentStore.open(disk, '/content')
    await store.importFile('/home/a', manifest)
    expect(await store.verify(manifest.sha256)).toBe(true)
    expect(disk.counts.get('clone')).toBe(1)
    await store.remove(manifest.sha256)
    disk.rot('/home/a', 12_345)
    await expect(store.importFile('/home/a', manifest)).rejects.toMatchObject({ code: 'changed-while-reading' })
    expect(store.usedBytes()).toBe(0)
    expect(disk.files()).toEqual(['/home/a'])
  })

  it('finds rot and unreadable sectors', async () => {
    const disk = new FaultyDisk()
    const { sha256 } = await storeOne(disk, 3)
    const store = await ContentStore.open(disk, '/content')
    disk.failNext('read', { matches: sha256, after: 1 })
    expect(await store.verify(sha256)).toBe(false)
    expect(await store.verify(sha256)).toBe(true)
    disk.rot(`/content/${sha256.slice(0, 2)}/${sha256}`, 8_999)
    expect(await store.verify(sha256)).toBe(false)
  })

  it('does not take a full disk for room', async () => {
    const disk = new FaultyDisk({ totalBytes: 100_000 })
    const store = await ContentStore.open(disk, '/content')
    await expect(store.create(contentOf(new Uint8Array(60_000)).manifest)).rejects.toMatchObject({ code: 'disk-full' })
    const fits = await store.create(contentOf(new Uint8Array(40_000)).manifest)
    await expect(store.create(contentOf(new Uint8Array(40_000)).manifest)).rejects.toMatchObject({ code: 'disk-full' })
    await fits.abort()
  })

  it('keeps the old state or the new one over a power cut', async () => {
    for (let seed = 1; seed <= 100; seed++) {
      const disk = new FaultyDisk({ seed })
      const state = new StateFile(disk, '/data/state.json', (value) => (typeof value === 'string' ? value : null))
      await state.write('old'.repeat(500))
      const writing = state.write('new'.repeat(700)).catch(() => undefined)
      for (let turn = 0; turn < seed % 50; turn++) await Promise.resolve()
      const next = disk.crash()
      await writing
      const { value, note } = await new StateFile(next, state.path, (found) => (typeof found === 'string' ? found : null)).read()
      expect(note).toBeNull()
      expect(value === 'old'.repeat(500) || value === 'new'.repeat(700), `seed ${seed}`).toBe(true)
    }
  })
})
