import { describe, expect, test } from 'vitest'
import { VerifyBudget, type Copy } from './verify-budget.ts'

const dayMs = 86_400_000
const everyMs = 30 * dayMs
const minuteMs = 60_000

/** Looks every minute for `days`. Result: when each copy was checked. */
function run(sizes: readonly number[], days: number): Map<string, number[]> {
  const copies = new Map<string, Copy>(sizes.map((sizeBytes, index) => [`${index}`, { sha256: `${index}`, sizeBytes, verifiedAt: 0 }]))
  const checks = new Map<string, number[]>()
  const budget = new VerifyBudget(everyMs)
  for (let now = 0; now <= days * dayMs; now += minuteMs) {
    for (const copy of budget.due(copies.values(), now)) {
      copies.set(copy.sha256, { ...copy, verifiedAt: now })
      checks.set(copy.sha256, [...(checks.get(copy.sha256) ?? []), now])
    }
  }
  return checks
}

describe('VerifyBudget', () => {
  test('every copy is checked in every period, and none far more often', () => {
    const checks = run([...Array.from({ length: 50 }, (_, index) => 1_000_000 * (index + 1)), 3_000_000_000], 90)
    expect(checks.size).toBe(51)
    for (const times of checks.values()) {
      expect(times.length).toBeGreaterThanOrEqual(2)
      expect(times.length).toBeLessThanOrEqual(4)
      for (const [index, at] of times.entries()) expect(at - (times[index - 1] ?? 0)).toBeLessThanOrEqual(everyMs + dayMs)
    }
  })

  test('they are spread evenly', () => {
    const checks = run(
      Array.from({ length: 300 }, () => 10_000_000),
      30,
    )
    const perDay = Array.from({ length: 30 }, () => 0)
    for (const at of [...checks.values()].flat()) perDay[Math.min(29, Math.floor(at / dayMs))]! += 1
    expect(Math.max(...perDay)).toBeLessThanOrEqual(12)
    expect(Math.min(...perDay)).toBeGreaterThanOrEqual(8)
  })

  test('what is overdue is checked one at a look, the oldest first', () => {
    const budget = new VerifyBudget(everyMs)
    const copies = [
      { sha256: 'new', sizeBytes: 5, verifiedAt: 2 },
      { sha256: 'old', sizeBytes: 1e12, verifiedAt: 1 },
    ]
    expect(budget.due(copies, everyMs + 10).map((copy) => copy.sha256)).toEqual(['old'])
  })

  test('nothing held, nothing due', () => {
    expect(new VerifyBudget(everyMs).due([], 5)).toEqual([])
  })
})
