// @ts-check
/** The one Chromium that all windows are pages of; started when the first window needs it. */

import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { chromiumPath, headed, scratch } from './settings.mjs'

/** @typedef {import('playwright-core').BrowserContext} BrowserContext */

/** @type {Promise<BrowserContext> | undefined} */
let starting

const args = [
  '--no-sandbox',
  '--no-first-run',
  '--disable-quic',
  '--disable-sync',
  '--disable-background-networking',
  '--disable-component-update',
  '--allow-file-access-from-files',
  '--remote-debugging-port=0',
]

export const profile = join(scratch, 'chromium')

export function launchBrowser() {
  // Signals are the app's own business: it hands over first.
  const signals = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false }
  const where = chromiumPath === undefined ? {} : { executablePath: chromiumPath }
  starting ??= chromium.launchPersistentContext(profile, { ...where, ...signals, headless: !headed, viewport: null, args })
  return starting
}

export async function closeBrowser() {
  const context = await starting?.catch(() => undefined)
  await context?.close().catch(() => undefined)
}
