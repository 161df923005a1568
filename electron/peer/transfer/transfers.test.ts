import { describe, expect, it } from 'vitest'
import { AppError } from '../../../shared/errors.ts'
import type { TransferView } from '../../../shared/views.ts'
import { ManualTimers } from '../../../tests/fakes/manual-timers.ts'
import { Interrupted, isInterrupted } from './interrupted.ts'
import type { Ask, Asked } from './transfer-journal.ts'
import type { TransferHandle, TransferWork } from './transfer-work.ts'
import { Transfers } from './transfers.ts'

const away = (): AppError => new AppError('out-of-reach', 'photo.jpg is out of reach until Laptop is back')
const ask: Ask = { kind: 'request', name: 'photo.jpg', version: null, out: null, folder: '/downloads' }
const request: TransferWork = { kind: 'request', name: 'photo.jpg', ask }

interface Attempt {
  readonly handle: TransferHandle
  readonly succeed: (value: string) => void
  readonly fail: (error: AppError) => void
}

/** Work whose tries are ended by the test; an abort ends the present one. */
class Scripted {
  readonly tries: Attempt[] = []
  #arrived: () => void = () => undefined

  readonly work = (handle: TransferHandle): Promise<string> =>
    new Promise((succeed, fail) => {
      handle.signal.addEventListener('abort', () => fail(new AppError('cancelled', 'stopped')), { once: true })
      this.tries.push({ handle, succeed, fail })
      this.#arrived()
    })

  /** The try of this number, from 1 on, once it began. */
  async begun(number: number): Promise<Attempt> {
    while (this.tries.length < number) await new Promise<void>((resolve) => (this.#arrived = resolve))
    return this.tries[number - 1]!
  }
}

class Book {
  readonly asked = new Map<string, Asked>()
  put(asked: Asked): void {
    this.asked.set(asked.id, asked)
  }
  remove(id: string): void {
    this.asked.delete(id)
  }
}

function setUp() {
  const timers = new ManualTimers()
  const journal = new Book()
  const waits: TransferView[] = []
  const transfers = new Transfers({
    onChange: () => undefined,
    onEnd: () => undefined,
    onWait: (view) => waits.push(view),
    journal,
    timers,
  })
  const only = (): TransferView => transfers.views()[0]!
  return { timers, journal, waits, transfers, only }
}
/** Lets everything that is due by promises happen. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Something asynchronous to call that counts its calls. */
function counting(): { times: number; call: () => Promise<void> } {
  const counter = {
    times: 0,
    call: () => {
      counter.times++
      return Promise.resolve()
    },
  }
  return counter
}

describe('a break', () => {
  it('makes what nobody stands and waits for wait for a machine, longer each time, and go on', async () => {
    const { timers, transfers, only, waits } = setUp()
    const script = new Scripted()
    const done = transfers.run({ ...request, waits: true }, script.work)
    ;(await script.begun(1)).fail(away())
    await settle()
    expect(only()).toMatchObject({ state: 'waiting', waitsFor: 'machine', error: { code: 'out-of-reach' }, endedAt: null })
    timers.advance(1_999)
    await settle()
    expect(script.tries).toHaveLength(1)
    timers.advance(1)
    ;(await script.begun(2)).fail(away())
    await settle()
    timers.advance(3_999)
    await settle()
    expect(script.tries).toHaveLength(2)
    timers.advance(1)
    ;(await script.begun(3)).succeed('here')
    expect(await done).toBe('here')
    expect(only()).toMatchObject({ state: 'done', waitsFor: null, error: null })
    expect(waits, 'told once').toHaveLength(1)
  })

  it('is over as soon as a machine comes back', async () => {
    const { transfers } = setUp()
    const script = new Scripted()
    const done = transfers.run({ ...request, waits: true }, script.work)
    ;(await script.begun(1)).fail(away())
    await settle()
    transfers.lookAgain()
    ;(await script.begun(2)).succeed('here')
    expect(await done).toBe('here')
  })

  it('is told at once to one who waits for the answer', async () => {
    const { transfers, only } = setUp()
    const script = new Scripted()
    const done = transfers.run(request, script.work)
    ;(await script.begun(1)).fail(away())
    await expect(done).rejects.toMatchObject({ code: 'out-of-reach' })
    expect(only().state).toBe('failed')
  })

  it('after which bytes had moved to stay is tried again at once, whoever waits', async () => {
    const { transfers, only } = setUp()
    const script = new Scripted()
    const done = transfers.run({ ...request, keepsBytes: true }, script.work)
    const first = await script.begun(1)
    first.handle.size(100)
    first.handle.moved('laptop', 60)
    first.fail(away())
    const second = await script.begun(2)
    second.handle.kept(60)
    expect(only()).toMatchObject({ state: 'running', doneBytes: 60, parts: [{ machineId: 'laptop', bytes: 60 }] })
    second.fail(away())
    await expect(done, 'and only then').rejects.toMatchObject({ code: 'out-of-reach' })
  })

  it('after which all bytes have to move again is told at once, however many had moved', async () => {
    const { transfers } = setUp()
    const script = new Scripted()
    const done = transfers.run(request, script.work)
    const { handle, fail } = await script.begun(1)
    handle.moved('laptop', 60)
    fail(away())
    await expect(done).rejects.toMatchObject({ code: 'out-of-reach' })
  })

  it.each(['not-found', 'already-exists', 'file-unreadable', 'disk-full', 'corrupt'] as const)(
    '%s is not mended by waiting',
    async (code) => {
      const { transfers, only, journal } = setUp()
      const script = new Scripted()
      const done = transfers.run({ ...request, waits: true }, script.work)
      ;(await script.begun(1)).fail(new AppError(code, 'no'))
      await expect(done).rejects.toMatchObject({ code })
      expect(only().state).toBe('failed')
      expect(journal.asked.size).toBe(0)
    },
  )
})

describe('a person', () => {
  it('pauses and resumes: the try ends, its bytes stay, the next begins', async () => {
    const { transfers, only, journal } = setUp()
    const script = new Scripted()
    const done = transfers.run(request, script.work)
    const { handle } = await script.begun(1)
    transfers.pause(null)
    expect(isInterrupted(handle.signal)).toBe(true)
    await settle()
    expect(only()).toMatchObject({ state: 'paused', endedAt: null })
    expect([...journal.asked.values()]).toEqual([expect.objectContaining({ id: only().id, paused: true, ask })])
    transfers.lookAgain()
    await settle()
    expect(script.tries, 'a machine that comes back is no reason to go on').toHaveLength(1)
    transfers.resume(only().id)
    expect([...journal.asked.values()][0]).toMatchObject({ paused: false })
    ;(await script.begun(2)).succeed('here')
    expect(await done).toBe('here')
    expect(journal.asked.size).toBe(0)
  })

  it('resumes before the paused try has ended', async () => {
    const { transfers } = setUp()
    const script = new Scripted()
    const done = transfers.run(request, script.work)
    await script.begun(1)
    transfers.pause(null)
    transfers.resume(null)
    ;(await script.begun(2)).succeed('here')
    expect(await done).toBe('here')
  })

  it('pauses one that waits its turn, and the turn is free for others', async () => {
    const { transfers } = setUp()
    const scripts = Array.from({ length: 6 }, () => new Scripted())
    const all = scripts.map((script, index) => transfers.run({ kind: 'store', name: `file ${index}` }, script.work))
    const [first, , , , waiting, last] = scripts as [Scripted, ...Scripted[]]
    await first.begun(1)
    await settle()
    expect(waiting!.tries).toHaveLength(0)
    transfers.pause(transfers.views()[4]!.id)
    first.tries[0]!.succeed('a')
    await last!.begun(1)
    expect(waiting!.tries).toHaveLength(0)
    transfers.cancel(null)
    await Promise.allSettled(all)
    expect(new Set(transfers.views().map(({ state }) => state))).toEqual(new Set(['done', 'cancelled']))
  })

  it('gives up: what lies on the disk goes, also of one that is paused', async () => {
    const { transfers, only, journal } = setUp()
    const script = new Scripted()
    const given = counting()
    const done = transfers.run({ ...request, onGivenUp: given.call }, script.work)
    await script.begun(1)
    transfers.pause(null)
    await settle()
    transfers.cancel(only().id)
    await expect(done).rejects.toMatchObject({ code: 'cancelled' })
    expect([given.times, only().state, journal.asked.size]).toEqual([1, 'cancelled', 0])
  })

  it('gives up one whose paused try has not ended yet', async () => {
    const { transfers } = setUp()
    const script = new Scripted()
    const given = counting()
    const done = transfers.run({ ...request, onGivenUp: given.call }, script.work)
    await script.begun(1)
    transfers.pause(null)
    transfers.cancel(null)
    await expect(done).rejects.toMatchObject({ code: 'cancelled' })
    expect(given.times).toBe(1)
  })

  it('who only goes away gives nothing up', async () => {
    const { transfers, only } = setUp()
    const script = new Scripted()
    const client = new AbortController()
    let given = 0
    const countGiven = (): Promise<void> => {
      given++
      return Promise.resolve()
    }
    const done = transfers.run({ ...request, signal: client.signal, onGivenUp: () => countGiven() }, script.work)
    const { handle } = await script.begun(1)
    client.abort(new Interrupted('gone'))
    await expect(done).rejects.toMatchObject({ code: 'cancelled' })
    expect(isInterrupted(handle.signal)).toBe(true)
    expect([given, only().state]).toEqual([0, 'cancelled'])
  })

  it('pauses, cancels and retries all without touching what the ring does by itself', async () => {
    const { transfers } = setUp()
    const own = new Scripted()
    const repair = new Scripted()
    let retried = 0
    const failed = transfers.run({ ...request, again: () => retried++ }, () => Promise.reject(new AppError('disk-full', 'no room')))
    const running = transfers.run({ kind: 'repair', name: 'b' }, repair.work)
    const asked = transfers.run({ kind: 'store', name: 'c' }, own.work)
    await Promise.all([own.begun(1), repair.begun(1), failed.catch(() => undefined)])
    transfers.pause(null)
    expect(repair.tries[0]!.handle.signal.aborted).toBe(false)
    transfers.cancel(null)
    await expect(asked).rejects.toMatchObject({ code: 'cancelled' })
    transfers.retry(null, 'decline')
    expect(retried).toBe(1)
    repair.tries[0]!.succeed('x')
    await running
  })
})

describe('the journal', () => {
  it('has what runs until it ends, and keeps it when the peer ends', async () => {
    const { transfers, journal } = setUp()
    const one = new Scripted()
    const two = new Scripted()
    const first = transfers.run(request, one.work)
    const second = transfers.run({ ...request, ask: { ...ask, name: 'b' } }, two.work)
    ;(await one.begun(1)).succeed('x')
    await first
    const { handle } = await two.begun(1)
    transfers.stop()
    await expect(second).rejects.toMatchObject({ code: 'cancelled' })
    expect(isInterrupted(handle.signal)).toBe(true)
    expect([...journal.asked.values()].map(({ ask: kept }) => kept)).toEqual([{ ...ask, name: 'b' }])
  })

  it('of an earlier run begins under its old id, paused as it was', async () => {
    const { transfers, only } = setUp()
    const script = new Scripted()
    const done = transfers.run({ ...request, waits: true, id: 'old', askedAt: 5, paused: true }, script.work)
    await settle()
    expect(only()).toMatchObject({ id: 'old', startedAt: 5, state: 'paused' })
    transfers.resume('old')
    ;(await script.begun(1)).succeed('x')
    await done
  })

  it('asked again, the same is taken over by the newer one, which alone goes on', async () => {
    const { transfers, journal } = setUp()
    const old = new Scripted()
    const newer = new Scripted()
    const first = transfers.run({ ...request, waits: true }, old.work)
    const { handle } = await old.begun(1)
    const second = transfers.run(request, newer.work)
    await expect(first).rejects.toMatchObject({ code: 'cancelled' })
    expect(isInterrupted(handle.signal)).toBe(true)
    ;(await newer.begun(1)).succeed('here')
    expect(await second).toBe('here')
    expect(transfers.views()).toHaveLength(1)
    expect(journal.asked.size).toBe(0)
  })
})
