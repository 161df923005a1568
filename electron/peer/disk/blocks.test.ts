import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { releaseBlock, sharedFromBytes, spareMs, sparesBytes, takeBlock } from './blocks.ts'

const mib = 1_048_576

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => {
  vi.advanceTimersByTime(spareMs)
  vi.useRealTimers()
})

it('gives the same memory again, and what is large enough for other threads is shared with them', () => {
  const block = takeBlock(mib - 5)
  expect([block.length, block.buffer instanceof SharedArrayBuffer]).toEqual([mib - 5, true])
  releaseBlock(block)
  expect(sparesBytes()).toBe(mib)
  const next = takeBlock(sharedFromBytes)
  expect([next.buffer === block.buffer, next.length, sparesBytes()]).toEqual([true, sharedFromBytes, 0])
  const small = takeBlock(sharedFromBytes - 1)
  expect(small.buffer instanceof SharedArrayBuffer).toBe(false)
  releaseBlock(small)
  releaseBlock(Buffer.alloc(mib))
  expect(sparesBytes()).toBe(0)
})

it('keeps a few, those of the size that is used now', () => {
  const many = (count: number, lengthBytes: number): void => {
    for (const block of Array.from({ length: count }, () => takeBlock(lengthBytes))) releaseBlock(block)
  }
  many(20, mib)
  expect(sparesBytes()).toBe(8 * mib)
  many(3, 2 * mib)
  expect(sparesBytes()).toBe(8 * mib)
  const twos = Array.from({ length: 3 }, () => takeBlock(2 * mib))
  expect(sparesBytes()).toBe(2 * mib)
  // larger than any that are kept
  releaseBlock(takeBlock(3 * mib))
  expect(sparesBytes()).toBe(2 * mib)
  for (const block of twos) releaseBlock(block)
})

it('lets go of what nobody used for a while', () => {
  releaseBlock(takeBlock(mib))
  vi.advanceTimersByTime(spareMs - 1)
  releaseBlock(takeBlock(mib))
  vi.advanceTimersByTime(spareMs - 1)
  expect(sparesBytes()).toBe(mib)
  vi.advanceTimersByTime(1)
  expect(sparesBytes()).toBe(0)
})
