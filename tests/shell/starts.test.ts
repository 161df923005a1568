/** Starts that fail, a link that arrives, and the command line's way to the app: on the stand-in, whose dialogs are recorded. */

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findOrInstallBrowser } from '../window/browser.ts'
import { buildFakeProduct, buildHeadless, buildRealProduct } from './products.ts'
import { launchStandin, makeScratch, removeScratch, runStandin, type ShellApp } from './shell-app.ts'

const browser = findOrInstallBrowser()
const program = browser.file ?? ''
const cli = join(import.meta.dirname, '../../out/headless/cli.js')

describe.skipIf(browser.file === null)('starts on the stand-in', () => {
  let main: string
  let scratch: string
  let data: string
  beforeAll(async () => {
    main = await buildFakeProduct()
  })
  beforeEach(() => {
    scratch = makeScratch()
    data = join(scratch, 'data')
  })
  afterEach(() => removeScratch(scratch))

  test.each([
    [['--port', 'many'], '--port: "many"'],
    [['--host', 'somewhere'], '--host: "somewhere"'],
    [['--data'], '--data needs a value'],
  ])('%j ends with 2 and says why', async (args, why) => {
    const { code, stderr } = await runStandin({ main, args, scratch, program })
    expect({ code, said: stderr.includes(why) }).toEqual({ code: 2, said: true })
  })

  test.each([
    ['in-use', 'Another Ringdrop uses this data folder'],
    ['corrupt', 'records in the data folder are damaged'],
  ])('a data folder that is %s ends with 1 and says what to do', async (kind, why) => {
    const { code, stderr } = await runStandin({ main, args: ['--data', join(scratch, kind)], scratch, program })
    expect(code).toBe(1)
    expect(stderr).toContain(why)
  })

  test('a link asks before it joins, and joins as answered', async () => {
    const app = await launchStandin({ main, args: ['--data', data], scratch, program })
    const page = await app.window()
    await page.waitForFunction(() => typeof window.api === 'object')
    await page.evaluate(() => {
      window.api.onNews((news) => {
        if (news.kind === 'ring') document.title = news.ring.name
      })
    })
    const asked = await openLink(app, 'ringdrop://join/abc')
    expect(asked).toMatchObject({ message: 'Join the ring of this invite?', buttons: ['Join', 'Cancel'], defaultId: 1 })
    await expect.poll(() => page.title()).toBe('ringdrop://join/abc without files')
    await app.close()
  })

  test('what is no link asks nothing', async () => {
    const app = await launchStandin({ main, args: ['--data', data], scratch, program })
    await app.window()
    expect(await openLink(app, 'ringdrop://a b')).toBeNull()
    expect(await openLink(app, 'https://example.org/')).toBeNull()
    await app.close()
  })

  test('started at login it stays in the tray', async () => {
    const app = await launchStandin({ main, args: ['--data', data, '--hidden'], scratch, program })
    await app.window()
    const visible = () => app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isVisible(), null)
    expect(await visible()).toBe(false)
    await app.evaluate(({ standin }) => {
      standin.tray?.menu?.getMenuItemById('tray-open')?.click()
    }, null)
    expect(await visible()).toBe(true)
    await app.close()
  })

  test('the command line reaches the app', async () => {
    if (!existsSync(cli)) buildHeadless()
    const args = ['--data', data, '--port', '0', '--host', '127.0.0.1', '--no-discovery']
    const app = await launchStandin({ main: buildRealProduct(), args, scratch, program })
    const page = await app.window()
    await page.waitForFunction(() => typeof window.api === 'object')
    await page.evaluate(() => window.api.run('open', null))
    const status = () => spawnSync(process.execPath, [cli, 'status', '--data', data, '--json'], { encoding: 'utf8' })
    await expect.poll(() => status().status).toBe(0)
    expect(JSON.parse(status().stdout)).toMatchObject({ peers: 1, files: 0 })
    const left = spawnSync(process.execPath, [cli, 'leave', '--data', data], { encoding: 'utf8' })
    expect(left.status).toBe(0)
    expect(await app.exited).toBe(0)
  })
})

/** What a person was asked when this link was opened, or null. */
async function openLink(app: ShellApp, link: string): Promise<unknown> {
  await app.evaluate(({ app: electronApp }, address) => electronApp.emit('open-url', { preventDefault: () => undefined }, address), link)
  await new Promise((done) => setTimeout(done, 300))
  return app.evaluate(({ standin }) => standin.calls.findLast((call) => call.what === 'dialog.showMessageBox')?.args[0] ?? null, null)
}
