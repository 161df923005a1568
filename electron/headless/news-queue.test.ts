import { describe, expect, it } from 'vitest'
import type { News } from '../../shared/contract.ts'
import { NewsQueue, newsLimits } from './news-queue.ts'

const files = (changed: string[], removed: string[] = []): News => ({
  kind: 'files',
  changed: changed.map((name) => ({ name }) as never),
  removed,
})
const line = (sequence: number): News => ({ kind: 'activity', lines: [{ sequence } as never] })

describe('NewsQueue', () => {
  it('keeps the latest of what the latest wins', () => {
    const queue = new NewsQueue()
    queue.add({ kind: 'leaving', leaving: { filesLeft: 2, filesTotal: 2, done: false } })
    queue.add({ kind: 'leaving', leaving: { filesLeft: 1, filesTotal: 2, done: false } })
    expect(queue.take()).toEqual([{ kind: 'leaving', leaving: { filesLeft: 1, filesTotal: 2, done: false } }])
    expect(queue.take()).toEqual([])
  })

  it('merges changes, so that a window ends up with the same list', () => {
    const queue = new NewsQueue()
    queue.add(files(['a', 'b']))
    queue.add(files(['c'], ['a']))
    queue.add(files(['d'], []))
    queue.add(files([], ['d']))
    queue.add(files(['d'], []))
    expect(queue.take()).toEqual([{ kind: 'files', changed: [{ name: 'b' }, { name: 'c' }, { name: 'd' }], removed: ['a'] }])
  })

  it('keeps the last lines only', () => {
    const queue = new NewsQueue()
    for (let i = 0; i < newsLimits.activityLines + 5; i++) queue.add(line(i))
    const [news] = queue.take()
    expect(news?.kind === 'activity' && news.lines.length).toBe(newsLimits.activityLines)
    expect(news?.kind === 'activity' && news.lines[0]?.sequence).toBe(5)
  })
})
