import { describe, expect, it } from 'vitest'
import { heldFiles } from '../../tests/fakes/held-files.ts'
import { recordOf, versionOf } from '../../tests/fakes/records.ts'
import { fileView, removedViews, versionViews, type RingMoment } from './file-views.ts'
import { IdentifierSpace, type Identifier } from './protocol/identifier.ts'
import type { FileRecord } from './protocol/record.ts'
import { Catalogue } from './transfer/catalogue.ts'

const space = new IdentifierSpace(8)
const [desk, laptop, attic] = [1n, 2n, 3n].map((id) => space.fromBigInt(id)) as [Identifier, Identifier, Identifier]
const online = new Set([desk, laptop, attic])
const now: RingMoment = { selfId: desk, space, online, copiesWanted: 3, machinesOnline: 3, checking: false }
const dayMs = 86_400_000

/** A catalogue in which every machine of `held` has what it is said to hold of this record. */
function catalogueOf(record: FileRecord, held: readonly (readonly [Identifier, readonly { readonly sha256: string }[]])[]): Catalogue {
  const catalogue = new Catalogue()
  for (const [machine, versions] of held) catalogue.put(machine, { record, held: versions.map(({ sha256 }) => [sha256, 7] as const) })
  return catalogue
}

const old = versionOf('old', { writerId: 'a1', counter: 1 })
const mine = versionOf('mine', { writerId: 'a1', counter: 2, supersedes: [old], lamport: 2 })
const theirs = versionOf('theirs', { writerId: 'b2', counter: 1, supersedes: [old], lamport: 2 })
const removal = versionOf('mine', { writerId: 'b2', counter: 2, supersedes: [mine], lamport: 3, deleted: true, storedAt: 10 * dayMs })

describe('a conflict', () => {
  const catalogue = catalogueOf(recordOf('a', old, mine, theirs), [
    [desk, [mine]],
    [laptop, [mine, theirs]],
    [attic, [theirs]],
  ])
  const file = catalogue.get('a')!

  it('lists the live versions, then what they took the place of', () => {
    const states = versionViews(file, now).map(({ state, sha256 }) => [state, sha256])
    expect(states).toEqual([
      ['current', theirs.sha256],
      ['conflict', mine.sha256],
      ['earlier', old.sha256],
    ])
  })

  it('is as safe as the version with the fewest copies, whichever the name stands for', () => {
    const away = new Set([desk, attic])
    expect(fileView(file, { ...now, online: away })).toMatchObject({ liveVersions: 2, state: 'copying', sha256: theirs.sha256 })
    expect(fileView(file, { ...now, online: new Set([desk]), machinesOnline: 1 })).toMatchObject({ state: 'out-of-reach', here: false })
  })

  it('counts for safety with each of its contents', () => {
    expect([...heldFiles(catalogue)]).toMatchObject([
      {
        name: 'a',
        contents: [
          [laptop, attic],
          [desk, laptop],
        ],
      },
    ])
  })
})

it('shows what a delete beside a change held as an earlier version', () => {
  const deleted = versionOf('old', { writerId: 'b2', deleted: true })
  const file = catalogueOf(recordOf('a', old, mine, deleted), [[desk, [mine]]]).get('a')!
  expect(versionViews(file, now).map(({ state, sha256 }) => [state, sha256])).toEqual([
    ['current', mine.sha256],
    ['earlier', old.sha256],
  ])
})

describe('a removed file', () => {
  const catalogue = catalogueOf(recordOf('a', old, mine, removal), [[desk, [mine]]])

  it('is no row and counts for nothing, but can be had back', () => {
    expect(fileView(catalogue.get('a')!, now)).toBeNull()
    expect([...heldFiles(catalogue)]).toEqual([])
    const states = versionViews(catalogue.get('a')!, now).map(({ state, sha256 }) => [state, sha256])
    expect(states).toEqual([
      ['removed', mine.sha256],
      ['earlier', old.sha256],
    ])
  })

  it.each([
    [10, 30],
    [10.9, 30],
    [11, 29],
    [39.9, 1],
    [9, 30],
  ])('on day %f it has %i days left', (day, daysLeft) => {
    expect(removedViews(catalogue, day * dayMs)).toEqual([{ name: 'a', sizeBytes: 4, removedAt: 10 * dayMs, removedBy: 'Desk', daysLeft }])
  })

  it('is gone from the trash after 30 days', () => {
    expect(removedViews(catalogue, 40 * dayMs)).toEqual([])
  })
})
