import { expect, it } from 'vitest'
import { hashOf, recordOf, versionOf } from '../../tests/fakes/records.ts'
import { versionViews, type RingMoment } from './file-views.ts'
import { IdentifierSpace } from './protocol/identifier.ts'
import type { Version } from './protocol/record.ts'

const space = new IdentifierSpace(8)
const self = space.fromBigInt(1n)
const now: RingMoment = { selfId: self, space, online: new Set([self]), copiesWanted: 1, machinesOnline: 1, checking: false }

function states(...versions: Version[]): [string, string][] {
  const file = { record: recordOf('n', ...versions), machines: new Map([[self, { [hashOf('old')]: 5 }]]) }
  return versionViews(file, now).map((view) => [view.state, view.sha256])
}

const old = versionOf('old')
const next = versionOf('next', { counter: 2, lamport: 2, supersedes: [old] })
const other = versionOf('other', { writerId: 'b2' })

it('shows the current version, those in conflict with it, and the earlier ones', () => {
  expect(states(old, next, other)).toEqual([
    ['current', hashOf('next')],
    ['conflict', hashOf('other')],
    ['earlier', hashOf('old')],
  ])
})

it('shows what a removed name was, first', () => {
  expect(states(old, next, versionOf('next', { counter: 3, deleted: true, supersedes: [next] }))).toEqual([
    ['removed', hashOf('next')],
    ['earlier', hashOf('old')],
  ])
})

it('shows what a delete beside a change held as an earlier version', () => {
  expect(states(old, next, versionOf('old', { writerId: 'b2', deleted: true }))).toEqual([
    ['current', hashOf('next')],
    ['earlier', hashOf('old')],
  ])
})
