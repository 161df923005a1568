// @ts-check
/** A browser that can show the window as an app (`--app=`): Chrome, Chromium, Edge, or the one that Playwright keeps. */

import { existsSync, readdirSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

const linuxNames = [
  'google-chrome-stable',
  'google-chrome',
  'chromium',
  'chromium-browser',
  'microsoft-edge-stable',
  'microsoft-edge',
  'brave-browser',
]

const macPrograms = [
  'Google Chrome.app/Contents/MacOS/Google Chrome',
  'Chromium.app/Contents/MacOS/Chromium',
  'Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
]

const windowsPrograms = [
  'Google\\Chrome\\Application\\chrome.exe',
  'Chromium\\Application\\chrome.exe',
  'Microsoft\\Edge\\Application\\msedge.exe',
]

/** @param {string} file */
const isFile = (file) => {
  try {
    return statSync(file).isFile()
  } catch {
    return false
  }
}

/** @returns {string[]} */
function candidates() {
  if (process.platform === 'darwin') {
    return ['/Applications', join(homedir(), 'Applications')].flatMap((folder) => macPrograms.map((program) => join(folder, program)))
  }
  if (process.platform === 'win32') {
    const folders = [process.env['ProgramFiles'], process.env['ProgramFiles(x86)'], process.env['LOCALAPPDATA']]
    return folders.flatMap((folder) => (folder ? windowsPrograms.map((program) => join(folder, program)) : []))
  }
  const folders = (process.env.PATH ?? '').split(delimiter).concat('/usr/bin', '/usr/local/bin', '/snap/bin')
  return linuxNames.flatMap((name) => folders.filter(Boolean).map((folder) => join(folder, name)))
}

/** Playwright's own downloads, newest first. @returns {string[]} */
function playwrightCandidates() {
  const home = homedir()
  const caches = {
    darwin: join(home, 'Library/Caches/ms-playwright'),
    win32: join(process.env['LOCALAPPDATA'] ?? home, 'ms-playwright'),
  }
  const cache =
    process.env.PLAYWRIGHT_BROWSERS_PATH ??
    (process.platform === 'darwin' || process.platform === 'win32' ? caches[process.platform] : join(home, '.cache/ms-playwright'))
  if (!existsSync(cache)) return []
  const programs = [
    'chrome-linux/chrome',
    'chrome-linux64/chrome',
    'chrome-mac/Chromium.app/Contents/MacOS/Chromium',
    'chrome-win/chrome.exe',
    'chrome-win64/chrome.exe',
  ]
  const kept = readdirSync(cache).filter((name) => /^chromium-\d+$/.test(name))
  kept.sort((a, b) => Number(b.split('-')[1]) - Number(a.split('-')[1]))
  return kept.flatMap((name) => programs.map((program) => join(cache, name, program)))
}

/** Path of a browser's program, or null. `RINGDROP_BROWSER` names one by hand. @returns {string | null} */
export function findBrowser() {
  const named = process.env.RINGDROP_BROWSER
  if (named) return isFile(named) ? named : null
  return [...candidates(), ...playwrightCandidates()].find(isFile) ?? null
}
