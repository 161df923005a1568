/**
 * `npm run pictures`: the five views in both themes over a real ring of five machines (the demo), into docs/. Looked at by a
 * person before they are committed; nothing compares them.
 */

import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { LineProcess } from '../cluster/processes.ts'
import { findOrInstallBrowser, launchBrowser } from './browser.ts'

const views = ['files', 'ring', 'transfers', 'activity', 'settings'] as const
const folder = process.argv[2] ?? 'docs'

async function prepare(page: Page): Promise<void> {
  await page.getByTestId('safety').getByText('safe').waitFor()
  for (const name of ['Grünkohl.md', 'Log of the weather station.txt']) {
    await page.getByTestId('file-row').filter({ hasText: name }).click()
    await page.getByTestId('request').click()
  }
  await page.getByTestId('nav-transfers').click()
  await page.getByTestId('transfer').filter({ hasText: 'weather' }).getByText('Received').waitFor()
}

async function shoot(page: Page, theme: 'light' | 'dark'): Promise<void> {
  for (const [index, view] of views.entries()) {
    await page.keyboard.press(`Control+${index + 1}`)
    if (view === 'ring') {
      await page.getByTestId('ring-file').click()
      await page.keyboard.type('weather')
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('Enter')
      await page.getByTestId('ring-key').waitFor()
    }
    // what moves comes to rest
    await page.waitForTimeout(1_500)
    await page.screenshot({ path: join(folder, `window-${view}-${theme}.png`) })
  }
}

const browserFile = findOrInstallBrowser().file
if (browserFile === null) throw new Error('Pictures need a browser')
const demo = new LineProcess(['demo', '5'], { label: 'demo' })
const browser = await launchBrowser(browserFile)
try {
  const address = await demo.see(() => /http:\S+/.exec(demo.lines.join('\n'))?.[0], 'the window of the demo')
  const open = async (theme: 'light' | 'dark', work: (page: Page) => Promise<void>): Promise<void> => {
    const context = await browser.newContext({ viewport: { width: 1040, height: 680 }, colorScheme: theme })
    const page = await context.newPage()
    await page.goto(address)
    await work(page)
    await context.close()
  }
  await open('light', prepare)
  for (const theme of ['light', 'dark'] as const) {
    await open(theme, async (page) => {
      await page.getByTestId('file-row').filter({ hasText: 'weather' }).click()
      await shoot(page, theme)
    })
  }
} finally {
  await browser.close()
  demo.signal('SIGINT')
  await demo.exited
}
