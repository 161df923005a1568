// @ts-check
/** `WebContents`: one page of the Chromium, with the preload in a world of its own and ipc over CDP. */

import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { app } from './app.mjs'
import { launchBrowser } from './browser.mjs'
import { session } from './desktop.mjs'
import { ipcMain } from './ipc.mjs'
import { isolatedWorld, mainWorld } from './page.mjs'
import { applyPermissions } from './permissions.mjs'
import { fromWeb } from './protocol.mjs'
import { preventable } from './recorder.mjs'
import { wire } from './wire.mjs'

const { encode, decode } = wire()
const tag = `__bridge${Math.random().toString(36).slice(2)}`
const world = 'electron-preload'

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('playwright-core').CDPSession} CDPSession */

/** Pages that are windows already. @type {WeakSet<Page>} */
const taken = new WeakSet()

export class WebContents extends EventEmitter {
  session = session.defaultSession
  closed = false
  /** The stand-in itself is loading an address: no navigation of the page's own. */
  driving = false
  /** @type {Page | undefined} */
  page
  /** @type {CDPSession | undefined} */
  cdp
  /** Chromium's number for the preload's world. @type {number | undefined} */
  isolated
  /** @type {((details: { url: string, frameName: string, disposition: string }) => unknown) | undefined} */
  openHandler

  /** @param {import('./windows.mjs').BrowserWindow} window */
  constructor(window) {
    super()
    this.id = window.id
    this.window = window
  }
  getURL() {
    return this.page ? fromWeb(this.page.url()) : ''
  }
  get mainFrame() {
    return { url: this.getURL(), routingId: 1, processId: 1, parent: null }
  }
  /** @type {(channel: string, ...args: unknown[]) => void} */
  send(channel, ...args) {
    structuredClone(args)
    this.deliver({ type: 'event', channel, args: encode(args) })
  }
  /** @param {unknown} message */
  deliver(message) {
    if (this.isolated === undefined || this.closed) return
    const expression = `__standinReceive(${JSON.stringify(message)})`
    void this.cdp?.send('Runtime.evaluate', { contextId: this.isolated, expression }).catch(() => undefined)
  }
  /** @param {NonNullable<WebContents['openHandler']>} handler */
  setWindowOpenHandler(handler) {
    this.openHandler = handler
  }
  /** @param {string} code */
  executeJavaScript(code) {
    return this.page?.evaluate(code)
  }
  reload() {
    return this.page?.reload()
  }
  openDevTools() {}
  isDestroyed() {
    return this.closed
  }

  async start() {
    const context = await launchBrowser()
    const page =
      context.pages().find((candidate) => candidate.url() === 'about:blank' && !taken.has(candidate)) ?? (await context.newPage())
    taken.add(page)
    this.page = page
    const cdp = (this.cdp = await context.newCDPSession(page))
    for (const domain of /** @type {const} */ (['Page', 'Runtime', 'DOM', 'Debugger'])) await cdp.send(`${domain}.enable`)
    const { targetInfo } = await cdp.send('Target.getTargetInfo')
    const { width, height } = this.window.getBounds()
    await cdp.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false })
    await this.connectPreload(cdp, targetInfo.targetId, context.browser()?.version() ?? '')
    await applyPermissions(cdp, this)
    this.listen(page)
    await this.watchNavigation(page, context)
  }

  /** @type {(cdp: CDPSession, frameId: string, chrome: string) => Promise<void>} */
  async connectPreload(cdp, frameId, chrome) {
    await cdp.send('Runtime.addBinding', { name: '__standinPost', executionContextName: world })
    cdp.on('Runtime.executionContextCreated', ({ context }) => {
      if (context.name === world && context.auxData?.frameId === frameId) this.isolated = context.id
    })
    cdp.on('Runtime.bindingCalled', (event) => {
      if (event.name === '__standinPost' && event.executionContextId === this.isolated) void this.fromPage(JSON.parse(event.payload))
    })
    cdp.on('Debugger.paused', (event) => {
      this.paused(event.callFrames[0]).catch((error) => console.error('[standin] paused:', error))
    })
    await cdp.send('Page.addScriptToEvaluateOnNewDocument', { source: mainWorld(tag) })
    const preload = this.window.options.webPreferences?.preload
    if (preload === undefined) return
    const versions = { ...process.versions, electron: 'standin', chrome }
    const facts = { platform: process.platform, arch: process.arch, versions, env: {}, argv: [] }
    const source = readFileSync(preload, 'utf8')
    const script = isolatedWorld({ tag, wire: String(wire), facts, source, name: pathToFileURL(preload).href })
    await cdp.send('Page.addScriptToEvaluateOnNewDocument', { worldName: world, source: script })
  }

  /** @param {Page} page */
  listen(page) {
    page.on('domcontentloaded', () => this.emit('dom-ready', {}))
    page.on('load', () => {
      this.emit('did-finish-load', {})
      this.window.loaded()
    })
    page.on('crash', () => this.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 1 }))
    page.on('close', () => this.window.gone())
  }

  /** @type {(page: Page, context: import('playwright-core').BrowserContext) => Promise<void>} */
  async watchNavigation(page, context) {
    await context.route('**/*', async (route) => {
      const request = route.request()
      if (!request.isNavigationRequest() || this.driving) return route.fallback()
      /** @type {import('playwright-core').Frame | undefined} */
      let frame
      try {
        frame = request.frame()
      } catch {
        // A window.open that has no frame yet.
        this.openHandler?.({ url: fromWeb(request.url()), frameName: '', disposition: 'foreground-tab' })
        return route.abort('aborted')
      }
      if (frame !== page.mainFrame() || page.url() === 'about:blank') return route.fallback()
      const event = preventable({ url: fromWeb(request.url()), isMainFrame: true })
      this.emit('will-navigate', event, event.url)
      return event.defaultPrevented ? route.abort('aborted') : route.fallback()
    })
    context.on('page', (other) => {
      void other.opener().then(
        (opener) => (opener === page && !taken.has(other) ? other.close() : undefined),
        () => undefined,
      )
    })
  }

  /** @param {{ type: string, id: number, channel: string, args: unknown }} message */
  async fromPage({ type, id, channel, args }) {
    const event = { sender: this, senderFrame: this.mainFrame, frameId: 1, processId: 1, reply: this.send.bind(this) }
    if (type === 'preload-error') {
      const [text] = decode(args)
      console.error('[standin] preload failed:', text)
      this.emit('preload-error', event, this.window.options.webPreferences?.preload, new Error(text))
      return
    }
    if (type === 'send') {
      ipcMain.emit(channel, event, ...decode(args))
      return
    }
    try {
      const handler = ipcMain.handlers.get(channel)
      if (!handler) throw new Error(`No handler registered for '${channel}'`)
      const value = await handler(event, ...decode(args))
      structuredClone(value)
      this.deliver({ type: 'reply', id, value: encode(value) })
    } catch (error) {
      this.deliver({ type: 'reply', id, error: `Error invoking remote method '${channel}': ${error}` })
    }
  }

  /** A synchronous call stands at its `debugger` statement: answer it. @param {any} frame */
  async paused(frame) {
    const cdp = /** @type {CDPSession} */ (this.cdp)
    const evaluate = (/** @type {string} */ expression) =>
      cdp.send('Debugger.evaluateOnCallFrame', { callFrameId: frame.callFrameId, expression, silent: true })
    try {
      const kind = (await evaluate(`typeof standinSync === 'string' ? standinSync : ''`)).result.value
      if (kind === 'path') {
        const objectId = /** @type {string} */ ((await evaluate('file')).result.objectId)
        const { path } = await cdp.send('DOM.getFileInfo', { objectId })
        await evaluate(`reply = ${JSON.stringify(path)}`)
      } else if (kind === 'message') {
        const { channel, args } = JSON.parse((await evaluate('message')).result.value)
        const value = await new Promise((done) => {
          const event = { sender: this, senderFrame: this.mainFrame, set returnValue(/** @type {unknown} */ given) { done(given) } } // prettier-ignore
          if (!ipcMain.emit(channel, event, ...decode(args))) done(null)
        })
        await evaluate(`reply = ${JSON.stringify(JSON.stringify(encode(value)))}`)
      }
    } finally {
      await cdp.send('Debugger.resume')
    }
  }
}

/** @param {WebContents} contents */
export function announce(contents) {
  app.emit('web-contents-created', {}, contents)
}
