/** The browser that window and shell tests run in: the one that is there, or Debian's where this may be installed. */

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'
import { findBrowser } from '../../scripts/find-browser.mjs'

export type FoundBrowser = { readonly file: string; readonly why: null } | { readonly file: null; readonly why: string }

/** Longest time for each step of an installation. */
const installLimitMs = 240_000

const apt = (...args: string[]): boolean => {
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return spawnSync('apt-get', args, { stdio: 'ignore', env: environment, timeout: installLimitMs }).status === 0
}

function tryInstall(): boolean {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get') || process.env['RINGDROP_NO_INSTALL'] === '1') return false
  process.stderr.write('*** No Chromium here: installing it with apt-get ***\n')
  const install = ['install', '-y', '--no-install-recommends', 'chromium']
  return apt(...install) || (apt('update') && apt(...install))
}

let found: FoundBrowser | undefined

/** Path of a browser, or why there is none; says so once. Synchronous, so that tests can decide while they are collected. */
export function findOrInstallBrowser(): FoundBrowser {
  if (found) return found
  const file = findBrowser() ?? (tryInstall() ? findBrowser() : null)
  found = file === null ? { file: null, why: 'no Chrome, Chromium or Edge is installed, and none could be' } : { file, why: null }
  if (found.why !== null) process.stderr.write(`\n*** TESTS IN A BROWSER SKIPPED: ${found.why} ***\n\n`)
  return found
}

/** Starts the browser in `file`, without a window or a graphics card; root needs it without its sandbox. */
export function launchBrowser(file: string, args: readonly string[] = []): Promise<Browser> {
  const rootArgs = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return chromium.launch({ executablePath: file, args: [...rootArgs, '--disable-gpu', ...args] })
}
