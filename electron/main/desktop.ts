/**
 * The desktop app: makes the peer, the window, the tray and the menu, and lets them hear of each other. Everything that
 * decides anything lives in a file of its own beside this one; here is only who calls whom, and in which order.
 */

import { app, BrowserWindow, dialog, ipcMain, Menu, Notification, powerMonitor, protocol, shell } from 'electron'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { MenuAction, News } from '../../shared/contract.ts'
import { toPlainError } from '../../shared/errors.ts'
import type { PeerApi } from '../peer/peer-api.ts'
import type { PeerOptions } from '../peer/peer-options.ts'
import { defaultDataFolder } from './data-folder.ts'
import { deepLinkScheme, joinAnswer, joinQuestion, parseDeepLink } from './deep-links.ts'
import { createFileDialogs } from './file-dialogs.ts'
import { parseFlags, type DesktopFlags } from './flags.ts'
import { registerIpc, sendNews } from './ipc.ts'
import { applyStartAtLogin } from './login-item.ts'
import { menuTemplate } from './menu.ts'
import { createNotifier, type NotificationText } from './notifications.ts'
import { createPeerHost, type PeerHost, type StartPeer } from './peer-host.ts'
import { createQuit, type Quit } from './quit.ts'
import { becomeOnlyInstance } from './single-instance.ts'
import { describeStartError } from './start-errors.ts'
import { createTray, type AppTray } from './tray.ts'
import { createWindowProtocol, windowScheme } from './window-protocol.ts'
import { openWindowState, type WindowStateStore } from './window-state.ts'
import { bringForward, lockDown, openWindow } from './window.ts'

const here = import.meta.dirname
const resources = join(here, '../../resources')

/** Starts the app, or ends it when another one has the data folder. `start` makes the peer. */
export function runDesktop(start: StartPeer): void {
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
    desktop = new Desktop(start, flags, state)
    await desktop.run(pendingLink)
  })
}

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

class Desktop {
  private readonly flags: DesktopFlags
  private readonly state: WindowStateStore
  private readonly options: PeerOptions
  private readonly developmentServer = developmentOrigin()
  private readonly host: PeerHost
  private readonly quit: Quit
  private readonly newsListeners: ((news: News) => void)[] = []
  private window: BrowserWindow | null = null
  private tray: AppTray | null = null

  constructor(start: StartPeer, flags: DesktopFlags, state: WindowStateStore) {
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
      start,
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
      this.listenToPeer(await this.host.started)
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
    return openWindow({
      preload: join(here, '../preload/index.cjs'),
      icon: join(resources, 'icon.png'),
      state: this.state,
      developmentServer: this.developmentServer,
      show,
      mayClose: () => this.quit.isQuitting,
      onHidden: () => void this.explainClosing(),
    })
  }

  private makeMenu(): void {
    const port = {
      act: (action: MenuAction) => this.act(action),
      about: () => void this.showAbout(),
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
    this.window?.on('session-end', () => this.quit.now())
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => this.quit.request())
  }

  private async explainClosing(): Promise<void> {
    if (this.state.get().closingExplained) return
    this.state.update({ closingExplained: true })
    const { response } = await dialog.showMessageBox({
      type: 'info',
      title: 'Ringdrop keeps running',
      message: 'Ringdrop keeps running without its window',
      detail: 'So your files stay safe and in reach of your other machines. Open it again, or quit, from its icon in the tray.',
      buttons: ['Keep running', 'Quit Ringdrop'],
      defaultId: 0,
      cancelId: 0,
    })
    if (response === 1) this.quit.request()
  }

  private async askToJoin(link: string): Promise<void> {
    const peer = await this.host.started
    const question = joinQuestion(peer.files().length)
    const options = {
      type: 'question' as const,
      message: question.message,
      detail: question.detail,
      buttons: [...question.buttons],
      defaultId: question.cancelId,
      cancelId: question.cancelId,
    }
    const { response } = this.window ? await dialog.showMessageBox(this.window, options) : await dialog.showMessageBox(options)
    const answer = joinAnswer(question, response)
    if (answer === 'cancel') return
    const outcome = await this.host.run('joinRing', { link, bringFiles: answer === 'bring-files' })
    if (outcome.ok) return
    this.hear({ kind: 'notice', notice: { tone: 'bad', text: outcome.error.message, error: outcome.error, actions: [], transferId: null } })
  }

  private async showAbout(): Promise<void> {
    await dialog.showMessageBox({
      type: 'none',
      title: app.getName(),
      message: `${app.getName()} ${app.getVersion()}`,
      detail: 'Keeps your files on the machines you own.',
      buttons: ['OK'],
    })
  }

  private async failStart(thrown: unknown): Promise<void> {
    const { title, text } = describeStartError(toPlainError(thrown), { dataFolder: this.options.dataFolder, port: this.flags.port })
    process.stderr.write(`${title}: ${text.replace(/\s+/g, ' ')}\n`)
    dialog.showErrorBox(title, text)
    await this.exit(1)
  }

  private async exit(code: number): Promise<void> {
    await this.state.flush()
    this.tray?.destroy()
    app.exit(code)
  }
}
