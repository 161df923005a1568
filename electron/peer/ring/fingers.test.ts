import { describe, expect, it } from 'vitest'
import { fingerSlot } from './fingers.ts'
import { pickNumber, Prng } from './prng.ts'

describe('fingers', () => {
  it('have sixteen slots in each octave of distance', () => {
    expect(fingerSlot(1n)).toBe(0)
    expect(fingerSlot(2n)).toBe(16)
    expect(fingerSlot(3n)).toBe(24)
    const octave = new Set(Array.from({ length: 1024 }, (_, offset) => fingerSlot(1024n + BigInt(offset))))
    expect([...octave]).toEqual(Array.from({ length: 16 }, (_, slot) => 160 + slot))
  })
})

describe('prng', () => {
  it('is the same for the same seed', () => {
    const draw = (seed: number) => {
      const random = new Prng(seed)
      return Array.from({ length: 5 }, () => random.next())
    }
    expect(draw(1)).toEqual(draw(1))
    expect(draw(1)).not.toEqual(draw(2))
  })

  it('is even', () => {
    const random = new Prng(42)
    const counts = new Array<number>(10).fill(0)
    for (let i = 0; i < 100_000; i++) {
      const at = pickNumber(random, 10)
      counts[at] = (counts[at] ?? 0) + 1
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500)
  })
})
