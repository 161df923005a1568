import { expect, test } from 'vitest'
import { ContentUse } from './content-use.ts'

test('a content that is counted on is not removed, and after the last one it is', async () => {
  const use = new ContentUse()
  const removed: string[] = []
  const remove = () => use.remove('a', () => Promise.resolve(void removed.push('a')))
  const leave = await use.enter('a')
  const leaveToo = await use.enter('a')
  expect(await remove()).toBe(false)
  leave()
  leave()
  expect(await remove()).toBe(false)
  leaveToo()
  expect(await remove()).toBe(true)
  expect(removed).toEqual(['a'])
})

test('who wants to count on a content waits for the removal that has begun', async () => {
  const use = new ContentUse()
  const order: string[] = []
  let end = (): void => undefined
  const removal = use.remove('a', async () => {
    await new Promise<void>((resolve) => (end = resolve))
    order.push('removed')
  })
  const entered = use.enter('a').then(() => order.push('entered'))
  await use.enter('b')
  end()
  await Promise.all([removal, entered])
  expect(order).toEqual(['removed', 'entered'])
})

test('a removal that fails lets the next one in', async () => {
  const use = new ContentUse()
  await expect(use.remove('a', () => Promise.reject(new Error('disk')))).rejects.toThrow('disk')
  expect(await use.remove('a', () => Promise.resolve())).toBe(true)
})
