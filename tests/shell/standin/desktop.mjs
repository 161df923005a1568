// @ts-check
/**
 * The rest of the desktop: it records what it was asked and answers like a person who cancels; a test puts its own answer in
 * place, as it does with Electron.
 */

import { EventEmitter } from 'node:events'
import { standin } from './recorder.mjs'

/** Windows are left out of what is recorded: they cannot be sent to a test. @param {unknown[]} args */
const plain = (args) => args.filter((arg) => !(arg instanceof EventEmitter))

/** @type {<T>(what: string, answer: T) => (...args: unknown[]) => Promise<T>} */
const asked =
  (what, answer) =>
  (...args) => {
    standin.log(what, ...plain(args))
    return Promise.resolve(answer)
  }

export const dialog = {
  showOpenDialog: asked('dialog.showOpenDialog', { canceled: true, filePaths: [] }),
  showSaveDialog: asked('dialog.showSaveDialog', { canceled: true, filePath: '' }),
  showMessageBox: asked('dialog.showMessageBox', { response: 0, checkboxChecked: false }),
  /** @type {(title: string, text: string) => void} */
  showErrorBox: (title, text) => standin.log('dialog.showErrorBox', title, text),
}

export const shell = {
  openExternal: asked('shell.openExternal', undefined),
  openPath: asked('shell.openPath', ''),
  trashItem: asked('shell.trashItem', undefined),
  /** @param {string} path */
  showItemInFolder: (path) => standin.log('shell.showItemInFolder', path),
  beep() {},
}

export class Notification extends EventEmitter {
  static isSupported() {
    return true
  }
  /** @param {{ title?: string, body?: string }} options */
  constructor(options = {}) {
    super()
    this.title = options.title ?? ''
    this.body = options.body ?? ''
  }
  show() {
    standin.log('Notification.show', { title: this.title, body: this.body })
    this.emit('show')
  }
  close() {
    this.emit('close')
  }
}

/** @typedef {import('electron').MenuItemConstructorOptions} ItemOptions */

export class MenuItem {
  /** @param {ItemOptions} options */
  constructor(options) {
    this.id = options.id
    this.label = options.label ?? options.role ?? ''
    this.role = options.role
    this.accelerator = options.accelerator
    this.enabled = options.enabled ?? true
    this.visible = options.visible ?? true
    this.checked = options.checked ?? false
    this.type = options.type ?? (options.submenu ? 'submenu' : 'normal')
    this.submenu = Array.isArray(options.submenu) ? Menu.buildFromTemplate(options.submenu) : undefined
    this.click = () => /** @type {any} */ (options.click)?.(this, undefined, {})
  }
}

export class Menu extends EventEmitter {
  /** @type {Menu | null} */
  static current = null
  /** @type {MenuItem[]} */
  items = []

  /** @param {(ItemOptions | MenuItem)[]} template */
  static buildFromTemplate(template) {
    const menu = new Menu()
    for (const item of template) menu.append(item instanceof MenuItem ? item : new MenuItem(item))
    return menu
  }
  /** @param {Menu | null} menu */
  static setApplicationMenu(menu) {
    Menu.current = menu
  }
  static getApplicationMenu() {
    return Menu.current
  }
  /** @param {MenuItem} item */
  append(item) {
    this.items.push(item)
  }
  popup() {
    standin.log(
      'Menu.popup',
      this.items.map((item) => item.label),
    )
  }
  /** @type {(id: string) => MenuItem | null} */
  getMenuItemById(id) {
    for (const item of this.items) {
      const found = item.id === id ? item : item.submenu?.getMenuItemById(id)
      if (found) return found
    }
    return null
  }
}

export class Tray extends EventEmitter {
  toolTip = ''
  /** @type {Menu | null} */
  menu = null
  destroyed = false

  constructor() {
    super()
    standin.tray = this
  }
  /** @param {string} text */
  setToolTip(text) {
    this.toolTip = text
  }
  /** @param {Menu | null} menu */
  setContextMenu(menu) {
    this.menu = menu
  }
  setImage() {}
  setTitle() {}
  destroy() {
    this.destroyed = true
  }
  isDestroyed() {
    return this.destroyed
  }
}

const image = {
  isEmpty: () => true,
  toPNG: () => Buffer.alloc(0),
  setTemplateImage() {},
  /** @type {() => unknown} */
  resize: () => image,
  getSize: () => ({ width: 0, height: 0 }),
}
export const nativeImage = {
  createEmpty: () => image,
  createFromPath: () => image,
  createFromDataURL: () => image,
  createFromBuffer: () => image,
}

class Session extends EventEmitter {
  /** @type {((contents: unknown, permission: string, answer: (granted: boolean) => void, details: unknown) => void) | undefined} */
  permission
  /** @param {Session['permission']} handler */
  setPermissionRequestHandler(handler) {
    this.permission = handler
  }
  setPermissionCheckHandler() {}
  setDevicePermissionHandler() {}
  setSpellCheckerEnabled() {}
}
const defaultSession = new Session()
export const session = { defaultSession, fromPartition: () => new Session() }

export const nativeTheme = Object.assign(new EventEmitter(), { shouldUseDarkColors: true, themeSource: 'system' })

const display = { workArea: { x: 0, y: 0, width: 1920, height: 1080 }, workAreaSize: { width: 1920, height: 1080 }, scaleFactor: 1 }
export const screen = Object.assign(new EventEmitter(), {
  getPrimaryDisplay: () => display,
  getAllDisplays: () => [display],
  getDisplayMatching: () => display,
})

export const powerMonitor = new EventEmitter()

let clipboardText = ''
export const clipboard = {
  /** @param {string} text */
  writeText(text) {
    clipboardText = text
  },
  readText: () => clipboardText,
}
