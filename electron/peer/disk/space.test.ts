import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FaultyDisk } from '../../../tests/fakes/faulty-disk.ts'
import { Space, allowedBytes } from './space.ts'

const gigabyte = 1_000_000_000

describe('space', () => {
  it.each([
    { free: 100, total: 500, used: 0, offered: null, allowed: 50 },
    { free: 100, total: 500, used: 60, offered: null, allowed: 80 },
    { free: 8, total: 500, used: 0, offered: null, allowed: 3 },
    { free: 8, total: 500, used: 0, offered: 7, allowed: 3 },
    { free: 100, total: 500, used: 0, offered: 7, allowed: 7 },
    { free: 100, total: 500, used: 20, offered: 7, allowed: 7 },
    { free: 4, total: 40, used: 0, offered: null, allowed: 0 },
    { free: 10, total: 40, used: 0, offered: null, allowed: 5 },
    { free: 10, total: 40, used: 0, offered: 9, allowed: 6 },
    { free: 3, total: 500, used: 1, offered: null, allowed: 0 },
  ])('allows $allowed GB with $free of $total free, $used used, $offered offered', ({ free, total, used, offered, allowed }) => {
    const room = { freeBytes: free * gigabyte, totalBytes: total * gigabyte }
    expect(allowedBytes(room, used * gigabyte, offered === null ? null : offered * gigabyte)).toBe(allowed * gigabyte)
  })

  it('never lets contents take more than is allowed, in whatever order they come and go', async () => {
    const sizes = fc.array(fc.record({ bytes: fc.integer({ min: 0, max: 60 }), end: fc.constantFrom('keep', 'release', 'stay') }), {
      maxLength: 30,
    })
    await fc.assert(
      fc.asyncProperty(sizes, async (contents) => {
        const space = new Space(new FaultyDisk({ totalBytes: 100_000 * gigabyte }), '/', 100)
        let kept = 0
        let staying = 0
        for (const { bytes, end } of contents) {
          const reservation = await space.reserve(bytes).catch(() => null)
          expect(reservation === null).toBe(bytes > 0 && kept + staying + bytes > 100)
          if (!reservation) continue
          reservation.wrote(Math.floor(bytes / 2))
          if (end === 'keep') {
            reservation.keep()
            kept += bytes
          } else if (end === 'release') reservation.release()
          else staying += bytes
        }
        expect(space.usedBytes).toBe(kept)
        expect(await space.leftBytes()).toBe(100 - kept - staying)
      }),
    )
  })

  it('gives the last room to one of two that ask at once', async () => {
    const space = new Space(new FaultyDisk(), '/', 100)
    const results = await Promise.allSettled([space.reserve(60), space.reserve(60)])
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected'])
    expect(await space.leftBytes()).toBe(40)
    await space.reserve(40)
  })
})
