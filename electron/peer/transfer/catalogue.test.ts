import { expect, it } from 'vitest'
import { hashOf, recordOf, versionOf } from '../../../tests/fakes/records.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { Catalogue } from './catalogue.ts'

const [a, b] = ['a', 'b'] as Identifier[] as [Identifier, Identifier]
const entry = (name: string) => ({ record: recordOf(name, versionOf(name)), held: [[hashOf(name), 1]] as const })

it('lets go of a name when the last machine that knew it does', () => {
  const catalogue = new Catalogue()
  catalogue.put(a, entry('x'))
  catalogue.put(b, entry('x'))
  const changed: string[] = []
  catalogue.onChanged((name) => changed.push(name))
  catalogue.drop(a, 'x')
  catalogue.drop(a, 'x')
  expect([[...catalogue.get('x')!.machines.keys()], changed]).toEqual([[b], ['x']])
  catalogue.drop(b, 'x')
  expect([catalogue.get('x'), changed]).toEqual([null, ['x', 'x']])
})

it('forgets a machine under every name, and where its numbers were', () => {
  const catalogue = new Catalogue()
  for (const name of ['x', 'y', 'z']) catalogue.put(a, entry(name))
  catalogue.put(b, entry('z'))
  catalogue.setRevision(a, 7)
  catalogue.forget(a)
  expect([[...catalogue.names()], catalogue.heardFrom(a), catalogue.revisionOf(a)]).toEqual([['z'], false, 0])
})

it('notes what a machine tells of some names, unless it was read up to a later revision', () => {
  const catalogue = new Catalogue()
  const [now, before] = [entry('x'), { ...entry('x'), held: [] }]
  catalogue.hear(a, { revision: 5, entries: [now] })
  catalogue.setRevision(a, 5)
  catalogue.hear(a, { revision: 4, entries: [before, entry('y')] })
  catalogue.hear(a, { revision: 4, entries: [], absent: ['x'] })
  expect([catalogue.get('x')?.machines.get(a), catalogue.size]).toEqual([now.held, 1])
  catalogue.hear(a, { revision: 5, entries: [before] })
  expect(catalogue.get('x')?.machines.get(a)).toEqual([])
  catalogue.hear(a, { revision: 6, entries: [], absent: ['x'] })
  expect(catalogue.size).toBe(0)
})

it('says of which names a machine may lack what another has', () => {
  const catalogue = new Catalogue()
  const uneven: boolean[] = []
  catalogue.onChanged((_, change) => uneven.push(change.isUneven))
  const versions = [versionOf('x'), versionOf('newer', { counter: 2, supersedes: [{ writerId: 'a1', counter: 1 }] })]
  const newer = { record: recordOf('x', ...versions), held: [] }
  catalogue.put(a, { record: recordOf('x', versionOf('x')), held: [] })
  catalogue.put(b, { record: recordOf('x', versionOf('x')), held: [[hashOf('x'), 1]] })
  catalogue.put(b, newer)
  catalogue.put(a, newer)
  catalogue.put(b, entry('x'))
  // new; known to both; newer in one; then in the other as well, which is no change; and behind again
  expect(uneven).toEqual([false, false, true, true])
})

it('reads on over changes that it knows otherwise, when it has read all before them', () => {
  const catalogue = new Catalogue()
  expect(catalogue.readOn(a, { first: 1, last: 2 })).toBe(false)
  catalogue.setRevision(a, 5)
  expect([catalogue.readOn(a, { first: 7, last: 8 }), catalogue.readOn(a, { first: 5, last: 8 }), catalogue.revisionOf(a)]).toEqual([
    false,
    false,
    5,
  ])
  expect([catalogue.readOn(a, { first: 6, last: 8 }), catalogue.revisionOf(a)]).toEqual([true, 8])
})

it('knows thousands of files as it knows a few, also what changed long ago', () => {
  const catalogue = new Catalogue()
  const names = Array.from({ length: 3_000 }, (_, number) => `folder/${number}`)
  for (const name of names) catalogue.put(a, entry(name))
  for (const name of names.slice(0, 100)) catalogue.put(b, entry(name))
  for (const name of names.slice(50, 150)) catalogue.drop(a, name)
  catalogue.forgetName('folder/2999')
  const left = [...names.slice(0, 100), ...names.slice(150, 2_999)]
  expect(catalogue.size).toBe(left.length)
  expect(new Set(catalogue.names())).toEqual(new Set(left))
  for (const file of catalogue.files()) {
    const number = Number(file.record.name.slice(7))
    const machines = number < 50 ? [a, b] : number < 100 ? [b] : [a]
    expect(file).toEqual({
      record: entry(file.record.name).record,
      machines: new Map(machines.map((id) => [id, entry(file.record.name).held])),
    })
    expect(catalogue.get(file.record.name)).toEqual(file)
  }
  catalogue.forget(a)
  expect([...catalogue.names()].sort()).toEqual(names.slice(0, 100).sort())
})

it('is walked while it changes: what is there all the time is met once', () => {
  const catalogue = new Catalogue()
  const names = Array.from({ length: 3_000 }, (_, number) => `folder/${number}`)
  for (const name of names) catalogue.put(a, entry(name))
  // their rows are free: what had none until now gets one of these, which was passed already
  for (const name of names.slice(0, 1_800)) catalogue.forgetName(name)
  for (let number = 0; number < 100; number++) catalogue.put(a, entry(`late/${number}`))
  const there = new Set(catalogue.names())
  const met: string[] = []
  for (const name of catalogue.names()) {
    met.push(name)
    if (met.length === 600) for (let number = 0; number < 2_000; number++) catalogue.put(b, entry(`new/${number}`))
  }
  expect(met.filter((name) => there.has(name)).sort()).toEqual([...there].sort())
})

it('hands its files out in pages, those that became known last first, whatever changes and goes meanwhile', () => {
  const catalogue = new Catalogue()
  const names = Array.from({ length: 2_500 }, (_, number) => `folder/${number}`)
  for (const name of names) catalogue.put(a, entry(name))
  const met: string[] = []
  let pages = 0
  for (let next: number | null = null; next !== null || pages === 0; pages++) {
    const page = catalogue.page(next, 400)
    met.push(...page.files.map(({ record }) => record.name))
    next = page.next
    catalogue.forgetName(`folder/${pages}`)
    catalogue.put(b, entry(`folder/${pages + 100}`))
    catalogue.put(b, entry(`new/${pages}`))
  }
  expect([pages, met]).toEqual([7, names.slice(6).reverse()])
  expect(catalogue.page(null, 3_000).files.filter(({ record }) => record.name.startsWith('new/'))).toHaveLength(7)
  expect(new Catalogue().page(null, 400)).toEqual({ files: [], next: null })
})

it('finds the removed files among all others, those that changed just now and those of long ago', () => {
  const catalogue = new Catalogue()
  const removed = (name: string) => ({ record: recordOf(name, versionOf(name, { deleted: true })), held: [] })
  for (let number = 0; number < 1_500; number++) catalogue.put(a, number % 500 === 7 ? removed(`f${number}`) : entry(`f${number}`))
  catalogue.put(a, removed('late'))
  const names = (): string[] => [...catalogue.removedFiles()].map(({ record }) => record.name).sort()
  expect(names()).toEqual(['f1007', 'f507', 'f7', 'late'])
  catalogue.page(null, 1)
  expect(names()).toEqual(['f1007', 'f507', 'f7', 'late'])
})
