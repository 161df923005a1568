import { beforeEach, afterEach, expect, test, vi } from 'vitest'
import type { LeavingView } from '../../shared/views.ts'
import { createQuit, type QuitLimits } from './quit.ts'

const limits: QuitLimits = { stalledMs: 1000, totalMs: 5000, sameMs: 100, stopMs: 500 }
const half: LeavingView = { filesLeft: 1, filesTotal: 2, done: false }

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function setUp(stop: () => Promise<void> = () => Promise.resolve()) {
  const log: string[] = []
  let finish: (error?: Error) => void = () => undefined
  let progress: (leaving: LeavingView) => void = () => undefined
  const quit = createQuit(
    {
      leave: (onProgress, signal) => {
        log.push('leave')
        progress = onProgress
        signal.addEventListener('abort', () => log.push('aborted'))
        return new Promise((done, fail) => {
          finish = (error) => (error ? fail(error) : done())
        })
      },
      stop: () => {
        log.push('stop')
        return stop()
      },
      show: () => log.push('show'),
      exit: (code) => void log.push(`exit ${String(code)}`),
    },
    limits,
  )
  return { quit, log, finish: (error?: Error) => finish(error), progress: () => progress(half) }
}

test('hands over, shows it, stops and exits', async () => {
  const { quit, log, finish, progress } = setUp()
  expect(quit.isQuitting).toBe(false)
  quit.request()
  expect(quit.isQuitting).toBe(true)
  progress()
  finish()
  await vi.advanceTimersByTimeAsync(0)
  expect(log).toEqual(['leave', 'show', 'aborted', 'stop', 'exit 0'])
})

test('a second request stops at once, a third changes nothing', async () => {
  const { quit, log } = setUp()
  quit.request()
  await vi.advanceTimersByTimeAsync(200)
  quit.request()
  quit.request()
  await vi.advanceTimersByTimeAsync(0)
  expect(log).toEqual(['leave', 'aborted', 'stop', 'exit 0'])
})

test('a request that arrives twice in a moment is one', async () => {
  const { quit, log } = setUp()
  quit.request()
  quit.request()
  await vi.advanceTimersByTimeAsync(50)
  expect(log).toEqual(['leave'])
})

test('a hand-over that fails ends all the same', async () => {
  const { quit, log, finish } = setUp()
  quit.request()
  finish(new Error('no one answers'))
  await vi.advanceTimersByTimeAsync(0)
  expect(log.at(-1)).toBe('exit 0')
})

test('a hand-over that stands still is given up, one that moves is not', async () => {
  const { quit, log, progress } = setUp()
  quit.request()
  await vi.advanceTimersByTimeAsync(900)
  progress()
  await vi.advanceTimersByTimeAsync(900)
  expect(log).toEqual(['leave', 'show'])
  await vi.advanceTimersByTimeAsync(200)
  expect(log.at(-1)).toBe('exit 0')
})

test('even one that moves has an end', async () => {
  const { quit, log, progress } = setUp()
  quit.request()
  for (let round = 0; round < 7; round++) {
    progress()
    await vi.advanceTimersByTimeAsync(800)
  }
  expect(log.at(-1)).toBe('exit 0')
})

test('a peer that does not stop does not keep the app', async () => {
  const { quit, log } = setUp(() => new Promise(() => undefined))
  quit.now()
  await vi.advanceTimersByTimeAsync(600)
  expect(log).toEqual(['aborted', 'stop', 'exit 0'].slice(1))
})
