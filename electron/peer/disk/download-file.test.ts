import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Manifest } from '../protocol/manifest.ts'
import { nodeDisk } from './node-disk.ts'
import { DownloadFile, clashPath } from './download-file.ts'

const blockBytes = 4_096
let folder = ''
let bytes: Buffer
let manifest: Manifest

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringdrop-download-'))
  bytes = randomBytes(blockBytes * 4 + 10)
  const hashes = [0, 1, 2, 3, 4].map((index) => createHash('sha256').update(block(index)).digest())
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  manifest = { sizeBytes: bytes.length, blockBytes, sha256, blockHashes: new Uint8Array(Buffer.concat(hashes)) }
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const block = (index: number): Buffer => bytes.subarray(index * blockBytes, (index + 1) * blockBytes)
const create = (name: string, overwrite = false): Promise<DownloadFile> =>
  DownloadFile.create(nodeDisk, join(folder, name), manifest, { overwrite })

async function finish(download: DownloadFile): Promise<string> {
  for (const index of download.missingBlocks().reverse()) await download.writeBlock(index, block(index))
  return download.commit()
}

describe('download', () => {
  it('appears under its name only when it is complete, in folders made for it', async () => {
    const download = await create('new/folder/photo.jpg')
    await download.writeBlock(2, block(2))
    expect((await readdir(join(folder, 'new', 'folder')))[0]).toMatch(/^\.photo\.jpg\.[0-9a-f]{8}\.ringdrop-part$/)
    expect(await finish(download)).toBe(join(folder, 'new', 'folder', 'photo.jpg'))
    expect((await readFile(join(folder, 'new', 'folder', 'photo.jpg'))).equals(bytes)).toBe(true)
    expect(await readdir(join(folder, 'new', 'folder'))).toEqual(['photo.jpg'])
  })

  it('never replaces what is there, unless told to', async () => {
    await writeFile(join(folder, 'a.tar.gz'), 'mine')
    await mkdir(join(folder, 'a.tar (2).gz'))
    expect(await finish(await create('a.tar.gz'))).toBe(join(folder, 'a.tar (3).gz'))
    expect(await readFile(join(folder, 'a.tar.gz'), 'utf8')).toBe('mine')
    expect(await finish(await create('a.tar.gz', true))).toBe(join(folder, 'a.tar.gz'))
    expect((await readFile(join(folder, 'a.tar.gz'))).equals(bytes)).toBe(true)
  })

  it('gives several at once a name each', async () => {
    const downloads = await Promise.all([create('x'), create('x'), create('x')])
    const paths = await Promise.all(downloads.map(finish))
    expect(paths.sort()).toEqual([join(folder, 'x'), join(folder, 'x (2)'), join(folder, 'x (3)')])
    for (const path of paths) expect((await readFile(path)).equals(bytes)).toBe(true)
    expect(await readdir(folder)).toHaveLength(3)
  })

  it('goes on after a suspension or a crash, with the good blocks only', async () => {
    const first = await create('x')
    for (const index of [0, 1, 3]) await first.writeBlock(index, block(index))
    await first.suspend()
    const part = join(folder, (await readdir(folder))[0] ?? '')
    const damaged = await readFile(part)
    damaged[blockBytes] = (damaged[blockBytes] ?? 0) ^ 1
    await writeFile(part, damaged)
    const second = await create('x')
    expect(second.missingBlocks()).toEqual([1, 2, 4])
    expect(await finish(second)).toBe(join(folder, 'x'))
    expect((await readFile(join(folder, 'x'))).equals(bytes)).toBe(true)
  })

  it('leaves nothing when given up or when something misses', async () => {
    const given = await create('x')
    await given.writeBlock(0, block(0))
    await given.abort()
    await given.abort()
    const missing = await create('x')
    await expect(missing.writeBlock(0, block(1))).rejects.toMatchObject({ code: 'corrupt' })
    await expect(missing.commit()).rejects.toMatchObject({ code: 'corrupt' })
    expect(await readdir(folder)).toEqual([])
  })

  it('keeps clash names and hidden names within what file systems take', async () => {
    const long = `${'é'.repeat(120)}.backup.jpg`
    expect(Buffer.byteLength(clashPath(long, 123))).toBeLessThanOrEqual(255)
    expect(clashPath(join('a', 'b.c'), 2)).toBe(join('a', 'b (2).c'))
    expect(clashPath(join('a', '.hidden'), 2)).toBe(join('a', '.hidden (2)'))
    await writeFile(join(folder, long), '')
    const path = await finish(await create(long))
    expect(path.endsWith(' (2).jpg')).toBe(true)
  })

  it('takes an empty file', async () => {
    manifest = { sizeBytes: 0, blockBytes, sha256: createHash('sha256').digest('hex'), blockHashes: new Uint8Array(0) }
    expect(await (await create('empty')).commit()).toBe(join(folder, 'empty'))
    expect(await readFile(join(folder, 'empty'), 'utf8')).toBe('')
  })
})
