import { describe, expect, it } from 'vitest'
import { errorCodes } from '../../shared/errors.ts'
import { exitCodeOf, parseRate, parseWhole, worseExitCode } from './exit-codes.ts'

describe('exit codes', () => {
  it('are those of the manual', () => {
    expect(exitCodeOf('not-found')).toBe(3)
    expect(exitCodeOf('partly-stored')).toBe(4)
    expect(exitCodeOf('peer-not-running')).toBe(5)
    expect(exitCodeOf('already-exists')).toBe(6)
    expect(exitCodeOf('not-a-member')).toBe(6)
    expect(exitCodeOf('disk-full')).toBe(6)
    expect(exitCodeOf('bad-argument')).toBe(2)
    expect(exitCodeOf('internal')).toBe(1)
  })

  it('are never 0 for an error', () => {
    for (const code of errorCodes) expect(exitCodeOf(code)).toBeGreaterThan(0)
  })

  it('of several things are the worst', () => {
    expect(worseExitCode(0, 4)).toBe(4)
    expect(worseExitCode(6, 4)).toBe(6)
    expect(worseExitCode(1, 6)).toBe(1)
    expect(worseExitCode(3, 0)).toBe(3)
  })
})

describe('parseWhole', () => {
  it.each(['', '-1', '1.5', '1e3', ' 1', 'x', '70000', '99999999999999'])('refuses %j as a port', (text) => {
    expect(() => parseWhole(text, 0, 65_535)).toThrow(/whole number/)
  })

  it('takes the bounds', () => {
    expect(parseWhole('0', 0, 65_535)).toBe(0)
    expect(parseWhole('65535', 0, 65_535)).toBe(65_535)
  })
})

describe('parseRate', () => {
  it.each([
    ['500k', 500_000],
    ['2M', 2_000_000],
    ['1.5M', 1_500_000],
    ['50000', 50_000],
    ['none', 0],
    ['0', 0],
  ])('%s', (text, rate) => expect(parseRate(text)).toBe(rate))

  it.each(['', '-1', '10k', 'M', '2 M', '2MB', '1e9', 'x'])('refuses %j', (text) => {
    expect(() => parseRate(text)).toThrow(/50k at least/)
  })
})
