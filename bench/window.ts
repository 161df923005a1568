/**
 * How soon the window answers a person while much is going on: keys and clicks in a real browser over a machine that stores many small
 * files, and then a large one, which the other machine keeps. Event Timing tells how long each took until the next picture.
 *
 *     npm run bench:window [-- SMALL_FILES [MEGABYTES]]
 *
 * The browser draws without a graphics card here, and shares the processors with both machines.
 */

import { join } from 'node:path'
import type { Page } from 'playwright-core'
import type { Machine } from '../tests/cluster/processes.ts'
import { findOrInstallBrowser, launchBrowser } from '../tests/window/browser.ts'
import { quantile, say, sayBounds, sayTable } from './figures.ts'
import { argument, inFolder, nameKeptByOthers, Skipped, withRing, writeRandomFile, writeSmallFiles } from './tools.ts'

const smallFiles = argument(1, 10_000)
const sizeBytes = argument(2, 2_000) * 1e6
const smallBytes = 4096
const limitMs = 100
/** A person's pace. */
const pauseMs = 150
const atRestRounds = 5
/** Event Timing tells of nothing shorter. */
const shortestMs = 16

/** An event of an interaction: a key that writes has a press, too. */
interface Interaction {
  readonly id: number
  /** As keydown. */
  readonly event: string
  readonly durationMs: number
}

const rows = [['until the next picture, ms', 'interactions', 'median', 'p98', 'longest', 'was']]
const longest: number[] = []

/**
 * In the page: notes every interaction that took longer than the shortest one that is told. Not the end of a key: nothing here listens to
 * it, so nothing is drawn for it, and its "next picture" is whichever news comes next, a fifth of a second later in a page that rests.
 */
function observe(durationThreshold: number): void {
  const seen: Interaction[] = []
  Object.assign(globalThis, { seen })
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as (PerformanceEventTiming & { readonly interactionId: number })[])
      if (entry.interactionId > 0 && entry.name !== 'keyup')
        seen.push({ id: entry.interactionId, event: entry.name, durationMs: entry.duration })
  }).observe({ type: 'event', durationThreshold, buffered: true } as PerformanceObserverInit)
}

/** One round through the window: each view, a filter typed and cleared, rows walked and opened. Result: how many interactions. */
async function walk(page: Page): Promise<number> {
  const keys = ['Control+2', 'Control+3', 'Control+4', 'Control+5', 'Control+1', 'Control+f', '1', '2', 'Backspace', 'Backspace', 'Escape']
  for (const key of [...keys, 'ArrowDown', 'ArrowDown', 'ArrowUp']) {
    await page.keyboard.press(key)
    await page.waitForTimeout(pauseMs)
  }
  let clicks = 0
  const row = page.getByTestId('file-row').first()
  if (await row.isVisible()) {
    await row.click({ timeout: 5_000 }).then(
      () => clicks++,
      () => undefined,
    )
    await page.waitForTimeout(pauseMs)
  }
  return keys.length + 3 + clicks
}

/** Walks the window until `work` ends, `atRestRounds` times without any. */
async function look(page: Page, what: string, work: Promise<unknown> | null): Promise<void> {
  await page.evaluate('seen.length = 0')
  let isOver = false
  const ended = work?.finally(() => (isOver = true))
  let count = 0
  for (let round = 0; work ? !isOver : round < atRestRounds; round++) count += await walk(page)
  await ended
  const events = await page.evaluate<Interaction[]>('seen')
  // ascending: of the events of one interaction the longest stays
  const told = [...new Map(events.toSorted((a, b) => a.durationMs - b.durationMs).map((event) => [event.id, event])).values()]
  const untold = Array.from({ length: Math.max(0, count - told.length) }, () => shortestMs)
  const all = [...told.map(({ durationMs }) => durationMs), ...untold]
  const worst = told.toSorted((a, b) => b.durationMs - a.durationMs)[0]
  longest.push(worst?.durationMs ?? shortestMs)
  const cells = [quantile(all, 0.5), quantile(all, 0.98), longest.at(-1) ?? NaN].map((value) => value.toFixed(0))
  rows.push([what, String(count), ...cells, worst?.event ?? ''])
}

async function measure(folder: string, machines: readonly Machine[]): Promise<void> {
  const file = findOrInstallBrowser().file
  if (file === null) throw new Skipped('there is no browser')
  const [near] = machines
  if (!near) return
  const browser = await launchBrowser(file)
  try {
    const page = await browser.newPage({ viewport: { width: 1040, height: 680 } })
    await page.addInitScript(observe, shortestMs)
    await page.goto(String(near.ready['web']))
    await page.getByTestId('safety').waitFor()
    await look(page, 'nothing going on', null)
    const [small, large] = [join(folder, 'small'), join(folder, 'large')]
    await writeSmallFiles(small, smallFiles, smallBytes)
    await look(page, `storing ${smallFiles} files of ${smallBytes} bytes`, near.ask('store', small))
    await writeRandomFile(large, sizeBytes)
    const name = nameKeptByOthers(machines, 1, 'large')
    await look(page, `storing ${sizeBytes / 1e6} MB`, near.ask('store', '--as', name, large))
  } finally {
    await browser.close()
  }
}

await inFolder((folder) =>
  withRing(folder, { copies: 1, machines: [{ name: 'Near', args: ['--web', '127.0.0.1:0'] }, { name: 'Far' }] }, async (machines) => {
    await measure(folder, machines)
    sayTable(rows)
    say()
    sayBounds([{ what: 'longest interaction, ms', value: Math.max(...longest), most: limitMs }])
  }),
)
