import { expect, it } from 'vitest'
import { heldFiles } from '../../tests/fakes/held-files.ts'
import { hashOf, recordOf, versionOf } from '../../tests/fakes/records.ts'
import { HeldTally } from './held-tally.ts'
import type { Identifier } from './protocol/identifier.ts'
import { pick, pickNumber, Prng } from './ring/prng.ts'
import { Catalogue } from './transfer/catalogue.ts'

const machines = ['a', 'b', 'c'] as Identifier[]

/** Files by the machines of their contents, as somebody counts who looks at each. */
function counted(catalogue: Catalogue): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { contents } of heldFiles(catalogue)) {
    const key = contents.map((holders) => [...holders].sort().join()).join(' ')
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

function told(tally: HeldTally): Map<string, number> {
  return new Map([...tally.groups()].map(({ contents, files }) => [contents.map((holders) => holders.join()).join(' '), files]))
}

it('has at any time what a look at every file gives: files that come, change, conflict, are removed and forgotten', () => {
  const random = new Prng(7)
  const catalogue = new Catalogue()
  const names = Array.from({ length: 1_500 }, (_, index) => `f${index}`)
  // before anybody asks, and more than are kept as objects
  for (const name of names) catalogue.put('a' as Identifier, { record: recordOf(name, versionOf('1')), held: [[hashOf('1'), 1]] })
  const tally = new HeldTally(catalogue)
  for (let step = 0; step < 3_000; step++) {
    const name = pick(random, names) ?? ''
    const machine = pick(random, machines) ?? ('a' as Identifier)
    const content = String(pickNumber(random, 2))
    const version = versionOf(content, { counter: 1 + Number(content), deleted: pickNumber(random, 8) === 0 })
    const kind = pickNumber(random, 10)
    if (kind === 0) catalogue.forgetName(name)
    else if (kind < 3) catalogue.drop(machine, name)
    else catalogue.put(machine, { record: recordOf(name, version), held: pickNumber(random, 3) === 0 ? [] : [[hashOf(content), 1]] })
    if (step % 500 === 0) expect(told(tally)).toEqual(counted(catalogue))
  }
  expect(told(tally)).toEqual(counted(catalogue))
  expect([...tally.groups()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBe([...heldFiles(catalogue)].length)
  for (const name of names) catalogue.forgetName(name)
  expect([...tally.groups()]).toEqual([])
})
