import { expect, test } from 'vitest'
import { ringOf } from '../../../tests/fakes/file-ring.ts'
import { recordOf, versionOf } from '../../../tests/fakes/records.ts'

test('a look at many files lets all else have its turn now and then, and misses none of them', async () => {
  const ring = await ringOf([1000, 2000], { copies: 1 })
  const { context, repairer } = ring.machine(1000)
  const left = ring.id(3000)
  const names = Array.from({ length: 350 }, (_, index) => `f${index}`)
  for (const name of names) {
    const record = recordOf(name, versionOf(name))
    context.catalogue.put(ring.id(2000), { record, held: [] })
    // no member: what it said is let go of at the next look
    context.catalogue.put(left, { record, held: [] })
  }
  const stillThere = (): number => names.filter((name) => context.catalogue.get(name)?.machines.has(left)).length
  ring.nowMs += 5_000

  repairer.passSoon()
  await ring.settle()
  expect(stillThere()).toBe(names.length)
  let turns = 0
  for (; stillThere() > 0; turns++) {
    ring.runDue()
    await ring.settle()
  }
  // a hundred a turn: first what they tell this machine's own records, then where their copies are
  expect(turns).toBe(6)
  expect(ring.defects).toEqual([])
})
