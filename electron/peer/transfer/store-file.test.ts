import { verifiedAtOf } from '../protocol/holdings.ts'
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { ringOf } from '../../../tests/fakes/file-ring.ts'

test("the writer's own copy stays until all holders have answered, since it is told as one", async () => {
  const ring = await ringOf([100, 200], { copies: 2 })
  const bytes = Buffer.from('what both keep')
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const [writer, holder] = [ring.machine(100), ring.machine(200)]
  const tries: Promise<boolean>[] = []
  const keep = holder.records.setHeld.bind(holder.records)
  // the other machine takes its time to make its copy durable: long enough for this one to have made its own
  holder.records.setHeld = async (...held) => {
    while (verifiedAtOf((await writer.records.get('0050'))?.held ?? [], sha256) === 0) await new Promise(setImmediate)
    tries.push(writer.context.use.remove(sha256, () => writer.contents.remove(sha256)))
    await keep(...held)
  }
  const stored = await writer.store('0050', bytes)
  expect(await Promise.all(tries)).toEqual([false])
  expect([...stored.holders].sort()).toEqual([ring.id(100), ring.id(200)])
  expect(ring.holdersOf(bytes)).toEqual([100, 200])
})
