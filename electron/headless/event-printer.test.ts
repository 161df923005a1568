import { Writable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createFakeIo } from '../../tests/fakes/fake-io.ts'
import { createEventPrinter } from './event-printer.ts'

/** Standard output that takes nothing before `read` is called. */
function slowOutput() {
  const writes: string[] = []
  const waiting: (() => void)[] = []
  const stdout = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      writes.push(chunk.toString())
      waiting.push(done)
    },
  })
  return { writes, read: () => waiting.shift()?.(), io: { ...createFakeIo(), stdout } }
}

it('what happens in one turn is one write', async () => {
  const { io, writes } = slowOutput()
  const printer = createEventPrinter(io)
  printer.say({ event: 'a' })
  printer.say({ event: 'b' })
  await turn()
  expect(writes).toEqual(['{"event":"a"}\n{"event":"b"}\n'])
})

it('drops what a slow reader does not take, and says how much', async () => {
  const { io, writes, read } = slowOutput()
  const printer = createEventPrinter(io)
  const large = { event: 'large', text: 'x'.repeat(1_048_576) }
  for (let sent = 0; sent < 7; sent++) printer.say(large)
  await turn()
  for (let sent = 0; sent < 7; sent++) printer.say(large)
  read()
  await turn()
  printer.say({ event: 'again' })
  read()
  await turn()
  expect(writes).toHaveLength(2)
  expect(writes[0]?.length).toBeLessThan(5 * 1_048_576 + 1000)
  expect(writes[1]).toBe('{"event":"events-dropped","count":10}\n{"event":"again"}\n')
})
