/**
 * The desktop app: makes the peer, the window, the tray and the menu, and lets them hear of each other. Everything that
 * decides anything lives in a file of its own beside this one; here is only who calls whom, and in which order.
 */

import { app, dialog, ipcMain, Menu, Notification, powerMonitor, protocol, shell, type BrowserWindow } from 'electron'
import { join } from 'node:path'
import type { MenuAction, News } from '../../shared/contract.ts'
import { toPlainError } from '../../shared/errors.ts'
import type { LeavingView } from '../../shared/views.ts'
import type { PeerApi } from '../peer/peer-api.ts'
import type { PeerOptions } from '../peer/peer-options.ts'
import { defaultDataFolder } from '../headless/data-folder.ts'
import { deepLinkScheme } from './deep-links.ts'
import { askToJoin, explainClosing, showAbout } from './dialogs.ts'
import { createFileDialogs } from './file-dialogs.ts'
import type { DesktopFlags } from './flags.ts'
import { registerIpc, sendNews } from './ipc.ts'
import { applyStartAtLogin } from './login-item.ts'
import { menuTemplate } from './menu.ts'
import { createNotifier, type NotificationText } from './notifications.ts'
import { createPeerHost, type PeerHost, type StartPeer } from './peer-host.ts'
import { createQuit, type Quit } from './quit.ts'
import { describeStartError } from './start-errors.ts'
import { createTray, type AppTray } from './tray.ts'
import { createWindowProtocol, windowScheme } from './window-protocol.ts'
import type { WindowStateStore } from './window-state.ts'
import { bringForward, lockDown, openWindow } from './window.ts'

/** What else is opened once the peer is there, and closed before the app ends: the command line's way to it. */
export type OpenService = (host: {
  readonly peer: PeerApi
  leave(options: { readonly forget: boolean; readonly onProgress: (leaving: LeavingView) => void }): Promise<void>
}) => Promise<{ close(): Promise<void> }>

/** What the app is made of; tests put a fake peer in place. */
export interface DesktopParts {
  readonly startPeer: StartPeer
  /** Null: none. */
  readonly openService: OpenService | null
}

const here = import.meta.dirname
const resources = join(here, '../../resources')

/** Longest wait for what the service is still answering. */
const serviceLimitMs = 1500
const after = (milliseconds: number): Promise<void> =>
  new Promise((done) => {
    setTimeout(done, milliseconds).unref()
  })

function peerOptions(flags: DesktopFlags): PeerOptions {
  return {
    dataFolder: flags.dataFolder ?? defaultDataFolder(),
    ...(flags.host === null ? {} : { host: flags.host }),
    ...(flags.port === null ? {} : { port: flags.port }),
    ...(flags.discovery === null ? {} : { discovery: flags.discovery }),
    log: 'file',
  }
}

/** Origin of electron-vite's dev server, or null. A packaged app listens to no environment variable about what to load. */
function developmentOrigin(): string | null {
  const address = process.env['ELECTRON_RENDERER_URL']
  return app.isPackaged || address === undefined ? null : new URL(address).origin
}

export class Desktop {
  private readonly parts: DesktopParts
  private readonly flags: DesktopFlags
  private readonly state: WindowStateStore
  private readonly options: PeerOptions
  private readonly developmentServer = developmentOrigin()
  private readonly host: PeerHost
  private readonly quit: Quit
  private readonly newsListeners: ((news: News) => void)[] = []
  private window: BrowserWindow | null = null
  private tray: AppTray | null = null
  private service: { close(): Promise<void> } | null = null

  constructor(parts: DesktopParts, flags: DesktopFlags, state: WindowStateStore) {
    this.parts = parts
    this.flags = flags
    this.state = state
    this.options = peerOptions(flags)
    this.quit = createQuit({
      leave: (onProgress, signal) => this.host.leave(onProgress, signal),
      stop: () => this.host.stop(),
      show: (leaving) => this.showLeaving({ kind: 'leaving', leaving }),
      exit: (code) => this.exit(code),
    })
    this.host = createPeerHost({
      start: parts.startPeer,
      peer: this.options,
      desktop: createFileDialogs(() => this.window),
      version: app.getVersion(),
      quit: () => this.quit.request(),
      onNews: (news) => this.hear(news),
    })
  }

  /** Opens everything; returns when the peer has started or its failure was shown. */
  async run(link: string | null): Promise<void> {
    lockDown(this.developmentServer)
    protocol.handle(windowScheme, createWindowProtocol(join(here, '../renderer')))
    registerIpc(ipcMain, {
      run: (name, argument) => this.host.run(name, argument),
      isOurWindow: (id) => this.window !== null && !this.window.isDestroyed() && this.window.webContents.id === id,
      developmentServer: this.developmentServer,
    })
    this.listenForTheEnd()
    this.makeMenu()
    this.window = this.makeWindow(!this.flags.hidden)
    this.tray = createTray({ open: () => this.open(null), addFiles: () => this.act('add'), quit: () => this.quit.request() }, resources)
    if (app.isPackaged) app.setAsDefaultProtocolClient(deepLinkScheme)
    try {
      const peer = await this.host.started
      this.listenToPeer(peer)
      await this.openService(peer)
    } catch (thrown) {
      await this.failStart(thrown)
      return
    }
    if (link !== null) this.open(link)
  }

  /** Shows the window, and asks about an invite link when there is one. */
  open(link: string | null): void {
    if (!this.window || this.window.isDestroyed()) this.window = this.makeWindow(true)
    else bringForward(this.window)
    if (link !== null) void this.askToJoin(link)
  }

  private makeWindow(show: boolean): BrowserWindow {
    const window = openWindow({
      preload: join(here, '../preload/index.cjs'),
      icon: join(resources, 'icon.png'),
      state: this.state,
      developmentServer: this.developmentServer,
      show,
      mayClose: () => this.quit.isQuitting,
      onHidden: () => void this.explainClosing(),
    })
    // Windows is logging out and waits a few seconds at most.
    window.on('session-end', () => this.quit.now())
    return window
  }

  private makeMenu(): void {
    const port = {
      act: (action: MenuAction) => this.act(action),
      about: () => void showAbout(),
      quit: () => this.quit.request(),
    }
    const options = { platform: process.platform, name: app.getName(), development: !app.isPackaged }
    Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(port, options)))
  }

  private act(action: MenuAction): void {
    this.open(null)
    this.hear({ kind: 'menu', action })
  }

  private listenToPeer(peer: PeerApi): void {
    let settings = peer.settings()
    void applyStartAtLogin(settings.startAtLogin).catch(() => undefined)
    this.tray?.update(peer.safety())
    const notify = createNotifier(
      {
        wanted: () => settings.notifications && Notification.isSupported(),
        watching: () => this.window?.isFocused() === true && this.window.isVisible(),
        show: (text) => this.notify(text),
      },
      peer.transfers(),
    )
    this.newsListeners.push(notify, (news) => {
      if (news.kind === 'safety') this.tray?.update(news.safety)
      if (news.kind !== 'settings') return
      settings = news.settings
      void applyStartAtLogin(settings.startAtLogin).catch(() => undefined)
    })
  }

  private async openService(peer: PeerApi): Promise<void> {
    const leave = async (options: { readonly forget: boolean; readonly onProgress: (leaving: LeavingView) => void }): Promise<void> => {
      await peer.leave(options)
      // The answer to who asked goes out first: closing the service waits for it.
      setImmediate(() => this.quit.now())
    }
    try {
      this.service = (await this.parts.openService?.({ peer, leave })) ?? null
    } catch (thrown) {
      // The window works without it, and so does the ring.
      process.stderr.write(`ringdrop: the command line cannot reach this app: ${toPlainError(thrown).message}\n`)
    }
  }

  private hear(news: News): void {
    if (this.window) sendNews([this.window], news)
    for (const listener of this.newsListeners) listener(news)
  }

  private notify(text: NotificationText): void {
    const { path } = text
    const notification = new Notification({ title: text.title, body: text.body, icon: join(resources, 'icon.png') })
    notification.on('click', () => {
      if (path === null) this.open(null)
      else shell.showItemInFolder(path)
    })
    notification.show()
  }

  private showLeaving(news: News): void {
    // A person who quit wants to see why the app is still there; a hand-over of nothing needs no window.
    if (news.kind === 'leaving' && news.leaving.filesLeft > 0 && this.window && !this.window.isVisible()) this.window.show()
    this.hear(news)
  }

  private listenForTheEnd(): void {
    app.on('before-quit', (event) => {
      event.preventDefault()
      this.quit.request()
    })
    // Hidden or closed, the window is not the app.
    app.on('window-all-closed', () => undefined)
    app.on('activate', () => this.open(null))
    powerMonitor.on('shutdown', () => this.quit.now())
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => this.quit.request())
  }

  private async explainClosing(): Promise<void> {
    if (this.state.get().closingExplained) return
    this.state.update({ closingExplained: true })
    if ((await explainClosing()) === 'quit') this.quit.request()
  }

  private async askToJoin(link: string): Promise<void> {
    const peer = await this.host.started
    const answer = await askToJoin(this.window, peer.safety().files)
    if (answer === 'cancel') return
    const outcome = await this.host.run('joinRing', { link, bringFiles: answer === 'bring-files' })
    if (outcome.ok) return
    this.hear({ kind: 'notice', notice: { tone: 'bad', text: outcome.error.message, error: outcome.error, actions: [], transferId: null } })
  }

  private async failStart(thrown: unknown): Promise<void> {
    const { title, text } = describeStartError(toPlainError(thrown), { dataFolder: this.options.dataFolder, port: this.flags.port })
    process.stderr.write(`${title}: ${text.replace(/\s+/g, ' ')}\n`)
    dialog.showErrorBox(title, text)
    await this.exit(1)
  }

  private async exit(code: number): Promise<void> {
    await Promise.race([this.service?.close(), after(serviceLimitMs)]).catch(() => undefined)
    await this.state.flush()
    this.tray?.destroy()
    app.exit(code)
  }
}
