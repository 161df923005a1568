import { isAbsolute, join, posix, win32 } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkRingName, cutToBytes, localName } from './safe-name.ts'

/** Text made of what tends to break out: separators, dots, devices, controls, halves of characters. */
const nasty = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '/',
        '\\',
        '..',
        '.',
        ' ',
        ':',
        'C:',
        'CON',
        'nul',
        'com1',
        'LPT¹',
        '\0',
        '\n',
        '*',
        '?',
        '"',
        '<',
        '|',
        '\ud800',
        '~',
      ),
      fc.string({ unit: 'grapheme', maxLength: 8 }),
      fc.string({ unit: 'binary', maxLength: 8 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''))

describe('ring names', () => {
  it.each(['a', 'photos/2024/café.jpg', 'with space.txt', '...', '.hidden', 'aux', '4567', 'ab:c', '日本語/ファイル'])(
    'takes %j',
    (name) => {
      expect(checkRingName(name)).toEqual({ ok: true, name: name.normalize('NFC'), spelling: name })
    },
  )

  it.each([
    '',
    '/a',
    'a/',
    'a//b',
    '..',
    'a/../b',
    './a',
    'C:',
    'c:/x',
    'a\\b',
    'a\0b',
    'a\nb',
    '\u0085',
    'x'.repeat(256),
    'é'.repeat(128),
    '\ud800',
  ])('refuses %j', (name) => {
    expect(checkRingName(name)).toMatchObject({ ok: false })
  })

  it('matches by one Unicode form and keeps the spelling', () => {
    expect(checkRingName('e\u0301')).toEqual({ ok: true, name: 'é', spelling: 'e\u0301' })
  })

  it('refuses what is too long in all', () => {
    expect(checkRingName(Array.from({ length: 30 }, () => 'x'.repeat(200)).join('/'))).toMatchObject({ ok: false })
  })

  it('takes only what stays in its folder', () => {
    fc.assert(
      fc.property(nasty, (name) => {
        const check = checkRingName(name)
        if (!check.ok) return
        expect(posix.join('/root/folder', check.name).startsWith('/root/folder/')).toBe(true)
        expect(check.name.normalize('NFC')).toBe(check.name)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('local names', () => {
  it.each([
    ['a/b.txt', 'a/b.txt'],
    ['.hidden', '.hidden'],
    ['CON', '_CON'],
    ['con.txt', '_con.txt'],
    ['com¹.log', '_com¹.log'],
    ['a:b?.txt', 'a_b_.txt'],
    ['dots...', 'dots_'],
    ['space ', 'space_'],
    ['../../etc/passwd', 'etc/passwd'],
    ['..\\..\\x', 'x'],
    ['', '_'],
    ['/', '_'],
    ['...', '_'],
  ])('maps %j to %j', (name, local) => {
    expect(localName(name)).toBe(local)
  })

  it('never leaves the folder, on any system, and does nothing to what is safe already', () => {
    fc.assert(
      fc.property(nasty, (name) => {
        const local = localName(name)
        expect(isAbsolute(local) || win32.isAbsolute(local)).toBe(false)
        expect(posix.join('/root/folder', local).startsWith('/root/folder/')).toBe(true)
        expect(win32.join('Q:\\root\\folder', local).startsWith('Q:\\root\\folder\\')).toBe(true)
        for (const segment of local.split('/')) {
          expect(segment).not.toMatch(/^$|[<>:"|?*\\\0-\x1f]|[. ]$/)
          expect(segment).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i)
          expect(Buffer.byteLength(segment)).toBeLessThanOrEqual(255)
        }
        expect(localName(local)).toBe(local)
      }),
      { numRuns: 5_000 },
    )
  })

  it('cuts between characters', () => {
    expect(cutToBytes('aé😀', 4)).toBe('aé')
    expect(cutToBytes(join('a', 'b'), 10)).toBe(join('a', 'b'))
  })
})
