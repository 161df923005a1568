/** What people are told of a departure: what no machine took is not handed over. */

import { describe, expect, test } from 'vitest'
import { ringOf } from '../../../tests/fakes/file-ring.ts'
import type { LeavingView } from '../../../shared/views.ts'
import { handOver } from './hand-over.ts'

const bytes = (text: string): Uint8Array => Buffer.alloc(1000, text)
const second = 1_000

/** Machine 1000 holds two files alone; machine 2000 comes with room for `offeredBytes`. */
async function leaving(offeredBytes: number): Promise<LeavingView[]> {
  const ring = await ringOf([1000], { copies: 2 })
  const machine = ring.machine(1000)
  await machine.store('0500', bytes('a'))
  await machine.store('0600', bytes('b'))
  await ring.start(2000, { offeredBytes })
  const told: LeavingView[] = []
  const done = handOver(machine.context, machine.repairer, { onProgress: (view) => told.push(view), signal: new AbortController().signal })
  await ring.run(20 * second)
  await done
  return told
}

describe('a hand-over', () => {
  test('counts down to nothing when all is taken', async () => {
    const told = await leaving(1_000_000)
    expect(told.map(({ filesLeft }) => filesLeft)).toEqual([2, 1, 0])
  })

  test('leaves what no machine had room for', async () => {
    const told = await leaving(10)
    expect(told[0]?.filesTotal).toBe(2)
    expect(told.every(({ filesLeft }) => filesLeft === 2)).toBe(true)
  })
})
