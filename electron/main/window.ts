/**
 * The window: sandboxed, isolated, without Node, on its own scheme; it goes nowhere else, opens nothing, asks for no
 * permission. Closing it hides it: the ring needs the machine, not the window.
 */

import { app, BrowserWindow, nativeTheme, screen, session, type Session, type WebContents } from 'electron'
import { isWindowAddress, windowAddress } from './window-protocol.ts'
import { fitBounds, windowSize, type WindowStateStore } from './window-state.ts'

export interface WindowOptions {
  readonly preload: string
  readonly icon: string
  readonly state: WindowStateStore
  /** Origin of the dev server, or null. */
  readonly developmentServer: string | null
  readonly show: boolean
  /** Asked before the window closes; false keeps it open and hidden. */
  readonly mayClose: () => boolean
  /** Called when closing hid the window. */
  readonly onHidden: () => void
}

/** Colours behind the page until it has drawn, so that opening does not flash. */
const background = { dark: '#12151b', light: '#fafafa' } as const

/** Opens the window and loads the page. */
export function openWindow(options: WindowOptions): BrowserWindow {
  const kept = options.state.get()
  const bounds = fitBounds(
    kept.bounds,
    screen.getAllDisplays().map((display) => display.workArea),
  )
  const window = new BrowserWindow({
    ...(bounds ?? { width: windowSize.width, height: windowSize.height }),
    minWidth: windowSize.minWidth,
    minHeight: windowSize.minHeight,
    show: false,
    title: 'Ringdrop',
    icon: options.icon,
    backgroundColor: nativeTheme.shouldUseDarkColors ? background.dark : background.light,
    webPreferences: {
      preload: options.preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
      spellcheck: false,
      navigateOnDragDrop: false,
    },
  })
  if (kept.maximized && options.show) window.maximize()
  window.once('ready-to-show', () => {
    if (options.show) window.show()
  })
  keepState(window, options.state)
  window.on('close', (event) => {
    if (options.mayClose()) return
    event.preventDefault()
    window.hide()
    options.onHidden()
  })
  // A failed load shows in the log of the page; the app itself goes on, the tray still works.
  window.loadURL(options.developmentServer ?? windowAddress).catch(() => undefined)
  return window
}

function keepState(window: BrowserWindow, state: WindowStateStore): void {
  const keep = (): void => {
    if (!window.isDestroyed() && !window.isMinimized()) state.update({ bounds: window.getNormalBounds(), maximized: window.isMaximized() })
  }
  window.on('resize', keep)
  window.on('move', keep)
  window.on('maximize', keep)
  window.on('unmaximize', keep)
}

/** Shows a window that may be hidden, minimised or behind others. */
export function bringForward(window: BrowserWindow): void {
  if (window.isDestroyed()) return
  if (window.isMinimized()) window.restore()
  window.show()
  window.focus()
}

/** Applies to every page of the app, whoever made it. Call before the first window. */
export function lockDown(developmentServer: string | null): void {
  app.on('web-contents-created', (_event, contents) => {
    lockContents(contents, developmentServer)
  })
  denyPermissions(session.defaultSession, developmentServer)
}

function lockContents(contents: WebContents, developmentServer: string | null): void {
  // No link of the window leads out of it; should one ever, its address goes on a list here and opens in the browser.
  contents.setWindowOpenHandler(() => ({ action: 'deny' }))
  contents.on('will-navigate', (event) => {
    if (!isWindowAddress(event.url, developmentServer)) event.preventDefault()
  })
  contents.on('will-redirect', (event) => {
    if (!isWindowAddress(event.url, developmentServer)) event.preventDefault()
  })
  contents.on('will-attach-webview', (event) => {
    event.preventDefault()
  })
}

/** Copying an invite link is a write of text after a click: the one permission that the window has. */
const allowedPermission = 'clipboard-sanitized-write'

function denyPermissions(target: Session, developmentServer: string | null): void {
  target.setPermissionRequestHandler((contents, permission, answer) => {
    answer(permission === allowedPermission && isWindowAddress(contents.getURL(), developmentServer))
  })
  target.setPermissionCheckHandler((_contents, permission, origin) => {
    return (permission as string) === allowedPermission && isWindowAddress(origin, developmentServer)
  })
  target.setDevicePermissionHandler(() => false)
}
