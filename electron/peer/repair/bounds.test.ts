/** What repair and the catalogue keep in memory follows from what there is now, not from all that ever was. */

import { expect, test } from 'vitest'
import { type FileRing, ringOf } from '../../../tests/fakes/file-ring.ts'
import { limits } from '../protocol/limits.ts'

const second = 1_000

/** A member is so no more, as after a farewell. */
function leaves(ring: FileRing, value: number): void {
  ring.stop(value)
  ring.machines.delete(ring.id(value))
  ring.ringChanged()
}

const knownBy = (ring: FileRing, value: number, name: string) => [
  ...(ring.machine(value).context.catalogue.get(name)?.machines.keys() ?? []),
]

test('what a machine that left had of a name is forgotten once others have it, and read anew when it comes back', async () => {
  const ring = await ringOf([1000, 2000, 3000], { copies: 2 })
  await ring.machine(1000).store('0500', Buffer.alloc(1000, 'a'))
  await ring.run(3 * second)
  expect(knownBy(ring, 3000, '0500')).toContain(ring.id(1000))
  leaves(ring, 1000)
  await ring.run(10 * second)
  expect(knownBy(ring, 3000, '0500').sort()).toEqual([ring.id(2000), ring.id(3000)].sort())
  expect(ring.machine(3000).context.catalogue.heardFrom(ring.id(1000))).toBe(false)
  expect(ring.defects).toEqual([])
})

test('a file that only a machine that left has is still known: a window shows that it is out of reach', async () => {
  const ring = await ringOf([1000, 2000], { copies: 1 })
  await ring.machine(1000).store('0500', Buffer.alloc(1000, 'a'))
  await ring.run(3 * second)
  leaves(ring, 1000)
  await ring.run(10 * second)
  expect(knownBy(ring, 2000, '0500')).toEqual([ring.id(1000)])
})

test('contents that no name wants any more wait for no copy', async () => {
  const ring = await ringOf([1000], { copies: 2 })
  await ring.start(2000, { offeredBytes: 10 })
  await ring.run(3 * second)
  for (let version = 0; version < 4 * limits.keptEarlier; version++) {
    await ring.machine(1000).store('0500', Buffer.alloc(1000, String(version)))
    await ring.run(3 * second)
  }
  await ring.run(10 * second)
  const { waiting } = ring.machine(1000).repairer
  expect(waiting).toBeGreaterThan(0)
  // each of them short of a copy, and to be tried again
  expect(waiting).toBeLessThanOrEqual(2 * (1 + limits.keptEarlier))
})

test('what only machines that are away have waits for no copy', async () => {
  const ring = await ringOf([1000, 2000, 3000], { copies: 2 })
  await ring.machine(1000).store('0500', Buffer.alloc(1000, 'a'))
  await ring.run(3 * second)
  for (const value of [1000, 2000]) ring.stop(value)
  await ring.run(10 * second)
  expect(knownBy(ring, 3000, '0500')).toHaveLength(2)
  expect(ring.machine(3000).repairer.waiting).toBe(0)
  // it is copied all the same once one of them is back
  await ring.start(2000)
  await ring.run(10 * second)
  expect(ring.holdersOf(Buffer.alloc(1000, 'a'))).toEqual([2000, 3000])
})
