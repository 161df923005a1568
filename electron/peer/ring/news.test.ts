import { describe, expect, it } from 'vitest'
import type { Identifier } from '../protocol/identifier.ts'
import { News, type Passed } from './news.ts'

const a = '0a' as Identifier
const b = '0b' as Identifier
const c = '0c' as Identifier

/** Takes up to `count` pieces. */
function take(news: News, count: number, answer: Passed = 'told'): string[] {
  const taken: string[] = []
  news.passOn((id) => {
    if (taken.length >= count) return 'full'
    taken.push(id)
    return answer
  })
  return taken
}

describe('news', () => {
  it('tells each piece as often as asked, then no more', () => {
    const news = new News()
    news.add(a, 2)
    news.add(b, 1)
    expect([take(news, 6), take(news, 6), take(news, 6)]).toEqual([[a, b], [a], []])
    expect(news.size).toBe(0)
  })

  it('tells what was told least first, and takes turns among equals', () => {
    const news = new News()
    for (const id of [a, b, c]) news.add(id, 3)
    expect([take(news, 2), take(news, 2), take(news, 2)]).toEqual([
      [a, b],
      [c, a],
      [b, c],
    ])
  })

  it('starts again with fresh news of the same', () => {
    const news = new News()
    news.add(a, 1)
    news.add(b, 2)
    take(news, 1)
    news.add(a, 5)
    expect(take(news, 2)).toEqual([a, b])
    expect(news.size).toBe(1)
  })

  it('forgets what is void', () => {
    const news = new News()
    news.add(a, 5)
    expect(take(news, 1, 'void')).toEqual([a])
    expect(news.size).toBe(0)
  })
})
