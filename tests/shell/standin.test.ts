/** The stand-in's own tests: that it does as Electron does, in what it emulates. */

import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findOrInstallBrowser } from '../window/browser.ts'
import { launchStandin, makeScratch, removeScratch, type ShellApp } from './shell-app.ts'

interface Fixture {
  readonly fsError: string
  readonly answer: number
  readonly when: Date
  readonly nested: { readonly list: readonly [number, { next(x: number): number }] }
  echo<T>(value: T): Promise<T>
  bad(): Promise<unknown>
  types(value: unknown): Promise<string[]>
  sync(value: number): unknown
  oneway(value: number): Promise<number>
  throws(): void
  rejects(): Promise<void>
  keep(callback: (value: string, back: (y: number) => number) => string): void
  callKept(value: string): string
}

declare global {
  interface Window {
    fixture: Fixture
    data: unknown
  }
}

const browser = findOrInstallBrowser()

describe.skipIf(browser.file === null)('stand-in', () => {
  const scratch = makeScratch()
  let app: ShellApp
  let page: Page
  beforeAll(async () => {
    const main = join(import.meta.dirname, 'standin/fixture/main.mjs')
    app = await launchStandin({ main, args: [], scratch, program: browser.file ?? '' })
    page = await app.window()
    await page.waitForFunction(() => 'data' in window && 'fixture' in window)
  })
  afterAll(async () => {
    await app.close()
    await removeScratch(scratch)
  })

  test('a scheme of the app serves page, script and fetch, and import and require are one module', async () => {
    expect(await page.evaluate(() => window.data)).toEqual({ url: 'app://bundle/data?x=1', same: true })
    expect(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.getURL(), null)).toBe('app://bundle/')
  })

  test('the preload finds only what a sandboxed one does', async () => {
    expect(await page.evaluate(() => window.fixture.fsError)).toBe('module not found: fs')
  })

  test('values, functions, promises and errors cross the bridge, callbacks both ways', async () => {
    expect(await page.evaluate(() => [window.fixture.answer, Number(window.fixture.when), window.fixture.nested.list[1].next(1)])).toEqual([
      42, 5, 2,
    ])
    const kept = await page.evaluate(() => {
      let seen: unknown
      window.fixture.keep((value, back) => {
        seen = [value, back(7)]
        return 'returned'
      })
      return [window.fixture.callKept('x'), seen]
    })
    expect(kept).toEqual(['returned', ['x', 70]])
    const errors = await page.evaluate(async () => {
      const texts: string[] = []
      try {
        window.fixture.throws()
      } catch (error) {
        texts.push(String(error))
      }
      await window.fixture.rejects().catch((error: unknown) => texts.push(String(error)))
      return texts
    })
    expect(errors).toEqual(['TypeError: from preload', 'Error: later'])
  })

  test('ipc carries what structured clone does, and refuses what it does not', async () => {
    const types = await page.evaluate(() =>
      window.fixture.types({ d: new Date(), m: new Map([[1, 2]]), s: new Set([1]), u: new Uint8Array(3), b: 10n, n: NaN, x: undefined }),
    )
    expect(types).toEqual(['d:Date', 'm:Map', 's:Set', 'u:Uint8Array', 'b:BigInt', 'n:Number', 'x:undefined'])
    expect(await page.evaluate(async () => (await window.fixture.echo(new Uint8Array([1, 255])))[1])).toBe(255)
    const refused = await page.evaluate(() => window.fixture.bad().catch((error: unknown) => String(error)))
    expect(refused).toMatch(/Error invoking remote method 'bad'.*could not be cloned/)
  })

  test('synchronous calls and replies', async () => {
    expect(await page.evaluate(() => window.fixture.sync(21))).toEqual({ twice: 42, sender: 'app://bundle/' })
    expect(await page.evaluate(() => window.fixture.oneway(1))).toBe(2)
  })

  test('a reload keeps the bridge, a prevented close keeps the window', async () => {
    await page.reload()
    await page.waitForFunction(() => 'data' in window)
    expect(await page.evaluate(() => window.fixture.echo('again'))).toBe('again')
    const state = await app.evaluate(async ({ BrowserWindow }) => {
      const [window] = BrowserWindow.getAllWindows()
      window?.close()
      await new Promise((done) => setTimeout(done, 50))
      return [window?.isVisible(), BrowserWindow.getAllWindows().length]
    }, null)
    expect(state).toEqual([false, 1])
  })

  test('what is not emulated throws', async () => {
    const reach = app.evaluate((electron) => electron.globalShortcut.isRegistered('F1'), null)
    await expect(reach).rejects.toThrow(/not emulated/)
  })
})
