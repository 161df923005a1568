import { describe, expect, it } from 'vitest'
import { flawsOf, type History, type Operation } from './ledger.ts'

const version = (sha256: string): { version: string; sha256: string } => ({ version: `v-${sha256}`, sha256 })
const operation = (
  kind: Operation['kind'],
  sha256: string | null,
  [begunAt, endedAt]: [number, number],
  outcome: Operation['outcome'] = 'acknowledged',
): Operation => ({ name: 'a', kind, sha256, begunAt, endedAt, outcome })

const flaws = (
  history: Partial<Omit<History, 'before' | 'after' | 'ever'>> & { before?: string; after?: string; ever?: string },
): string[] =>
  flawsOf({
    name: 'a',
    operations: history.operations ?? [],
    before: [...(history.before ?? '')].map(version),
    after: [...(history.after ?? '')].map(version),
    ever: new Set(history.ever ?? ''),
  })

describe('what nobody touched', () => {
  it('stays as it is', () => {
    expect(flaws({ before: 'xy', after: 'xy' })).toEqual([])
    expect(flaws({ before: 'x', after: '' })).toEqual([expect.stringContaining('is gone')])
    expect(flaws({ before: '', after: 'x' })).toEqual([expect.stringContaining('nobody stored')])
  })

  it('does not come back by another version of the same content', () => {
    expect(flawsOf({ name: 'a', operations: [], before: [], after: [version('x')], ever: new Set('x') })).toHaveLength(1)
  })
})

describe('a store', () => {
  it('that was acknowledged is there, beside or in the place of what was before', () => {
    const operations = [operation('replace', 'y', [1, 2])]
    expect(flaws({ before: 'x', after: 'y', operations })).toEqual([])
    // a machine that was cut off did not see x
    expect(flaws({ before: 'x', after: 'xy', operations })).toEqual([])
    expect(flaws({ before: 'x', after: 'x', operations })).toEqual([expect.stringContaining('was acknowledged, and is gone')])
  })

  it('that failed may be there or not', () => {
    const operations = [operation('replace', 'y', [1, 2], 'unknown')]
    for (const after of ['x', 'y', 'xy']) expect(flaws({ before: 'x', after, operations })).toEqual([])
    expect(flaws({ before: 'x', after: '', operations })).toEqual([])
    expect(flaws({ before: 'x', after: 'z', operations })).toHaveLength(1)
  })

  it('that was refused did nothing', () => {
    const operations = [operation('replace', 'y', [1, 2], 'refused')]
    expect(flaws({ before: 'x', after: 'x', operations })).toEqual([])
    expect(flaws({ before: 'x', after: 'y', operations })).toHaveLength(2)
  })

  it('takes nothing away when it only adds', () => {
    expect(flaws({ before: 'x', after: 'y', operations: [operation('add', 'y', [1, 2])] })).toEqual([expect.stringContaining('v-x')])
  })

  it('may be superseded by what was under way or came later, failed or not, and by nothing else', () => {
    const stored = operation('replace', 'y', [2, 4])
    expect(flaws({ before: 'x', after: 'z', operations: [stored, operation('replace', 'z', [5, 6])] })).toEqual([])
    expect(flaws({ before: 'x', after: 'z', operations: [stored, operation('replace', 'z', [1, 3])] })).toEqual([])
    expect(flaws({ before: 'x', after: '', operations: [stored, operation('remove', null, [5, 6], 'unknown')] })).toEqual([])
    expect(flaws({ before: 'x', after: 'z', operations: [operation('replace', 'z', [0, 1]), stored] })).toHaveLength(1)
    expect(flaws({ before: 'x', after: 'z', operations: [stored, operation('add', 'z', [5, 6])] })).toHaveLength(1)
  })

  it('that is tried again is the version of the first try', () => {
    const operations = [operation('replace', 'y', [1, 2], 'unknown'), operation('replace', 'z', [3, 4]), operation('replace', 'y', [5, 6])]
    expect(flaws({ before: 'x', after: 'z', operations })).toEqual([])
  })
})

describe('remove and restore', () => {
  it('have their effect when nothing else goes on', () => {
    const remove = [operation('remove', null, [1, 2])]
    expect(flaws({ before: 'x', after: '', operations: remove })).toEqual([])
    expect(flaws({ before: 'x', after: 'x', operations: remove })).toEqual([expect.stringContaining('is back')])
    // of two versions, a machine that was cut off may have seen one
    expect(flaws({ before: 'xy', after: 'y', operations: remove })).toEqual([])
    const restore = [operation('restore', null, [1, 2])]
    expect(flawsOf({ name: 'a', before: [], after: [version('x')], ever: new Set('x'), operations: restore })).toEqual([])
    expect(flaws({ before: '', after: '', ever: 'x', operations: restore })).toEqual([expect.stringContaining('was restored')])
  })

  it('may go either way together', () => {
    const operations = [operation('remove', null, [1, 2]), operation('restore', null, [3, 4], 'unknown')]
    expect(flaws({ before: 'x', after: '', ever: 'x', operations })).toEqual([])
    expect(flaws({ before: 'x', after: 'x', ever: 'x', operations })).toEqual([])
  })
})
