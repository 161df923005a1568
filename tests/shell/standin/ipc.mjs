// @ts-check
/** `ipcMain`. */

import { EventEmitter } from 'node:events'

/** @typedef {(event: unknown, ...args: unknown[]) => unknown} Handler */

class IpcMain extends EventEmitter {
  /** @type {Map<string, Handler>} */
  handlers = new Map()

  /** @type {(channel: string, handler: Handler) => void} */
  handle(channel, handler) {
    if (this.handlers.has(channel)) throw new Error(`Attempted to register a second handler for '${channel}'`)
    this.handlers.set(channel, handler)
  }
  /** @type {(channel: string, handler: Handler) => void} */
  handleOnce(channel, handler) {
    this.handle(channel, (...args) => {
      this.handlers.delete(channel)
      return handler(...args)
    })
  }
  /** @param {string} channel */
  removeHandler(channel) {
    this.handlers.delete(channel)
  }
}

export const ipcMain = new IpcMain()
