// @ts-check
/**
 * What `electron` means when an app runs under the stand-in. Anything that is not emulated throws on use, so that a test never
 * passes on something that did nothing.
 */

import { app } from './app.mjs'
import {
  clipboard,
  dialog,
  Menu,
  MenuItem,
  nativeImage,
  nativeTheme,
  Notification,
  powerMonitor,
  screen,
  session,
  shell,
  Tray,
} from './desktop.mjs'
import { ipcMain } from './ipc.mjs'
import { protocol } from './protocol.mjs'
import { standin } from './recorder.mjs'
import { openSideChannel } from './side-channel.mjs'
import { BrowserWindow } from './windows.mjs'

Object.defineProperty(process, 'type', { value: 'browser' })

/** @type {Record<string, unknown>} */
const modules = {
  app,
  BrowserWindow,
  clipboard,
  dialog,
  ipcMain,
  Menu,
  MenuItem,
  nativeImage,
  nativeTheme,
  Notification,
  powerMonitor,
  protocol,
  screen,
  session,
  shell,
  standin,
  Tray,
}

const electron = new Proxy(modules, {
  get(target, name) {
    if (typeof name === 'symbol' || ['then', 'default', '__esModule'].includes(name)) return undefined
    if (!(name in target)) throw new Error(`[standin] electron.${name} is not emulated`)
    return target[name]
  },
})
export default electron
export { app, BrowserWindow, clipboard, dialog, ipcMain, Menu, MenuItem, nativeImage, nativeTheme, Notification }
export { powerMonitor, protocol, screen, session, shell, standin, Tray }

openSideChannel(electron)
