#!/usr/bin/env node
// @ts-check
/** Draws the pixel icons from their drawings; run by hand when resources/*.svg change. macOS tints its tray icon by itself, so that one is black. */

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { findBrowser } from './find-browser.mjs'

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'resources')
/** @param {string} name */
const drawing = (name) => readFileSync(join(folder, name), 'utf8')
const black = drawing('tray.svg').replaceAll(/#[0-9a-f]{6}/g, '#000000')

/** @type {[string, string, number][]} */
const icons = [
  [drawing('icon.svg'), 'icon.png', 512],
  [drawing('tray.svg'), 'tray.png', 22],
  [drawing('tray.svg'), 'tray@2x.png', 44],
  [black, 'trayTemplate.png', 18],
  [black, 'trayTemplate@2x.png', 36],
]

const program = findBrowser()
if (program === null) throw new Error('Drawing the icons takes a Chrome or Chromium')
const browser = await chromium.launch({ executablePath: program, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] })
for (const [svg, file, size] of icons) {
  const page = await browser.newPage({ viewport: { width: size, height: size } })
  const sized = svg.replace(/ width="\d+" height="\d+"/, ` width="${String(size)}" height="${String(size)}" style="display:block"`)
  await page.setContent(`<body style="margin:0">${sized}</body>`)
  await page.screenshot({ path: join(folder, file), omitBackground: true })
  await page.close()
}
await browser.close()
