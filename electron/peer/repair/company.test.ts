import { describe, expect, test } from 'vitest'
import { absenceAt, inCompany, togetherMs, wentOn, type Company } from './company.ts'

const day = 86_400_000
const month = 30 * day

describe('company', () => {
  test('a machine that never met another brings its files along', () => {
    expect(absenceAt(null, 100 * day, month)).toBe('none')
  })

  test('an absence counts when it was longer than the quarantine', () => {
    const company: Company = { lastAt: 10 * day, since: 0 }
    expect(absenceAt(company, 40 * day, month)).toBe('none')
    expect(absenceAt(company, 40 * day + 1, month)).toBe('long')
  })

  test('short absences do not break a company, a settled long one begins it anew', () => {
    const company = inCompany(inCompany(null, 0), 20 * day)
    expect(togetherMs(company, 21 * day, month)).toBe(21 * day)
    expect(togetherMs(company, 51 * day, month)).toBe(0)
    expect(togetherMs(inCompany(company, 80 * day, 'settled'), 81 * day, month)).toBe(day)
  })

  test('a clock that was set back does not make the company longer', () => {
    expect(togetherMs(inCompany({ lastAt: 50 * day, since: 40 * day }, 10 * day), 11 * day, month)).toBe(day)
  })

  test('the ring went on when somebody was together for as long as an absence counts', () => {
    expect(wentOn([0, 31 * day], month)).toBe(true)
    expect(wentOn([0, 2 * day], month)).toBe(false)
    expect(wentOn([], month)).toBe(false)
  })
})
