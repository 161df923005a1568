/** Start at login: Electron's own setting on macOS and Windows, a file in the autostart folder elsewhere. */

import { app } from 'electron'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { autostartEntry } from './autostart-entry.ts'

let applied: boolean | null = null

/** Makes the system's setting agree with ours. Only a packaged app registers itself: a checkout is not there at the next login. */
export async function applyStartAtLogin(wanted: boolean): Promise<void> {
  if (!app.isPackaged || applied === wanted) return
  applied = wanted
  if (process.platform !== 'linux') {
    if (app.getLoginItemSettings().openAtLogin !== wanted) app.setLoginItemSettings({ openAtLogin: wanted, args: ['--hidden'] })
    return
  }
  const file = join(app.getPath('appData'), 'autostart', 'ringdrop.desktop')
  if (!wanted) return rm(file, { force: true })
  await mkdir(dirname(file), { recursive: true })
  // An AppImage runs from a mount that is gone tomorrow; its own path is in the environment.
  await writeFile(file, autostartEntry(process.env['APPIMAGE'] ?? process.execPath))
}
