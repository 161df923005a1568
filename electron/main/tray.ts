/** The tray: how safe the files are at a glance, and the few things one does without the window. */

import { Menu, nativeImage, Tray } from 'electron'
import { join } from 'node:path'
import type { SafetyView } from '../../shared/views.ts'
import { safetyText } from './safety-text.ts'

export interface TrayPort {
  open(): void
  addFiles(): void
  quit(): void
}

export interface AppTray {
  update(safety: SafetyView): void
  destroy(): void
}

/** `resources`: folder of the icons. macOS takes a template image, which it tints by itself. */
export function createTray(port: TrayPort, resources: string): AppTray {
  const isMac = process.platform === 'darwin'
  const image = nativeImage.createFromPath(join(resources, isMac ? 'trayTemplate.png' : 'tray.png'))
  if (isMac) image.setTemplateImage(true)
  const tray = new Tray(image)
  let shown = ''
  const show = (status: string): void => {
    // Linux redraws the whole menu on each call, and the news come four times a second.
    if (status === shown) return
    shown = status
    tray.setToolTip(`Ringdrop: ${status}`)
    tray.setContextMenu(
      Menu.buildFromTemplate([
        { id: 'tray-status', label: status, enabled: false },
        { type: 'separator' },
        { id: 'tray-open', label: 'Open Ringdrop', click: () => port.open() },
        { id: 'tray-add', label: 'Add files…', click: () => port.addFiles() },
        { type: 'separator' },
        { id: 'tray-quit', label: 'Quit', click: () => port.quit() },
      ]),
    )
  }
  show('Starting')
  tray.on('click', () => port.open())
  return { update: (safety) => show(safetyText(safety)), destroy: () => tray.destroy() }
}
