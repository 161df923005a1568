import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nodeDisk } from '../disk/node-disk.ts'
import { buildManifest } from './build-manifest.ts'

const blockBytes = 4096
let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringdrop-manifest-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('a file that is read once', () => {
  test('tells its size before its blocks, and gives them in order', async () => {
    const path = join(folder, 'file')
    await writeFile(path, Buffer.alloc(blockBytes * 2 + 1, 'x'))
    const seen: (string | number)[] = []
    const manifest = await buildManifest(nodeDisk, path, {
      blockBytes,
      onOpened: (sizeBytes) => Promise.resolve(void seen.push(`size ${sizeBytes}`)),
      onBlock: (index) => Promise.resolve(void seen.push(index)),
    })
    expect(manifest.sizeBytes).toBe(blockBytes * 2 + 1)
    expect(seen).toEqual([`size ${blockBytes * 2 + 1}`, 0, 1, 2])
  })

  test('that shrinks after its size was told has changed, however early', async () => {
    const path = join(folder, 'file')
    await writeFile(path, Buffer.alloc(blockBytes * 4, 'x'))
    const onOpened = (): Promise<void> => truncate(path, 10)
    await expect(buildManifest(nodeDisk, path, { blockBytes, onOpened })).rejects.toMatchObject({ code: 'changed-while-reading' })
  })
})
