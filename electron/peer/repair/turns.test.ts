import { expect, test } from 'vitest'
import { ringOf } from '../../../tests/fakes/file-ring.ts'
import { recordOf, versionOf } from '../../../tests/fakes/records.ts'

/** A machine whose catalogue has names of one that left: what that said is let go of at the next look. */
async function ringWithGone(times: { readonly quarantineMs?: number } = {}) {
  const ring = await ringOf([1000, 2000], { copies: 1, times })
  await ring.run(3_000)
  const { context, repairer } = ring.machine(1000)
  const gone = ring.id(3000)
  const names = Array.from({ length: 350 }, (_, index) => `f${index}`)
  for (const name of names) {
    context.catalogue.put(ring.id(2000), { record: recordOf(name, versionOf(name)), held: [] })
    context.catalogue.put(gone, { record: recordOf(name, versionOf(`other ${name}`)), held: [] })
  }
  const stillThere = (): number => names.filter((name) => context.catalogue.get(name)?.machines.has(gone)).length
  ring.nowMs += 5_000
  return { ring, repairer, names, stillThere }
}

test('a look at many files lets all else have its turn now and then, and misses none of them', async () => {
  const { ring, repairer, names, stillThere } = await ringWithGone()
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

test('it ends when the machine turns out to have slept for long', async () => {
  const { ring, repairer, names, stillThere } = await ringWithGone({ quarantineMs: 60_000 })
  repairer.passSoon()
  await ring.settle()
  ring.nowMs += 600_000
  expect(repairer.side.isApart()).toBe(true)
  ring.runDue()
  await ring.settle()
  await repairer.calm()
  expect(stillThere()).toBe(names.length)
})

test('names of which it has no record are for others to look after', async () => {
  const ring = await ringOf([1000, 2000], { copies: 1 })
  await ring.run(3_000)
  const { context, repairer } = ring.machine(1000)
  const entry = { record: recordOf('f', versionOf('f')), held: [] }
  context.catalogue.put(ring.id(2000), entry)
  expect(repairer.waiting).toBe(0)
  context.catalogue.put(context.self.id, entry)
  expect(repairer.waiting).toBe(1)
})
