import { expect, test } from 'vitest'
import type { CommandName, News, Outcome } from '../../shared/contract.ts'
import { newsChannel, runChannel } from '../../shared/channels.ts'
import { isTrusted, registerIpc, sendNews, type Sender } from './ipc.ts'

const ours = 7
const from = (frame: { url: string; parent: unknown } | null, id = ours) => ({ sender: { id }, senderFrame: frame }) as unknown as Sender
const page = { url: 'app://window/', parent: null }
const options = { isOurWindow: (id: number) => id === ours, developmentServer: null }

test('only the main frame of our window on our page is trusted', () => {
  expect(isTrusted(from(page), options)).toBe(true)
  expect(isTrusted(from({ ...page, parent: {} }), options)).toBe(false)
  expect(isTrusted(from(page, 8), options)).toBe(false)
  expect(isTrusted(from({ url: 'https://example.org/', parent: null }), options)).toBe(false)
  expect(isTrusted(from(null), options)).toBe(false)
})

test('a stranger is refused before anything runs', async () => {
  const ran: unknown[] = []
  const run = (name: unknown): Promise<Outcome<CommandName>> => {
    ran.push(name)
    return Promise.resolve({ ok: true, value: null })
  }
  const handlers = new Map<string, (...args: never[]) => unknown>()
  registerIpc({ handle: (channel, handler) => void handlers.set(channel, handler) }, { ...options, run })
  const handle = handlers.get(runChannel) as (event: Sender, name: unknown, argument: unknown) => unknown
  expect(await handle(from(page, 8), 'open', null)).toMatchObject({ ok: false })
  expect(ran).toEqual([])
  expect(await handle(from(page), 'open', null)).toEqual({ ok: true, value: null })
  expect(ran).toEqual(['open'])
})

test('news go to windows that are there', () => {
  const heard: [string, News][] = []
  const target = (gone: boolean) => ({
    isDestroyed: () => gone,
    webContents: { isDestroyed: () => gone, send: (channel: string, news: News) => void heard.push([channel, news]) },
  })
  const news: News = { kind: 'menu', action: 'find' }
  sendNews([target(true), target(false)], news)
  expect(heard).toEqual([[newsChannel, news]])
})
