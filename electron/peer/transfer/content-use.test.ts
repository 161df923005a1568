import { expect, test } from 'vitest'
import { ContentUse } from './content-use.ts'

/** Work on a content that ends when it is told to. */
function work(use: ContentUse, ...contents: string[]): { readonly ended: Promise<void>; end: () => void } {
  let end = (): void => undefined
  const ended = use.during(contents, () => new Promise<void>((resolve) => (end = resolve)))
  return { ended, end: () => end() }
}

test('a content that is counted on is not removed, and after the last one it is', async () => {
  const use = new ContentUse()
  const removed: string[] = []
  const remove = () => use.remove('a', () => Promise.resolve(void removed.push('a')))
  const [first, second] = [work(use, 'a'), work(use, 'b', 'a')]
  await new Promise(setImmediate)
  expect(await remove()).toBe(false)
  first.end()
  await first.ended
  expect(await remove()).toBe(false)
  second.end()
  await second.ended
  expect(await remove()).toBe(true)
  expect(removed).toEqual(['a'])
})

test('work that fails counts on nothing any more', async () => {
  const use = new ContentUse()
  await expect(use.during(['a'], () => Promise.reject(new Error('disk')))).rejects.toThrow('disk')
  expect(use.isUsed('a')).toBe(false)
})

test('who wants to count on a content waits for the removal that has begun', async () => {
  const use = new ContentUse()
  const order: string[] = []
  let end = (): void => undefined
  const removal = use.remove('a', async () => {
    await new Promise<void>((resolve) => (end = resolve))
    order.push('removed')
  })
  const entered = use.during(['a'], () => Promise.resolve(order.push('entered')))
  await use.during(['b'], () => Promise.resolve())
  end()
  await Promise.all([removal, entered])
  expect(order).toEqual(['removed', 'entered'])
})

test('a removal that fails lets the next one in', async () => {
  const use = new ContentUse()
  await expect(use.remove('a', () => Promise.reject(new Error('disk')))).rejects.toThrow('disk')
  expect(await use.remove('a', () => Promise.resolve())).toBe(true)
})
