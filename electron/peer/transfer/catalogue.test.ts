import { expect, it } from 'vitest'
import { hashOf, recordOf, versionOf } from '../../../tests/fakes/records.ts'
import type { Identifier } from '../protocol/identifier.ts'
import { Catalogue } from './catalogue.ts'

const [a, b] = ['a', 'b'] as Identifier[] as [Identifier, Identifier]
const entry = (name: string) => ({ record: recordOf(name, versionOf(name)), held: { [hashOf(name)]: 1 } })

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
