/** The first moments of the app: flags, folders, the lock, and what must be said before Electron is ready. */

import { app, protocol } from 'electron'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { defaultDataFolder } from '../headless/data-folder.ts'
import { parseDeepLink } from './deep-links.ts'
import { Desktop, type DesktopParts } from './desktop.ts'
import { parseFlags } from './flags.ts'
import { becomeOnlyInstance } from './single-instance.ts'
import { windowScheme } from './window-protocol.ts'
import { openWindowState } from './window-state.ts'

/** Starts the app, or ends it when another one has the data folder. */
export function runDesktop(parts: DesktopParts): void {
  const parsed = parseFlags(process.argv.slice(1))
  if (!parsed.ok) {
    process.stderr.write(`ringdrop: ${parsed.reason}\n`)
    app.exit(2)
    return
  }
  const { flags } = parsed
  // Beside the peer's data, which is local and not roaming; and before the lock is asked for, which Electron keeps there: so
  // one app runs per data folder. Synchronous, since nothing else runs yet.
  const userData = join(flags.dataFolder ?? defaultDataFolder(), 'desktop')
  mkdirSync(userData, { recursive: true, mode: 0o700 })
  app.setPath('userData', userData)
  protocol.registerSchemesAsPrivileged([
    { scheme: windowScheme, privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true } },
  ])
  let desktop: Desktop | null = null
  // A link may arrive before the app is ready (macOS opens the app with it).
  let pendingLink = flags.link
  const openLink = (link: string | null): void => {
    if (desktop) desktop.open(link)
    else pendingLink = link ?? pendingLink
  }
  if (!becomeOnlyInstance({ link: flags.link }, (second) => openLink(second.link))) {
    app.exit(0)
    return
  }
  app.on('open-url', (event, address) => {
    event.preventDefault()
    openLink(parseDeepLink(address))
  })
  app.setAppUserModelId('app.ringdrop.desktop')
  void app.whenReady().then(async () => {
    const state = await openWindowState(join(app.getPath('userData'), 'window.json'))
    desktop = new Desktop(parts, flags, state)
    await desktop.run(pendingLink)
  })
}
