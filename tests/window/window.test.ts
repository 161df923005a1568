/** The window in a real browser against a real ring of three machines: what a person does first. */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import AxeBuilder from '@axe-core/playwright'
import type { Browser, CDPSession, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hashOf, makeFile, type TestFile } from '../cluster/files.ts'
import { Cluster, until, type JsonObject, type Machine } from '../cluster/processes.ts'
import { findOrInstallBrowser, launchBrowser } from './browser.ts'

const found = findOrInstallBrowser()
const views = ['Files', 'Ring', 'Transfers', 'Activity', 'Settings'] as const
const browserArgs = ['--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

let folder: string
let cluster: Cluster
let desk: Machine
let laptop: Machine
let attic: Machine
let browser: Browser
let page: Page
const consoleErrors: string[] = []

/** Drags real files from disk over the window and drops them, as the system would. */
async function drop(target: Page, files: readonly TestFile[]): Promise<void> {
  const session: CDPSession = await target.context().newCDPSession(target)
  const data = { items: [], files: files.map((file) => file.path), dragOperationsMask: 1 }
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', { type, x: 400, y: 300, data })
  await session.detach()
}

const show = (view: (typeof views)[number]): Promise<void> => page.keyboard.press(`Control+${views.indexOf(view) + 1}`)

const row = (name: string) => page.getByTestId('file-row').filter({ hasText: name })

describe.skipIf(found.file === null)(`the window in a browser${found.why === null ? '' : ` (skipped: ${found.why})`}`, () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ringdrop-window-'))
    cluster = new Cluster()
    desk = await cluster.start({ name: 'Desk', args: ['--web', '127.0.0.1:0'] })
    laptop = await cluster.start({ name: 'Laptop', join: await desk.invite() })
    attic = await cluster.start({ name: 'Attic', join: await desk.invite() })
    await until(async () => (await desk.ask('status'))['peers'] === 3, 'a ring of three')
    browser = await launchBrowser(found.file ?? '', browserArgs)
    const context = await browser.newContext({ viewport: { width: 1040, height: 680 } })
    page = await context.newPage()
    page.on('console', (message) => {
      if (message.type() === 'error') consoleErrors.push(message.text())
    })
    page.on('pageerror', (error) => consoleErrors.push(error.message))
    await page.goto(String(desk.ready['web']))
    await page.getByTestId('safety').waitFor()
  })

  afterAll(async () => {
    await browser?.close()
    await cluster?.stop()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  test('files dropped on it are stored on three machines', async () => {
    const files = [await makeFile(folder, 'Åpen hylle.md', 6_000), await makeFile(folder, 'Lofoten raw.zip', 20_000_000)]
    await drop(page, files)
    for (const file of files) await row(file.name).getByText('Safe · 3 copies').waitFor()
    for (const file of files) expect(await laptop.ask('where', file.name)).toMatchObject({ versions: [{ sha256: file.sha256 }] })
    await page.getByTestId('safety').getByText('All 2 files are safe.').waitFor()
    expect(await page.getByTestId('safety').textContent()).toContain('Any 2 of 3 machines can fail')
  })

  test('other content under the same name asks what to do', async () => {
    const other = await makeFile(await mkdtemp(join(folder, 'other-')), 'Åpen hylle.md', 7_000)
    await drop(page, [other])
    await page.getByRole('button', { name: 'Replace' }).click()
    await until(
      async () => (await attic.ask('where', 'Åpen hylle.md'))['versions'][0]['sha256'] === other.sha256,
      'the new version is there',
    )
  })

  test('typing a name and Enter requests it into the downloads folder', async () => {
    const stored = await makeFile(folder, 'run 2067.csv', 300_000)
    await laptop.ask('store', stored.path)
    await page.keyboard.press('Control+f')
    await page.keyboard.type('run 2067.csv')
    await page.keyboard.press('Enter')
    await show('Transfers')
    await page.getByTestId('transfer').filter({ hasText: 'run 2067.csv' }).first().waitFor()
    const downloads = join(await cluster.folder, 'downloads-1')
    await until(async () => (await readdir(downloads)).includes('run 2067.csv'), 'the file is in the downloads folder')
    expect(await hashOf(join(downloads, 'run 2067.csv'))).toBe(stored.sha256)
  })

  test('a file can be downloaded through the browser', async () => {
    await show('Files')
    await row('run 2067.csv').click()
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('download').click()])
    const path = join(folder, 'through-the-browser.csv')
    await download.saveAs(path)
    expect(download.suggestedFilename()).toBe('run 2067.csv')
    expect(await readFile(path)).toEqual(await readFile(join(folder, 'run 2067.csv')))
  })

  test('the ring is drawn with all machines, and a selected file with its copies', async () => {
    await show('Ring')
    for (const name of ['Desk', 'Laptop', 'Attic']) await page.getByTestId('ring-picture').getByText(name, { exact: true }).waitFor()
    await page.getByTestId('ring-file').click()
    await page.keyboard.type('Lofoten')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByTestId('ring-key').waitFor()
    expect(await page.getByTestId('neighbours').getByRole('row').count()).toBeGreaterThanOrEqual(3)
  })

  test('what if: ticking machines says what would be lost', async () => {
    await page.getByTestId('what-if').getByLabel('Laptop').click()
    await page.getByTestId('what-if').getByLabel('Attic').click()
    await page
      .getByTestId('what-if-result')
      .getByText(/one copy|out of reach|nothing/i)
      .waitFor()
  })

  test('a killed machine is shown as away, in the picture and in the footer', async () => {
    await attic.kill()
    await page.getByTestId('ring-picture').locator('text', { hasText: /away/i }).waitFor()
    await page
      .getByTestId('safety')
      .getByText(/Any 1 of/)
      .waitFor()
    attic = await cluster.start({ name: 'Attic', data: attic.data })
    await page
      .getByTestId('safety')
      .getByText(/Any 2 of 3/)
      .waitFor()
  })

  test('a removed file can be taken back', async () => {
    await show('Files')
    await row('run 2067.csv').click()
    await page.getByTestId('remove').click()
    await page.getByTestId('confirm').click()
    await row('run 2067.csv').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Undo' }).click()
    await row('run 2067.csv').waitFor()
  })

  test('a file that another machine removed is put back from the trash', async () => {
    await laptop.ask('remove', 'run 2067.csv')
    await page.getByTestId('filter-trash').click()
    const removed = page.getByTestId('trash-row').filter({ hasText: 'run 2067.csv' })
    await removed.getByText(/removed by Laptop today at .*30 days left/s).waitFor()
    await removed.getByTestId('put-back').click()
    await removed.waitFor({ state: 'detached' })
    await page.getByTestId('filter-all').click()
    await row('run 2067.csv').waitFor()
  })

  test('what a file was before is restored', async () => {
    const before = await hashOf(join(folder, 'Åpen hylle.md'))
    await row('Åpen hylle.md').click()
    await page.getByTestId('version-restore').click()
    await until(async () => (await laptop.ask('where', 'Åpen hylle.md'))['versions'][0]['sha256'] === before, 'the first content is back')
    const { json } = await desk.run('versions', 'Åpen hylle.md')
    expect(json.map((version) => [version['state'], version['size']])).toEqual([
      ['current', 6_000],
      ['earlier', 7_000],
    ])
  })

  test('settings are kept', async () => {
    await show('Settings')
    const name = page.getByLabel('Name', { exact: true })
    await name.fill('Work desk')
    await name.press('Tab')
    await until(async () => (await readFile(join(desk.data, 'settings.json'), 'utf8')).includes('Work desk'), 'the name is on disk')
    await until(
      async () =>
        (await laptop.ask('where', 'run 2067.csv'))['versions'][0]['holders'].some((holder: JsonObject) => holder['name'] === 'Work desk'),
      'the others see it',
    )
  })

  test('activity tells what happened', async () => {
    await show('Activity')
    await page.getByTestId('activity-row').first().waitFor()
  })

  test.each(['light', 'dark'] as const)('no serious accessibility violation in any view (%s)', async (theme) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
    await page.locator(`html[data-theme="${theme}"]`).waitFor({ state: 'attached' })
    for (const view of views) {
      await show(view)
      await page.getByTestId(`view-${view.toLowerCase()}`).waitFor()
      const { violations } = await new AxeBuilder({ page }).analyze()
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
      expect(serious.map(({ id, nodes }) => `${view}: ${id} ${nodes[0]?.html ?? ''} ${nodes[0]?.any[0]?.message ?? ''}`)).toEqual([])
    }
  })

  test('where motion is reduced, a new theme is there at once', async () => {
    await show('Files')
    const fading = await page.evaluate(() => {
      const { dataset } = document.documentElement
      const before = dataset['theme']
      const ground = getComputedStyle(document.body).backgroundColor
      dataset['theme'] = before === 'dark' ? 'light' : 'dark'
      const changed = getComputedStyle(document.body).backgroundColor !== ground
      const transitions = document.getAnimations().filter((animation) => animation instanceof CSSTransition).length
      dataset['theme'] = before
      return { changed, transitions }
    })
    expect(fading).toEqual({ changed: true, transitions: 0 })
  })

  test('nothing was refused by the policy and nothing threw', () => {
    // the declined store's status, which the browser reports by itself
    expect(consoleErrors.filter((text) => !text.includes('409 (Conflict)'))).toEqual([])
  })

  test('without the token there is no window', async () => {
    const address = new URL(String(desk.ready['web']))
    expect((await fetch(address.origin)).status).toBe(401)
    expect((await fetch(`${address.origin}/?token=wrong`)).status).toBe(401)
  })
})
