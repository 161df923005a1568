// @ts-check
/** `BrowserWindow`: its state is kept here, its page is a page of the Chromium. */

import { EventEmitter } from 'node:events'
import { app, openWindows } from './app.mjs'
import { protocol, toWeb } from './protocol.mjs'
import { preventable, standin } from './recorder.mjs'
import { announce, WebContents } from './web-contents.mjs'

/** @typedef {import('electron').BrowserWindowConstructorOptions} Options */

let lastId = 0

export class BrowserWindow extends EventEmitter {
  static getAllWindows() {
    return /** @type {BrowserWindow[]} */ (/** @type {unknown} */ ([...openWindows.values()]))
  }
  static getFocusedWindow() {
    return BrowserWindow.getAllWindows().at(-1) ?? null
  }
  /** @param {number} id */
  static fromId(id) {
    return BrowserWindow.getAllWindows().find((window) => window.id === id) ?? null
  }
  /** @param {WebContents} contents */
  static fromWebContents(contents) {
    return contents.window
  }

  minimized = false
  maximized = false
  focused = true
  shown = false

  /** @param {Options} options */
  constructor(options = {}) {
    super()
    if (!app.isReady()) throw new Error('Cannot create BrowserWindow before app is ready')
    const preferences = options.webPreferences ?? {}
    if (preferences.nodeIntegration || preferences.contextIsolation === false || preferences.sandbox === false) {
      throw new Error('[standin] only a sandboxed window with context isolation and without Node is emulated')
    }
    this.id = ++lastId
    this.options = options
    this.visible = options.show !== false
    this.title = options.title ?? ''
    const { x = 0, y = 0, width = 800, height = 600 } = options
    this.bounds = { x, y, width, height }
    this.webContents = new WebContents(this)
    openWindows.set(this.id, this)
    announce(this.webContents)
    this.started = this.webContents.start()
    this.started.catch((error) => {
      console.error('[standin]', error)
      process.exitCode = 1
    })
    app.emit('browser-window-created', {}, this)
  }

  /** @param {string} address */
  async loadURL(address) {
    await this.started
    await protocol.routed
    this.webContents.driving = true
    try {
      await this.webContents.page?.goto(toWeb(address))
    } finally {
      this.webContents.driving = false
    }
  }
  loaded() {
    if (this.shown) return
    this.shown = true
    this.emit('ready-to-show', {})
  }

  show() {
    this.visible = true
    this.emit('show')
  }
  hide() {
    this.visible = false
    this.emit('hide')
  }
  isVisible() {
    return this.visible
  }
  focus() {
    this.focused = true
    this.emit('focus')
  }
  blur() {
    this.focused = false
    this.emit('blur')
  }
  isFocused() {
    return this.focused
  }
  minimize() {
    this.minimized = true
    this.emit('minimize')
  }
  restore() {
    this.minimized = false
    this.emit('restore')
  }
  isMinimized() {
    return this.minimized
  }
  maximize() {
    this.maximized = true
    this.emit('maximize')
  }
  unmaximize() {
    this.maximized = false
    this.emit('unmaximize')
  }
  isMaximized() {
    return this.maximized
  }
  isFullScreen() {
    return false
  }
  getBounds() {
    return { ...this.bounds }
  }
  getNormalBounds() {
    return { ...this.bounds }
  }
  /** @param {Partial<BrowserWindow['bounds']>} bounds */
  setBounds(bounds) {
    this.bounds = { ...this.bounds, ...bounds }
    this.emit('move')
    this.emit('resize')
  }
  /** @param {string} title */
  setTitle(title) {
    this.title = title
  }
  getTitle() {
    return this.title
  }
  /** @param {number} value */
  setProgressBar(value) {
    standin.log('window.setProgressBar', value)
  }
  setMenuBarVisibility() {}
  setBackgroundColor() {}

  isDestroyed() {
    return !openWindows.has(this.id)
  }
  async close() {
    const event = preventable()
    this.emit('close', event)
    if (event.defaultPrevented) return false
    await this.started
    await this.webContents.page?.close({ runBeforeUnload: false })
    this.gone()
    return true
  }
  destroy() {
    void this.started.then(() => this.webContents.page?.close())
  }
  gone() {
    if (!openWindows.delete(this.id)) return
    this.webContents.closed = true
    this.emit('closed')
    if (openWindows.size === 0 && !app.isQuitting() && !app.emit('window-all-closed')) void app.quit()
  }
}
