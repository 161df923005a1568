/** The system's file dialogs and file manager, as the contract's desktop port. */

import { app, dialog, shell, type BrowserWindow, type OpenDialogOptions } from 'electron'
import { isAbsolute, join } from 'node:path'
import sanitize from 'sanitize-filename'
import type { DesktopPort } from '../peer/command-host.ts'

/** `window`: the one that dialogs belong to, or null when there is none. */
export function createFileDialogs(window: () => BrowserWindow | null): DesktopPort {
  const open = async (options: OpenDialogOptions): Promise<string[] | null> => {
    const parent = window()
    const picked = parent ? await dialog.showOpenDialog(parent, options) : await dialog.showOpenDialog(options)
    return picked.canceled || picked.filePaths.length === 0 ? null : picked.filePaths
  }
  return {
    // Windows and Linux have no dialog for files and folders at once; folders are dropped, or go to the shared folder.
    pickFiles: () =>
      open({
        title: 'Add files to the ring',
        buttonLabel: 'Add',
        properties: process.platform === 'darwin' ? ['openFile', 'openDirectory', 'multiSelections'] : ['openFile', 'multiSelections'],
      }),
    pickSavePath: async (name) => {
      const base = sanitize(name.split('/').at(-1) ?? '', { replacement: '_' }) || 'file'
      const options = { title: `Save ${name} as`, defaultPath: join(app.getPath('downloads'), base) }
      const parent = window()
      const picked = parent ? await dialog.showSaveDialog(parent, options) : await dialog.showSaveDialog(options)
      return picked.canceled || picked.filePath === '' ? null : picked.filePath
    },
    pickFolder: async (title) => (await open({ title, properties: ['openDirectory', 'createDirectory'] }))?.[0] ?? null,
    showItemInFolder: (path) => {
      if (isAbsolute(path)) shell.showItemInFolder(path)
    },
  }
}
