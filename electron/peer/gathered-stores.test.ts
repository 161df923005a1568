import { describe, expect, test } from 'vitest'
import { AppError } from '../../shared/errors.ts'
import type { PathAndName } from './expand-paths.ts'
import { GatheredStores, type GatheredStoresOptions } from './gathered-stores.ts'
import type { StoreResult } from './peer-api.ts'

const file = (name: string): PathAndName => ({ name, path: `/${name}` })
const stored = {} as StoreResult

/** Gathered stores whose time passes by hand. */
function gathered(store: GatheredStoresOptions['store']): { stores: GatheredStores; pass: () => void } {
  const due: (() => void)[] = []
  const after = (_: number, run: () => void): (() => void) => {
    due.push(run)
    return () => undefined
  }
  const pass = (): void => {
    for (const run of due.splice(0)) run()
  }
  return { stores: new GatheredStores({ timers: { after }, store }), pass }
}

describe('gathered stores', () => {
  test('go together when they are asked for together, each with its own outcome', async () => {
    const bursts: string[][] = []
    const { stores, pass } = gathered(async (files, onDone) => {
      bursts.push(files.map(({ name }) => name))
      for (const one of files) await onDone(one, one.name === 'bad' ? new AppError('disk-full', 'No room') : stored)
    })
    const all = [stores.store(file('a')), stores.store(file('bad')), stores.store(file('b'))]
    const outcomes = Promise.allSettled(all)
    pass()
    expect((await outcomes).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    await expect(all[1]).rejects.toMatchObject({ code: 'disk-full' })
    expect(bursts).toEqual([['a', 'bad', 'b']])
  })

  test('none is left unanswered when a burst ends early or fails', async () => {
    const early = gathered(() => Promise.resolve())
    const left = early.stores.store(file('a'))
    early.pass()
    await expect(left).rejects.toMatchObject({ code: 'cancelled' })
    const failing = gathered(() => Promise.reject(new Error('a defect')))
    const lost = failing.stores.store(file('a'))
    failing.pass()
    await expect(lost).rejects.toThrow('a defect')
  })

  test('a few bursts run at once, the others wait for one to end', async () => {
    const ends: (() => void)[] = []
    let begun = 0
    const { stores, pass } = gathered(async (files, onDone) => {
      begun++
      await new Promise<void>((resolve) => ends.push(resolve))
      for (const one of files) await onDone(one, stored)
    })
    const all: Promise<void>[] = []
    for (let number = 0; number < 6; number++) {
      all.push(stores.store(file(String(number))))
      pass()
    }
    expect(begun).toBe(4)
    ends[0]?.()
    await all[0]
    await Promise.resolve()
    await Promise.resolve()
    pass()
    expect(begun).toBe(5)
    for (let round = 0; round < 2; round++) for (const end of ends) end()
    await Promise.all(all)
  })
})
