import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { restMs, WorkerThread } from './worker-thread.ts'

/** Answers how many questions it has had. */
const counts = `
const { parentPort } = require('node:worker_threads')
let asked = 0
parentPort.on('message', ([id]) => parentPort.postMessage([id, ++asked]))
`

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => vi.useRealTimers())

it('ends when nobody asks for a while, and starts anew at the next question', async () => {
  const thread = new WorkerThread('test', counts)
  expect(thread.isRunning).toBe(false)
  expect(await thread.ask(null)).toBe(1)
  vi.advanceTimersByTime(restMs - 1)
  expect(await thread.ask(null)).toBe(2)
  vi.advanceTimersByTime(restMs - 1)
  expect(thread.isRunning).toBe(true)
  vi.advanceTimersByTime(1)
  expect(thread.isRunning).toBe(false)
  expect(await thread.ask(null)).toBe(1)
})

it('stays, with what it remembers, as long as somebody holds it or waits for an answer', async () => {
  const thread = new WorkerThread('test', counts)
  thread.hold()
  const first = thread.ask(null)
  vi.advanceTimersByTime(10 * restMs)
  expect(await first).toBe(1)
  vi.advanceTimersByTime(10 * restMs)
  expect(await thread.ask(null)).toBe(2)
  thread.release()
  vi.advanceTimersByTime(restMs)
  expect(thread.isRunning).toBe(false)
})

it('fails what waits when it breaks, and goes on with another', async () => {
  const thread = new WorkerThread('test', `require('node:worker_threads').parentPort.on('message', () => { throw new Error('broken') })`)
  await expect(thread.ask(null)).rejects.toThrow('broken')
  expect(thread.isRunning).toBe(false)
  await expect(thread.ask(null)).rejects.toThrow('broken')
})
