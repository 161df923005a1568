/**
 * What the desktop app does, whoever hosts it. Runs on the stand-in everywhere and on real Electron where there is one; over the
 * fake peer it checks the shell alone, over the real one that a drop ends up in the ring.
 */

import { readFile, writeFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { quitLimits } from '../../electron/main/quit.ts'
import type { Api, News, Snapshot } from '../../shared/contract.ts'
import { makeScratch, removeScratch, type EndedStart, type LaunchOptions, type ShellApp } from './shell-app.ts'

declare global {
  interface Window {
    api: Api
    heard: News[]
    violations: string[]
  }
}

export interface ShellHost {
  readonly name: string
  /** Null: cannot run here, and why was printed. */
  readonly program: string | null
  readonly isStandin: boolean
  launch(options: LaunchOptions): Promise<ShellApp>
  /** Starts it and waits for its end. */
  run(options: LaunchOptions): Promise<EndedStart>
}

export interface Product {
  readonly name: string
  readonly isFake: boolean
  /** Builds it when that is needed; path of the main process. */
  main(): Promise<string>
}

const flags = (data: string): string[] => ['--data', data, '--port', '0', '--host', '127.0.0.1', '--no-discovery']

interface Running {
  readonly app: ShellApp
  readonly page: Page
  readonly scratch: string
  readonly data: string
}

/** `folder`: where it starts, when it starts there again or with a data folder of a telling name. */
async function start(host: ShellHost, product: Product, folder: { scratch?: string; data?: string } = {}): Promise<Running> {
  const scratch = folder.scratch ?? makeScratch()
  const data = join(scratch, folder.data ?? 'data')
  const app = await host.launch({ main: await product.main(), args: flags(data), scratch, program: host.program ?? '' })
  const page = await app.window()
  // the preload is there before the page, which listens for what is dropped once its scripts have run
  await page.waitForFunction(() => typeof window.api === 'object' && document.readyState === 'complete')
  await page.evaluate(() => {
    window.heard = []
    window.api.onNews((news) => window.heard.push(news))
  })
  return { app, page, scratch, data }
}

const snapshot = async (page: Page): Promise<Snapshot> => {
  const outcome = await page.evaluate(() => window.api.run('open', null))
  if (!outcome.ok) throw new Error(outcome.error.message)
  return outcome.value
}

/** Drops real files on the middle of the window, as the system does. */
async function drop(page: Page, files: readonly string[]): Promise<void> {
  const cdp = await page.context().newCDPSession(page)
  const { width, height } = await page.evaluate(() => ({ width: innerWidth, height: innerHeight }))
  const at = { x: Math.round(width / 2), y: Math.round(height / 2) }
  const data = { items: [], files: [...files], dragOperationsMask: 1 }
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) await cdp.send('Input.dispatchDragEvent', { type, ...at, data })
  await cdp.detach()
}

/** All that can be asked of one running app. */
export function describeShell(host: ShellHost, product: Product): void {
  let running: Running
  beforeAll(async () => {
    running = await start(host, product)
  })
  afterAll(async () => {
    await running.app.close()
    await removeScratch(running.scratch)
  })

  describe('window', () => windowTests(() => running))
  describe('boundaries', () => boundaryTests(() => running, product))
  describe('desktop', () => desktopTests(() => running, host, product))
  describe('quit', () => quitTests(host, product))
}

function windowTests(get: () => Running): void {
  test('the page gets its snapshot through the preload', async () => {
    const { page } = get()
    expect((await snapshot(page)).host).toBe('desktop')
    expect(await page.evaluate(() => ({ host: window.api.host, frozen: Object.isFrozen(window.api) }))).toEqual({
      host: 'desktop',
      frozen: true,
    })
  })

  test('dropped files are stored under their names', async () => {
    const { page, scratch } = get()
    const folder = join(scratch, 'a folder')
    await mkdir(folder, { recursive: true })
    const names = ['ünï kødé.txt', 'plain.bin']
    const paths = names.map((name) => join(folder, name))
    await Promise.all(paths.map((path, index) => writeFile(path, `content ${String(index)}`)))
    await drop(page, paths)
    await expect
      .poll(async () => (await snapshot(page)).files.files.map((file) => file.name), { timeout: 20_000 })
      .toEqual(expect.arrayContaining(names))
  })

  test('something that lies on no disk is refused by name', async () => {
    const outcome = await get().page.evaluate(() => {
      const file = new File(['x'], 'made-in-the-page.txt')
      return window.api.storeFiles([{ file, relativePath: file.name }], 'decline')
    })
    expect(outcome).toMatchObject({ ok: false, error: { code: 'file-unreadable' } })
    expect(JSON.stringify(outcome)).toContain('made-in-the-page.txt')
  })

  test('menu entries reach the window', async () => {
    const { app, page } = get()
    await app.evaluate(({ Menu }) => {
      for (const id of ['ring', 'find']) Menu.getApplicationMenu()?.getMenuItemById(id)?.click()
    }, null)
    const actions = () => page.evaluate(() => window.heard.flatMap((news) => (news.kind === 'menu' ? [news.action] : [])))
    await expect.poll(actions).toEqual(['ring', 'find'])
  })

  test('files picked in the dialog are stored', async () => {
    const { app, page, scratch } = get()
    const path = join(scratch, 'picked.txt')
    await writeFile(path, 'picked')
    await app.evaluate(({ dialog }, picked) => {
      dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [picked] })
    }, path)
    expect(await page.evaluate(() => window.api.run('pickAndStore', null))).toEqual({ ok: true, value: { queued: 1 } })
    await expect.poll(async () => (await snapshot(page)).files.files.map((file) => file.name), { timeout: 20_000 }).toContain('picked.txt')
  })

  test('an error arrives with its code', async () => {
    const outcome = await get().page.evaluate(() => window.api.run('whereIs', { name: 'no such file' }))
    expect(outcome).toMatchObject({ ok: false, error: { code: 'not-found' } })
  })
}

function boundaryTests(get: () => Running, product: Product): void {
  test('the page has no Node and no ipc', async () => {
    const types = await get().page.evaluate(() =>
      ['require', 'process', 'module', 'ipcRenderer'].map((name) => typeof (window as never)[name]),
    )
    expect(types).toEqual(['undefined', 'undefined', 'undefined', 'undefined'])
  })

  test('commands that are not in the contract are refused, and paths from a page are', async () => {
    const codes = await get().page.evaluate(async () => {
      const run = (name: string, argument: unknown) => window.api.run(name as 'open', argument as null)
      const outcomes = [await run('constructor', null), await run('storePaths', { paths: ['/etc/passwd'], onClash: 'decline' })]
      return outcomes.map((outcome) => !outcome.ok && outcome.error.code)
    })
    expect(codes).toEqual(['bad-argument', 'bad-argument'])
  })

  test('arguments are validated', async () => {
    const outcome = await get().page.evaluate(() => window.api.run('removeFile', { name: 7 } as never))
    expect(outcome).toMatchObject({ ok: false, error: { code: 'bad-argument' } })
  })

  test('the policy blocks inline script, inline style and foreign connections', async () => {
    const { page } = get()
    await page.evaluate(() => {
      window.violations = []
      document.addEventListener('securitypolicyviolation', (event) => window.violations.push(event.effectiveDirective))
      const script = document.createElement('script')
      script.textContent = 'window.pwned = true'
      const style = document.createElement('style')
      style.textContent = 'body { color: red }'
      document.head.append(script, style)
      fetch('https://example.org/').catch(() => undefined)
    })
    await expect
      .poll(() => page.evaluate(() => window.violations))
      .toEqual(expect.arrayContaining(['script-src-elem', 'style-src-elem', 'connect-src']))
    expect(await page.evaluate(() => 'pwned' in window)).toBe(false)
  })

  test('the nonce of a page is fresh and never shown as a placeholder', async () => {
    const { page } = get()
    const read = () => page.evaluate(async () => (await fetch(location.href)).text())
    const [first, second] = [await read(), await read()]
    expect(first).not.toContain('__NONCE__')
    if (product.isFake) expect(first).not.toBe(second)
  })

  test('only files of the window are served', async () => {
    const statuses = await get().page.evaluate(async () => {
      const paths = [
        '/nothing.js',
        '/%2e%2e/%2e%2e/package.json',
        '/..%2f..%2fpackage.json',
        '/..%5c..%5cpackage.json',
        '/index.html%00.js',
      ]
      return Promise.all(paths.map(async (path) => (await fetch(path).catch(() => ({ status: 0 }))).status))
    })
    for (const status of statuses) expect([0, 404]).toContain(status)
  })

  test('the page cannot leave, and opens nothing', async () => {
    const { app, page } = get()
    const before = page.url()
    await page.evaluate(() => {
      const link = document.createElement('a')
      link.href = 'https://example.org/'
      document.body.append(link)
      link.click()
      open('https://example.org/')
    })
    await new Promise((done) => setTimeout(done, 1000))
    expect(page.url()).toBe(before)
    expect(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length, null)).toBe(1)
  })

  test('permissions are denied', async () => {
    const states = await get().page.evaluate(async () => {
      const names = ['geolocation', 'notifications', 'camera'] as PermissionName[]
      return Promise.all(names.map(async (name) => (await navigator.permissions.query({ name })).state))
    })
    expect(states).toEqual(['denied', 'denied', 'denied'])
  })

  test('a foreign page with the same preload is not answered', async () => {
    const { app } = get()
    const outcome = await app.evaluate(
      async ({ BrowserWindow }, preload) => {
        const window = new BrowserWindow({ show: false, webPreferences: { preload, sandbox: true, contextIsolation: true } })
        await window.loadURL('data:text/html,<title>foreign</title>')
        const result: unknown = await window.webContents.executeJavaScript(`window.api.run('open', null)`)
        window.destroy()
        return result
      },
      join(await product.main(), '../../preload/index.cjs'),
    )
    expect(outcome).toMatchObject({ ok: false, error: { message: 'This page may not speak to Ringdrop' } })
  })
}

function desktopTests(get: () => Running, host: ShellHost, product: Product): void {
  test('closing hides the window and explains itself once', async () => {
    const { app } = get()
    const state = await app.evaluate(async ({ BrowserWindow, dialog }) => {
      let explained = 0
      dialog.showMessageBox = () => {
        explained++
        return Promise.resolve({ response: 0, checkboxChecked: false })
      }
      const [window] = BrowserWindow.getAllWindows()
      for (let round = 0; round < 2; round++) {
        window?.show()
        window?.close()
        await new Promise((done) => setTimeout(done, 300))
      }
      return { visible: window?.isVisible(), explained, windows: BrowserWindow.getAllWindows().length }
    }, null)
    expect(state).toEqual({ visible: false, explained: 1, windows: 1 })
  })

  test('a second start shows the window of the first and ends', async () => {
    const { app, data } = get()
    const scratch = makeScratch()
    const args = [...flags(data), 'ringdrop://join/from-a-link']
    const second = await host.run({ main: await product.main(), args, scratch, program: host.program ?? '' })
    expect(second.code).toBe(0)
    const shown = () => app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isVisible(), null)
    await expect.poll(shown).toBe(true)
    await removeScratch(scratch)
  })

  test.runIf(host.isStandin)('the tray tells how safe the files are, opens, and quits', async () => {
    const { app } = get()
    const tray = await app.evaluate(({ standin }) => {
      const items = standin.tray?.menu?.items ?? []
      return {
        toolTip: standin.tray?.toolTip,
        ids: items.flatMap((item) => (item.type === 'separator' ? [] : [item.id])),
        status: items[0]?.label,
      }
    }, null)
    expect(tray.ids).toEqual(['tray-status', 'tray-open', 'tray-add', 'tray-quit'])
    expect(tray.status).toMatch(/machines? can fail|until a second machine joins|Checking/)
    expect(tray.toolTip).toBe(`Ringdrop: ${tray.status ?? ''}`)
  })
}

function quitTests(host: ShellHost, product: Product): void {
  test('the window comes back where it was, and a quit ends with 0', async () => {
    const scratch = makeScratch()
    const first = await start(host, product, { scratch })
    await first.app.evaluate(({ BrowserWindow }) => {
      BrowserWindow.getAllWindows()[0]?.setBounds({ x: 60, y: 50, width: 900, height: 600 })
    }, null)
    first.app.signal('SIGTERM')
    expect(await first.app.exited).toBe(0)
    const kept: unknown = JSON.parse(await readFile(join(first.data, 'desktop/window.json'), 'utf8'))
    expect(kept).toMatchObject({ bounds: { width: 900, height: 600 } })
    const second = await start(host, product, { scratch })
    const bounds = await second.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getNormalBounds(), null)
    expect(bounds).toMatchObject({ width: 900, height: 600 })
    await second.app.close()
    await removeScratch(scratch)
  })

  test.runIf(product.isFake)('a quit shows the hand-over and then ends', async () => {
    const { app, page, scratch } = await start(host, product)
    const seen: number[] = []
    await page.exposeFunction('tellLeft', (left: number) => seen.push(left))
    await page.evaluate(() => {
      const { tellLeft } = window as never as { readonly tellLeft: (left: number) => void }
      window.api.onNews((news) => {
        if (news.kind === 'leaving') tellLeft(news.leaving.filesLeft)
      })
    })
    expect(await page.evaluate(() => window.api.run('leaveAndQuit', null))).toEqual({ ok: true, value: null })
    expect(await app.exited).toBe(0)
    expect(seen.slice(0, 3)).toEqual([3, 2, 1])
    await removeScratch(scratch)
  })

  test.runIf(product.isFake)('asked a second time it ends at once', async () => {
    const { app, scratch } = await start(host, product, { data: 'slow' })
    const asked = Date.now()
    app.signal('SIGTERM')
    await new Promise((done) => setTimeout(done, 600))
    app.signal('SIGTERM')
    expect(await app.exited).toBe(0)
    // The hand-over would take minutes; the browser's own end takes its time, too, on a busy machine.
    expect(Date.now() - asked).toBeLessThan(quitLimits.stalledMs)
    await removeScratch(scratch)
  })
}
