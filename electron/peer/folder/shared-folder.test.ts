import { EventEmitter, once } from 'node:events'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '../../../shared/errors.ts'
import type { FolderNews, StartWatch } from './folder-watch.ts'
import { SharedFolder } from './shared-folder.ts'
import type { SharedFolderOptions } from './shared-folder.ts'

let base = ''
let folder = ''
let stored: string[] = []
let notes: string[] = []
let shared: SharedFolder
const news = new EventEmitter()

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'ringdrop-shared-'))
  folder = join(base, 'Ringdrop')
  stored = []
  notes = []
  news.removeAllListeners()
})
afterEach(async () => {
  await shared.stop()
  await rm(base, { recursive: true, force: true })
})

function make(options: Partial<SharedFolderOptions> = {}): SharedFolder {
  shared = new SharedFolder({
    folder,
    ignorePatterns: ['*.skip'],
    memoryPath: join(base, 'stored'),
    steadyMs: 30,
    onNote: (note) => {
      notes.push(note)
      news.emit('note')
    },
    store: (_path, name) => {
      stored.push(name)
      news.emit('stored')
      return Promise.resolve()
    },
    ...options,
  })
  return shared
}

/** Waits until so many were stored in all. */
async function storedCount(count: number): Promise<void> {
  while (stored.length < count) await once(news, 'stored')
}

/** A file stored after everything that came before it: proves that nothing else is on its way. */
async function last(): Promise<void> {
  const name = `zz-${stored.length}`
  await writeFile(join(folder, name), name)
  while (!stored.includes(name)) await once(news, 'stored')
}

describe('shared folder', () => {
  it('stores what is put in, under its relative path, and what changes', async () => {
    await make().start()
    await mkdir(join(folder, 'a', 'b'), { recursive: true })
    await writeFile(join(folder, 'a', 'b', 'c.txt'), 'one')
    await storedCount(1)
    expect(stored).toEqual(['a/b/c.txt'])
    await writeFile(join(folder, 'a', 'b', 'c.txt'), 'changed')
    await storedCount(2)
    expect(stored).toEqual(['a/b/c.txt', 'a/b/c.txt'])
  })

  it('leaves ignored files, links, and what the app itself writes', async () => {
    await writeFile(join(base, 'outside'), 'x')
    await make({ concurrency: 1 }).start()
    await symlink(join(base, 'outside'), join(folder, 'link'))
    await symlink(base, join(folder, 'loop'))
    await writeFile(join(folder, 'a.tmp'), 'x')
    await writeFile(join(folder, 'b.skip'), 'x')
    const done = shared.expectWrite(join(folder, 'own'))
    await writeFile(join(base, 'own.part'), 'own')
    await rename(join(base, 'own.part'), join(folder, 'own'))
    await done()
    shared.expectWrite(join(folder, 'own too'))
    await writeFile(join(folder, 'own too'), 'x')
    await last()
    await writeFile(join(folder, 'own'), "a person's change")
    await storedCount(2)
    expect(stored).toEqual(['zz-0', 'own'])
  })

  it('does not store again after a restart, only what is new or changed', async () => {
    await mkdir(folder)
    for (const name of ['a', 'b', 'c']) await writeFile(join(folder, name), name)
    await make().start()
    await storedCount(3)
    await shared.stop()
    await writeFile(join(folder, 'b'), 'changed meanwhile')
    await make().start()
    await last()
    expect(stored.slice(3)).toEqual(['b', 'zz-3'].slice(0, stored.length - 3))
  })

  it.each([1, 3])('takes 500 files that are there at once, each once, at most %i at a time', async (concurrency) => {
    let atOnce = 0
    let most = 0
    await mkdir(folder)
    const names = Array.from({ length: 500 }, (_, i) => `file-${String(i).padStart(3, '0')}`)
    for (const name of names) await writeFile(join(folder, name), name)
    make({
      concurrency,
      steadyMs: 300,
      store: async (_path, name) => {
        most = Math.max(most, ++atOnce)
        await new Promise((resolve) => setImmediate(resolve))
        stored.push(name)
        atOnce--
        news.emit('stored')
      },
    })
    await shared.start()
    await storedCount(500)
    // in the order in which they were seen, which is the disk's affair
    expect([...stored].sort()).toEqual(names)
    expect(most).toBeLessThanOrEqual(concurrency)
  })

  it('tells of a file that could not be stored, once, and tries again', async () => {
    let tries = 0
    make({
      retryMs: 10,
      store: (_path, name) => {
        if (++tries <= 3) return Promise.reject(new AppError('out-of-reach', 'Every holder is away'))
        stored.push(name)
        news.emit('stored')
        return Promise.resolve()
      },
    })
    await shared.start()
    await writeFile(join(folder, 'a'), 'a')
    await storedCount(1)
    expect(tries).toBe(4)
    expect(notes).toEqual([`${join(folder, 'a')} could not be stored: Every holder is away`])
  })

  it('stores a file again that changed while it was stored, never twice at the same time', async () => {
    let atOnce = 0
    make({
      concurrency: 4,
      store: async (path, name) => {
        expect(++atOnce).toBe(1)
        if (stored.length === 0) await writeFile(path, 'longer than before')
        stored.push(name)
        atOnce--
        news.emit('stored')
      },
    })
    await shared.start()
    await writeFile(join(folder, 'a'), 'a')
    await storedCount(2)
    expect(stored).toEqual(['a', 'a'])
  })

  it('asks whether a file is known', async () => {
    await make({ isKnown: (name) => Promise.resolve(name === 'known'), concurrency: 1 }).start()
    await writeFile(join(folder, 'known'), 'x')
    await last()
    expect(stored).toEqual(['zz-0'])
  })

  it('walks through the folder when the system has no watches left, and says so', async () => {
    let closed = false
    const watch: StartWatch = (_folder, _ignored, to: FolderNews) => {
      to.onError(new Error('ENOSPC'), true)
      to.onError(new Error('ENOSPC'), true)
      return {
        close: () => {
          closed = true
          return Promise.resolve()
        },
      }
    }
    await mkdir(join(folder, 'sub'), { recursive: true })
    await writeFile(join(folder, 'sub', 'a'), 'x')
    await writeFile(join(folder, 'b.tmp'), 'x')
    await symlink(folder, join(folder, 'loop'))
    await make({ watch, rescanMs: 20 }).start()
    await storedCount(1)
    expect(shared.watched).toBe(false)
    expect(closed).toBe(true)
    await writeFile(join(folder, 'sub', 'late'), 'x')
    await storedCount(2)
    expect(stored).toEqual(['sub/a', 'sub/late'])
    expect(notes).toHaveLength(1)
  })

  it('can be stopped at once', async () => {
    make()
    const started = shared.start()
    await shared.stop()
    await started
    await shared.stop()
  })

  it('refuses a relative path', async () => {
    await expect(make({ folder: 'x' }).start()).rejects.toMatchObject({ code: 'bad-argument' })
  })
})
