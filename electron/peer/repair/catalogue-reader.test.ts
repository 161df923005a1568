import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { ringOf } from '../../../tests/fakes/file-ring.ts'

const content = Buffer.alloc(1000, 'a')
const sha256 = createHash('sha256').update(content).digest('hex')

test('a machine is read again also when its news come at the very moment in which a reading ends', async () => {
  const ring = await ringOf([1000, 2000], { copies: 2 })
  const [reader, other] = [ring.machine(1000), ring.machine(2000)]
  await reader.store('0500', content)
  await ring.run(5_000)
  // news at each of the steps in which a reading ends
  const setRevision = reader.context.catalogue.setRevision.bind(reader.context.catalogue)
  reader.context.catalogue.setRevision = (machine, revision) => {
    reader.context.catalogue.setRevision = setRevision
    setRevision(machine, revision)
    let steps = Promise.resolve()
    for (let step = 0; step < 20; step++) steps = steps.then(() => reader.repairer.revisionHeard(machine, revision + 1))
  }
  await other.records.setHeld(sha256, 1)
  await ring.run(5_000)
  await other.records.setHeld(sha256, 2)
  await ring.run(5_000)
  expect(reader.context.catalogue.get('0500')?.machines.get(other.id)).toEqual([[sha256, 2]])
})

test('a machine is read where it is now', async () => {
  const ring = await ringOf([1000, 2000], { copies: 2 })
  const [reader, other] = [ring.machine(1000), ring.machine(2000)]
  await reader.store('0500', content)
  await ring.run(5_000)
  other.way = '127.0.0.1:2'
  await other.records.setHeld(sha256, null)
  reader.repairer.revisionHeard(other.id, other.records.revision)
  await ring.run(1_000)
  expect(reader.context.catalogue.revisionOf(other.id)).toBe(other.records.revision)
})

test('a machine that put a name aside is not listed under it any more', async () => {
  const ring = await ringOf([1000, 2000, 3000], { copies: 1 })
  const [holder, other] = [ring.machine(1000), ring.machine(3000)]
  await other.store('0500', content)
  await ring.run(5_000)
  expect(other.context.catalogue.get('0500')?.machines.has(holder.id)).toBe(true)
  await holder.records.putAside('0500')
  other.repairer.revisionHeard(holder.id, holder.records.revision)
  await ring.run(1_000)
  expect(other.context.catalogue.get('0500')).toBeNull()
})
