import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '../../../shared/errors.ts'
import type { Disk } from '../disk/disk.ts'
import { nodeDisk } from '../disk/disk.ts'
import { readSmallFiles } from './read-small-file.ts'

const blockBytes = 4096
let folder: string
const path = (name: string): string => join(folder, name)

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringdrop-read-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

// a disk with no way to read many reads them one by one: the same answers
const { readWhole: _, ...oneByOne } = nodeDisk
const disks: [string, Disk][] = [
  ['on a thread of its own', nodeDisk],
  ['one by one', oneByOne],
]

describe.each(disks)('small files, %s', (_how, disk) => {
  it('are read whole, in their order, whatever becomes of others', async () => {
    const contents = [0, 1, 4096, 100].map((size) => randomBytes(size))
    for (const [index, bytes] of contents.entries()) await writeFile(path(`f${index}`), bytes)
    await writeFile(path('large'), randomBytes(4097))
    await mkdir(path('folder'))
    const names = ['f0', 'large', 'f1', 'missing', 'f2', 'folder', 'f3', 'f1']
    const read = await readSmallFiles(disk, names.map(path), blockBytes)
    expect(read.map((file) => (file instanceof AppError ? file.code : (file?.bytes.length ?? null)))).toEqual([
      0,
      null,
      1,
      'file-unreadable',
      4096,
      null,
      100,
      1,
    ])
    expect((read[3] as AppError).message).toContain('is not there')
    for (const [index, file] of [read[0], read[2], read[4], read[6]].entries()) {
      if (!file || file instanceof AppError) throw new Error('not read')
      const bytes = contents[index] ?? Buffer.alloc(0)
      const hash = createHash('sha256').update(bytes).digest()
      expect(Buffer.compare(file.bytes, bytes)).toBe(0)
      expect([file.manifest.sizeBytes, file.manifest.blockBytes, file.manifest.sha256]).toEqual([
        bytes.length,
        blockBytes,
        hash.toString('hex'),
      ])
      expect(Buffer.from(file.manifest.blockHashes)).toEqual(bytes.length > 0 ? hash : Buffer.alloc(0))
    }
  })

  it('may be many and together larger than they were thought', async () => {
    const names = Array.from({ length: 300 }, (_, number) => `n${number}`)
    for (const [index, name] of names.entries()) await writeFile(path(name), Buffer.alloc(3_000 + index, index))
    const read = await readSmallFiles(disk, names.map(path), blockBytes)
    for (const [index, file] of read.entries()) {
      if (!file || file instanceof AppError) throw new Error('not read')
      expect(Buffer.compare(file.bytes, Buffer.alloc(3_000 + index, index))).toBe(0)
    }
  })

  it('are found behind links', async () => {
    await writeFile(path('there'), 'x')
    await symlink(path('there'), path('link'))
    const [file] = await readSmallFiles(disk, [path('link')], blockBytes)
    expect(file).toMatchObject({ bytes: Buffer.from('x') })
  })
})

it.skipIf(process.platform === 'win32')('does not wait for a pipe that nobody writes to', async () => {
  execFileSync('mkfifo', [path('pipe')])
  await writeFile(path('after'), 'y')
  const [pipe, after] = await readSmallFiles(nodeDisk, [path('pipe'), path('after')], blockBytes)
  expect(pipe).toBeNull()
  expect(after).toMatchObject({ bytes: Buffer.from('y') })
})
