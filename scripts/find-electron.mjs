// @ts-check
/**
 * Is there an Electron to run, and a display to show it on? Never downloads by itself, and never imports the `electron` package:
 * its entry would download on load.
 */

import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** Path of the program inside Electron's dist folder. @param {NodeJS.Platform} platform */
function programOf(platform) {
  if (platform === 'win32') return 'electron.exe'
  return platform === 'darwin' ? 'Electron.app/Contents/MacOS/Electron' : 'electron'
}

/** Whether this session can show windows. @returns {boolean} */
export function hasDisplay() {
  if (process.platform === 'darwin' || process.platform === 'win32') return true
  return Boolean(process.env.DISPLAY) || Boolean(process.env.WAYLAND_DISPLAY)
}

/** Path of the installer of the electron package, or null when the package is not installed. @returns {string | null} */
export function electronInstaller() {
  try {
    return createRequire(import.meta.url).resolve('electron/install.js')
  } catch {
    return null
  }
}

/** @returns {{ file: string, why: null } | { file: null, why: string }} the program, or why there is none */
export function findElectron() {
  if (process.env.ELECTRON_EXEC_PATH && existsSync(process.env.ELECTRON_EXEC_PATH))
    return { file: process.env.ELECTRON_EXEC_PATH, why: null }
  const installer = electronInstaller()
  if (installer === null) return { file: null, why: 'the electron package is not installed' }
  const folder = dirname(installer)
  const named = join(folder, 'path.txt')
  const program = existsSync(named) ? readFileSync(named, 'utf8').trim() : programOf(process.platform)
  const file = join(process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(folder, 'dist'), program)
  return existsSync(file) ? { file, why: null } : { file: null, why: 'its program has not been downloaded' }
}
