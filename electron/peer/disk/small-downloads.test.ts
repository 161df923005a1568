import { beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '../../../shared/errors.ts'
import { FaultyDisk } from '../../../tests/fakes/faulty-disk.ts'
import { writeSmallDownloads } from './small-downloads.ts'

let disk: FaultyDisk
beforeEach(() => {
  disk = new FaultyDisk()
})

const bytes = (text: string): Uint8Array => Buffer.from(text)
const textAt = (path: string): string | null => {
  const found = disk.durable(path)
  return found && Buffer.from(found).toString()
}

describe('many small downloads', () => {
  it('are durable under their names, and their folders synced once', async () => {
    const files = ['a', 'b', 'c'].map((name) => ({ target: `/out/photos/${name}`, bytes: bytes(name) }))
    expect(await writeSmallDownloads(disk, files)).toEqual(files.map((file) => file.target))
    expect(disk.counts.get('syncFolder')).toBe(1)
    disk = disk.crash()
    expect(disk.files()).toEqual(files.map((file) => file.target))
    expect(textAt('/out/photos/b')).toBe('b')
  })

  it('leave what is there, and do not replace one another', async () => {
    await writeSmallDownloads(disk, [{ target: '/out/a.txt', bytes: bytes('old') }])
    const both = ['one', 'two'].map((text) => ({ target: '/out/a.txt', bytes: bytes(text) }))
    const paths = await writeSmallDownloads(disk, both)
    expect([...paths].sort()).toEqual(['/out/a (2).txt', '/out/a (3).txt'])
    expect(textAt('/out/a.txt')).toBe('old')
    expect(paths.map((path) => (typeof path === 'string' ? textAt(path) : null))).toEqual(['one', 'two'])
  })

  it('fail each for itself, and leave no half file', async () => {
    disk.failNext('write', { matches: '.b', code: 'disk-full' })
    const files = ['a', 'b', 'c'].map((name) => ({ target: `/out/${name}`, bytes: bytes(name) }))
    const outcomes = await writeSmallDownloads(disk, files)
    expect(outcomes.map((outcome) => (outcome instanceof AppError ? outcome.code : outcome))).toEqual(['/out/a', 'disk-full', '/out/c'])
    expect(disk.files()).toEqual(['/out/a', '/out/c'])
  })

  it('are told as failed when their folder could not be synced', async () => {
    disk.failNext('syncFolder', { matches: '/out/x' })
    const files = ['x', 'y'].map((name) => ({ target: `/out/${name}/f`, bytes: bytes(name) }))
    const outcomes = await writeSmallDownloads(disk, files)
    expect(outcomes.map((outcome) => typeof outcome === 'string')).toEqual([false, true])
  })
})
