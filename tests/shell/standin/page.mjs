// @ts-check
/**
 * The two scripts that the stand-in puts into every document: one in the page's own world, one around the real preload bundle
 * in an isolated world. The worlds share only the DOM: they talk by synchronous events whose detail Chromium clones between
 * them. All functions here but the last two are put into pages as text, so each refers to nothing outside itself.
 */

/** What contextBridge does: functions and promises become proxies, the rest is cloned. @type {(side: string, other: string) => any} */
const bridge = (side, other) => {
  const functions = new Map()
  let sequence = 0
  /** @type {any} */
  let returned
  const keep = (/** @type {any} */ value) => {
    functions.set(++sequence, value)
    return sequence
  }
  const isPlain = (/** @type {any} */ value) =>
    value && typeof value === 'object' && [Object.prototype, null].includes(Object.getPrototypeOf(value))
  /** @type {(value: any) => any} */
  const pack = (value) => {
    if (typeof value === 'function') return { $f: keep(value) }
    if (value && typeof value.then === 'function') {
      return {
        $p: keep((/** @type {any} */ settle) => {
          value.then(
            (/** @type {any} */ result) => settle(true, result),
            (/** @type {any} */ error) => settle(false, error),
          )
        }),
      }
    }
    if (Array.isArray(value)) return value.map(pack)
    if (isPlain(value)) return Object.fromEntries(Object.keys(value).map((key) => [key, pack(value[key])]))
    return value
  }
  /** @type {(value: any) => any} */
  const unpack = (value) => {
    if (Array.isArray(value)) return value.map(unpack)
    if (!isPlain(value)) return value
    if (value.$f) return (/** @type {any[]} */ ...args) => call(value.$f, args)
    if (value.$p) {
      return new Promise((resolve, reject) => {
        call(value.$p, [(/** @type {any} */ good, /** @type {any} */ result) => (good ? resolve : reject)(result)])
      })
    }
    return Object.fromEntries(Object.keys(value).map((key) => [key, unpack(value[key])]))
  }
  const send = (/** @type {string} */ kind, /** @type {any} */ detail) =>
    window.dispatchEvent(new CustomEvent(`${other}:${kind}`, { detail }))
  const call = (/** @type {number} */ id, /** @type {any[]} */ args) => {
    returned = undefined
    send('call', { id, args: pack(args) })
    const answer = returned
    returned = undefined
    if (!answer) throw new Error('bridge: no answer')
    if (answer.error) throw answer.error
    return unpack(answer.value)
  }
  window.addEventListener(`${side}:call`, (/** @type {any} */ event) => {
    event.stopImmediatePropagation()
    const { id, args } = event.detail
    let answer
    try {
      answer = { value: pack(functions.get(id)(...unpack(args))) }
    } catch (error) {
      answer = { error }
    }
    send('return', answer)
  })
  window.addEventListener(`${side}:return`, (/** @type {any} */ event) => {
    event.stopImmediatePropagation()
    returned = event.detail
  })
  return { pack, unpack, send }
}

/** In the page's world: defines what the preload exposes. @type {(tag: string, makeBridge: any) => void} */
const page = (tag, makeBridge) => {
  const worlds = makeBridge(`${tag}m`, `${tag}i`)
  /** @type {(value: any) => any} */
  const freeze = (value) => {
    if (value && typeof value === 'object') Object.values(value).forEach(freeze)
    return Object.freeze(value)
  }
  window.addEventListener(`${tag}m:expose`, (/** @type {any} */ event) => {
    const { key, api } = event.detail
    Object.defineProperty(window, key, { value: freeze(worlds.unpack(api)), enumerable: true })
  })
}

/** In the isolated world: what a sandboxed preload finds, and nothing else. @type {(given: any, run: any) => void} */
const preloadHost = ({ tag, makeWire, makeBridge, facts }, run) => {
  const { encode, decode } = makeWire()
  const worlds = makeBridge(`${tag}i`, `${tag}m`)
  const pending = new Map()
  const listeners = new Map()
  let sequence = 0
  const post = (/** @type {any} */ message) => /** @type {any} */ (globalThis).__standinPost(JSON.stringify(message))
  // A synchronous call: the script stops in the debugger, the stand-in reads the argument off the frame, writes `reply`, goes on.
  const pathOf = (/** @type {any} */ file) => {
    let reply
    const standinSync = 'path'
    debugger
    return [reply, standinSync, file][0]
  }
  const askNow = (/** @type {any} */ message) => {
    /** @type {any} */
    let reply
    const standinSync = 'message'
    debugger
    return [decode(JSON.parse(reply)), standinSync, message][0]
  }
  const add = (/** @type {string} */ channel, /** @type {any} */ listener, once = false) => {
    listeners.set(channel, [...(listeners.get(channel) ?? []), { listener, once }])
    return ipcRenderer
  }
  /** @type {any} */
  const ipcRenderer = {
    invoke: (/** @type {string} */ channel, /** @type {any[]} */ ...args) =>
      new Promise((resolve, reject) => {
        const encoded = encode(args)
        pending.set(++sequence, [resolve, reject])
        post({ type: 'invoke', id: sequence, channel, args: encoded })
      }),
    send: (/** @type {string} */ channel, /** @type {any[]} */ ...args) => post({ type: 'send', channel, args: encode(args) }),
    sendSync: (/** @type {string} */ channel, /** @type {any[]} */ ...args) => askNow(JSON.stringify({ channel, args: encode(args) })),
    on: (/** @type {string} */ channel, /** @type {any} */ listener) => add(channel, listener),
    once: (/** @type {string} */ channel, /** @type {any} */ listener) => add(channel, listener, true),
    off: (/** @type {string} */ channel, /** @type {any} */ listener) => {
      listeners.set(
        channel,
        (listeners.get(channel) ?? []).filter((/** @type {any} */ entry) => entry.listener !== listener),
      )
      return ipcRenderer
    },
    removeAllListeners: (/** @type {string} */ channel) => {
      listeners.delete(channel)
      return ipcRenderer
    },
  }
  ipcRenderer.addListener = ipcRenderer.on
  ipcRenderer.removeListener = ipcRenderer.off
  const receive = (/** @type {any} */ message) => {
    if (message.type === 'reply') {
      const [resolve, reject] = pending.get(message.id)
      pending.delete(message.id)
      if (message.error) reject(new Error(message.error))
      else resolve(decode(message.value))
      return
    }
    for (const entry of listeners.get(message.channel) ?? []) {
      if (entry.once) ipcRenderer.off(message.channel, entry.listener)
      entry.listener({ sender: ipcRenderer, ports: [] }, ...decode(message.args))
    }
  }
  Object.assign(globalThis, { __standinReceive: receive })
  const electron = {
    ipcRenderer,
    contextBridge: {
      exposeInMainWorld: (/** @type {string} */ key, /** @type {any} */ api) => worlds.send('expose', { key, api: worlds.pack(api) }),
    },
    webUtils: {
      getPathForFile: (/** @type {any} */ file) => {
        if (!(file instanceof File)) throw new TypeError('Argument must be a File')
        return pathOf(file)
      },
    },
    webFrame: { setZoomFactor() {}, getZoomFactor: () => 1 },
  }
  /** @type {Record<string, any>} */
  const modules = { electron, timers: { setTimeout, clearTimeout, setInterval, clearInterval }, url: { URL, URLSearchParams } }
  const require = (/** @type {string} */ name) => {
    const found = modules[name.replace(/^node:|\/renderer$/g, '')]
    if (!found) throw new Error(`module not found: ${name}`)
    return found
  }
  const process = { type: 'renderer', sandboxed: true, contextIsolated: true, ...facts, on() {} }
  const module = { exports: {} }
  try {
    run(require, process, module, module.exports, window)
  } catch (error) {
    post({ type: 'preload-error', args: encode([String(error instanceof Error ? error.stack : error)]) })
  }
}

/** The script of the page's world. @param {string} tag */
export const mainWorld = (tag) => `(${page})(${JSON.stringify(tag)}, ${bridge})`

/**
 * The script of the preload's world.
 * @param {{ tag: string, wire: string, facts: unknown, source: string, name: string }} given
 */
export const isolatedWorld = ({ tag, wire, facts, source, name }) =>
  `if (location.href !== 'about:blank') (${preloadHost})(` +
  `{ tag: ${JSON.stringify(tag)}, makeWire: ${wire}, makeBridge: ${bridge}, facts: ${JSON.stringify(facts)} }, ` +
  `function (require, process, module, exports, global) {${source}\n})\n//# sourceURL=${name}`
