// @ts-check
/** `app`: life cycle, paths, the single-instance lock. */

import { EventEmitter } from 'node:events'
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { closeBrowser } from './browser.mjs'
import { preventable, standin } from './recorder.mjs'
import { givenScratch, manifest, root, scratch } from './settings.mjs'

/** @type {Record<string, string>} */
const paths = {
  userData: join(scratch, 'userData'),
  appData: scratch,
  home: homedir(),
  temp: tmpdir(),
  downloads: join(scratch, 'Downloads'),
  logs: join(scratch, 'logs'),
}
let ready = false
let quitting = false

/** Windows put themselves here; `close` answers whether they did. @type {Map<number, { close(): Promise<boolean> }>} */
export const openWindows = new Map()

class App extends EventEmitter {
  isPackaged = false
  name = manifest.productName ?? manifest.name
  commandLine = { appendSwitch() {}, hasSwitch: () => false, getSwitchValue: () => '' }

  isReady() {
    return ready
  }
  whenReady() {
    return whenReady
  }
  getName() {
    return this.name
  }
  /** @param {string} name */
  setName(name) {
    this.name = name
  }
  getVersion() {
    return manifest.version
  }
  getAppPath() {
    return root
  }
  getLocale() {
    return 'en-US'
  }
  /** @param {string} name */
  getPath(name) {
    const path = paths[name]
    if (!path) throw new Error(`Failed to get '${name}' path`)
    mkdirSync(path, { recursive: true })
    return path
  }
  /** @type {(name: string, path: string) => void} */
  setPath(name, path) {
    paths[name] = path
  }
  setAppUserModelId() {}
  enableSandbox() {}
  focus() {}
  isQuitting() {
    return quitting
  }
  /** @param {unknown} settings */
  setLoginItemSettings(settings) {
    standin.log('app.setLoginItemSettings', settings)
  }
  getLoginItemSettings() {
    return { openAtLogin: false }
  }
  /** @param {string} scheme */
  setAsDefaultProtocolClient(scheme) {
    standin.log('app.setAsDefaultProtocolClient', scheme)
    return true
  }
  /** @param {number} count */
  setBadgeCount(count) {
    standin.log('app.setBadgeCount', count)
    return true
  }
  /** @param {unknown} [data] */
  requestSingleInstanceLock(data = {}) {
    return takeLock(this, this.getPath('userData'), data)
  }
  releaseSingleInstanceLock() {
    releaseLock()
  }
  async exit(code = 0) {
    quitting = true
    releaseLock()
    await closeBrowser()
    try {
      if (givenScratch === undefined) rmSync(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    } catch {
      // Chromium's last writes may still come.
    }
    process.exit(code)
  }
  async quit() {
    if (quitting) return
    quitting = true
    quitting = await this.mayQuit()
    if (!quitting) return
    this.emit('quit', {}, 0)
    await this.exit(0)
  }
  async mayQuit() {
    const before = preventable()
    this.emit('before-quit', before)
    if (before.defaultPrevented) return false
    for (const window of [...openWindows.values()]) if (!(await window.close())) return false
    const will = preventable()
    this.emit('will-quit', will)
    return !will.defaultPrevented
  }
}

export const app = new App()

const whenReady = new Promise((done) => {
  setImmediate(() => {
    ready = true
    app.emit('will-finish-launching')
    app.emit('ready', {}, {})
    done(undefined)
  })
})

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  // As with Electron's own handler, one that the app sets takes its place.
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) void app.quit()
  })
}

// ---- the lock: synchronous as Electron's, so a file with a process id; a second start leaves a letter that the first one finds

/** @type {{ file: string, letters: string, watch: NodeJS.Timeout } | undefined} */
let lock

/** @param {string} file */
function ownerOf(file) {
  try {
    const pid = Number(readFileSync(file, 'utf8'))
    process.kill(pid, 0)
    return pid
  } catch {
    return undefined
  }
}

/** @type {(target: EventEmitter, folder: string, data: unknown) => boolean} */
function takeLock(target, folder, data) {
  const file = join(folder, 'standin.lock')
  const letters = join(folder, 'standin-letters')
  mkdirSync(letters, { recursive: true })
  const owner = ownerOf(file)
  if (owner !== undefined && owner !== process.pid) {
    writeFileSync(join(letters, `${process.pid}.part`), JSON.stringify({ argv: process.argv, folder: process.cwd(), data }))
    writeFileSync(join(letters, `${process.pid}.ready`), '')
    return false
  }
  writeFileSync(file, String(process.pid))
  const watch = setInterval(() => {
    for (const name of readdirSync(letters).filter((n) => n.endsWith('.ready'))) {
      const letter = join(letters, name.replace('.ready', '.part'))
      const { argv, folder: cwd, data: sent } = JSON.parse(readFileSync(letter, 'utf8'))
      rmSync(join(letters, name))
      rmSync(letter)
      target.emit('second-instance', {}, argv, cwd, sent)
    }
  }, 100)
  lock = { file, letters, watch: watch.unref() }
  return true
}

function releaseLock() {
  if (!lock) return
  clearInterval(lock.watch)
  rmSync(lock.file, { force: true })
  lock = undefined
}
