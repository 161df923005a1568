/** The application menu as a template: every entry has an id, and what concerns the window goes to it as news. */

import type { MenuItemConstructorOptions } from 'electron'
import type { MenuAction } from '../../shared/contract.ts'

export interface MenuPort {
  /** Shows the window and sends it the action. */
  act(action: MenuAction): void
  about(): void
  quit(): void
}

export interface MenuOptions {
  readonly platform: string
  readonly name: string
  /** Adds reload and developer tools. */
  readonly development: boolean
}

type Item = MenuItemConstructorOptions

const separator: Item = { type: 'separator' }
const views: readonly (readonly [MenuAction, string])[] = [
  ['files', 'Files'],
  ['ring', 'Ring'],
  ['transfers', 'Transfers'],
  ['activity', 'Activity'],
  ['settings', 'Settings'],
]

function fileMenu(port: MenuPort, isMac: boolean): Item {
  const quit: Item = { id: 'quit', label: 'Quit', accelerator: 'CmdOrCtrl+Q', click: () => port.quit() }
  return {
    id: 'file',
    label: isMac ? 'File' : '&File',
    submenu: [
      { id: 'add', label: 'Add files…', accelerator: 'CmdOrCtrl+O', click: () => port.act('add') },
      { id: 'invite', label: 'Invite a machine…', accelerator: 'CmdOrCtrl+I', click: () => port.act('invite') },
      separator,
      { id: 'close', role: 'close' },
      ...(isMac ? [] : [separator, quit]),
    ],
  }
}

function editMenu(port: MenuPort, isMac: boolean): Item {
  return {
    id: 'edit',
    label: isMac ? 'Edit' : '&Edit',
    submenu: [
      { id: 'undo', role: 'undo' },
      { id: 'redo', role: 'redo' },
      separator,
      { id: 'cut', role: 'cut' },
      { id: 'copy', role: 'copy' },
      { id: 'paste', role: 'paste' },
      { id: 'select-all', role: 'selectAll' },
      separator,
      { id: 'find', label: 'Find or request', accelerator: 'CmdOrCtrl+F', click: () => port.act('find') },
    ],
  }
}

function viewMenu(port: MenuPort, options: MenuOptions): Item {
  const developer: Item[] = [separator, { id: 'reload', role: 'reload' }, { id: 'developer-tools', role: 'toggleDevTools' }]
  return {
    id: 'view',
    label: options.platform === 'darwin' ? 'View' : '&View',
    submenu: [
      ...views.map(([action, label], index): Item => ({
        id: action,
        label,
        accelerator: `CmdOrCtrl+${String(index + 1)}`,
        click: () => port.act(action),
      })),
      separator,
      { id: 'zoom-reset', role: 'resetZoom' },
      { id: 'zoom-in', role: 'zoomIn' },
      { id: 'zoom-out', role: 'zoomOut' },
      separator,
      { id: 'full-screen', role: 'togglefullscreen' },
      ...(options.development ? developer : []),
    ],
  }
}

function macMenu(port: MenuPort, name: string): Item {
  return {
    id: 'application',
    label: name,
    submenu: [
      { id: 'about', label: `About ${name}`, click: () => port.about() },
      separator,
      { id: 'settings-mac', label: 'Settings…', accelerator: 'Cmd+,', click: () => port.act('settings') },
      separator,
      { id: 'services', role: 'services' },
      separator,
      { id: 'hide', role: 'hide' },
      { id: 'hide-others', role: 'hideOthers' },
      { id: 'show-all', role: 'unhide' },
      separator,
      // Not the role: every way to quit goes through the hand-over.
      { id: 'quit', label: `Quit ${name}`, accelerator: 'Cmd+Q', click: () => port.quit() },
    ],
  }
}

/** The whole menu of this platform. */
export function menuTemplate(port: MenuPort, options: MenuOptions): Item[] {
  const isMac = options.platform === 'darwin'
  const about: Item = { id: 'about', label: `About ${options.name}`, click: () => port.about() }
  const macWindow: Item = { id: 'window', role: 'windowMenu' }
  return [
    ...(isMac ? [macMenu(port, options.name)] : []),
    fileMenu(port, isMac),
    editMenu(port, isMac),
    viewMenu(port, options),
    ...(isMac ? [macWindow] : [{ id: 'help', label: '&Help', submenu: [about] }]),
  ]
}
