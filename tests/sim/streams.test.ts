import { setImmediate as allSettled } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { EventQueue } from './event-queue.ts'
import { SimStream, type Route } from './streams.ts'

/** A connection whose first end belongs to a process that has just ended, and what its ends were told. */
function connectionOfEnded(): { readonly queue: EventQueue; readonly near: SimStream; readonly far: SimStream; readonly told: string[] } {
  const queue = new EventQueue()
  const world = {
    get now() {
      return queue.now
    },
    after: (delayMs: number, run: () => void) => queue.after(delayMs, run),
    touch: () => undefined,
    delayMs: () => 5,
  }
  const ended: Route = { state: () => ({ kind: 'gone' }) }
  const toStartedAgain: Route = { state: () => ({ kind: 'unknown' }) }
  const [near, far] = SimStream.pair(world, ended, toStartedAgain)
  const told: string[] = []
  near.on('close', () => told.push('near'))
  far.on('close', () => told.push('far'))
  return { queue, near, far, told }
}

async function pass(queue: EventQueue, forMs: number): Promise<void> {
  while (queue.step(forMs)) await allSettled()
}

test('a process that was killed breaks its connection off for the other end alone', async () => {
  const { queue, near, told } = connectionOfEnded()
  near.abandon()
  await pass(queue, 1000)
  expect(told).toEqual(['far'])
})

test('a process whose power went hears nothing of a connection that the other end gives up', async () => {
  const { queue, far, told } = connectionOfEnded()
  far.write('is anybody there?')
  await pass(queue, 1000)
  expect(told).toEqual(['far'])
})
