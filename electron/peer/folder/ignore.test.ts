import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ignoreMatcher } from './ignore.ts'

describe('ignored files', () => {
  const ignored = ignoreMatcher([])

  it.each([
    '~$report.docx',
    '.~lock.a.odt#',
    'a~',
    '.a.swp',
    'x.TMP',
    'film.mkv.part',
    'a.crdownload',
    '.DS_Store',
    'thumbs.db',
    'Desktop.ini',
  ])('leaves %j alone', (name) => {
    expect(ignored(name)).toBe(true)
  })

  it.each(['.ringdrop-x', '.name.1234abcd.ringdrop-part', '._photo.jpg'])('leaves %j alone', (name) => {
    expect(ignored(name)).toBe(true)
  })

  it.each(['report.docx', '.git', '.hidden', 'tmp', 'partly', 'a.tmp.txt', '~'.padStart(2, 'x') + 'y'])('takes %j', (name) => {
    expect(ignored(name)).toBe(false)
  })

  it('takes patterns of the person', () => {
    const own = ignoreMatcher(['*.ISO', 'draft?.txt', 'é*', '*a*b*'])
    for (const name of ['x.iso', 'Draft1.txt', 'draft😀.txt', 'e\u0301t', 'xaxbx']) expect(own(name)).toBe(true)
    for (const name of ['iso', 'draft.txt', 'draft12.txt', 'ba']) expect(own(name)).toBe(false)
  })

  it('matches as the same pattern in a regular expression does', () => {
    const few = (characters: string[]) => fc.array(fc.constantFrom(...characters), { maxLength: 12 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(few(['a', 'b', '*', '?']), few(['a', 'b']), (pattern, name) => {
        const regular = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`)
        expect(ignoreMatcher([pattern])(name)).toBe(regular.test(name))
      }),
      { numRuns: 2_000 },
    )
  })

  it('stays quick on a pattern made to be slow', () => {
    const began = process.hrtime.bigint()
    expect(ignoreMatcher(['*a'.repeat(50)])(`${'a'.repeat(254)}b`)).toBe(false)
    expect(Number(process.hrtime.bigint() - began) / 1e6).toBeLessThan(500)
  })
})
