import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { News } from '../../shared/contract.ts'
import { createBrowserApi } from './browser-api.ts'

class FakeSocket {
  static readonly CONNECTING = 0
  static readonly OPEN = 1
  static last: FakeSocket
  readyState = 0
  readonly sent: { id: number; name: string }[] = []
  onopen: (() => void) | null = null
  onclose: (() => void) | null = null
  onmessage: ((message: { data: string }) => void) | null = null
  readonly url: string

  constructor(url: string) {
    this.url = url
    FakeSocket.last = this
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text) as { id: number; name: string })
  }
  open(): void {
    this.readyState = 1
    this.onopen?.()
  }
  close(): void {
    this.readyState = 3
    this.onclose?.()
  }
  tell(frame: unknown): void {
    this.onmessage?.({ data: JSON.stringify(frame) })
  }
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('WebSocket', FakeSocket)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})
const create = () => createBrowserApi(new URL('http://127.0.0.1:4000/'))

test('what is asked before the connection stands is sent when it does, and answers find their question', async () => {
  const api = create()
  const first = api.run('clearFinished', null)
  const second = api.run('pickFolder', { title: 'x' })
  const socket = FakeSocket.last
  expect(socket.url).toBe('ws://127.0.0.1:4000/api')
  socket.open()
  expect(socket.sent.map(({ name }) => name)).toEqual(['clearFinished', 'pickFolder'])
  socket.tell({ id: socket.sent[1]?.id, outcome: { ok: true, value: { path: '/a' } } })
  socket.tell({ id: socket.sent[0]?.id, outcome: { ok: true, value: null } })
  expect(await second).toEqual({ ok: true, value: { path: '/a' } })
  expect(await first).toEqual({ ok: true, value: null })
})

test('news reach every listener until it lets go', () => {
  const api = create()
  const heard: News[] = []
  const release = api.onNews((news) => heard.push(news))
  FakeSocket.last.open()
  FakeSocket.last.tell({ news: { kind: 'nearby', rings: [] } })
  release()
  FakeSocket.last.tell({ news: { kind: 'nearby', rings: [] } })
  expect(heard).toEqual([{ kind: 'nearby', rings: [] }])
})

test('a lost connection fails what is under way, says so, and is tried again with growing pauses', async () => {
  const api = create()
  const states: boolean[] = []
  api.onConnection((connected) => states.push(connected))
  const first = FakeSocket.last
  first.open()
  const asked = api.run('clearFinished', null)
  first.close()
  expect(await asked).toMatchObject({ ok: false, error: { code: 'peer-not-running' } })
  expect(await api.run('clearFinished', null)).toMatchObject({ ok: false })
  vi.advanceTimersByTime(700)
  const second = FakeSocket.last
  expect(second).not.toBe(first)
  second.open()
  expect(states).toEqual([true, false, true])
})

test('an upload streams each file and hands on why one was not taken', async () => {
  const fetched = vi.fn(() =>
    Promise.resolve(new Response(JSON.stringify({ code: 'already-exists', message: 'taken', facts: {} }), { status: 409 })),
  )
  vi.stubGlobal('fetch', fetched)
  const outcome = await create().storeFiles([{ file: new Blob(['x']), relativePath: 'Åpen/a b.txt' }], 'decline')
  expect(fetched).toHaveBeenCalledWith('/upload?name=%C3%85pen%2Fa%20b.txt&onClash=decline', expect.objectContaining({ method: 'POST' }))
  expect(outcome).toMatchObject({ ok: false, error: { code: 'already-exists', facts: { name: 'Åpen/a b.txt' } } })
})
