// @ts-check
/**
 * `protocol`: `app://host/path` is served at `https://host.app.standin/path`, since Chromium cannot be taught a scheme from
 * outside. Addresses are translated wherever the app sees one.
 */

import { launchBrowser } from './browser.mjs'

/** @typedef {(request: Request) => Response | Promise<Response>} SchemeHandler */

/** @type {Map<string, SchemeHandler>} */
const schemes = new Map()

/** @param {string} address */
export function toWeb(address) {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/]*)(.*)$/i.exec(address)
  const [, scheme, host, rest] = match ?? []
  return scheme !== undefined && schemes.has(scheme) ? `https://${host || 'root'}.${scheme}.standin${rest || '/'}` : address
}

/** @param {string} address */
export function fromWeb(address) {
  return address.replace(/^https:\/\/([^/]+)\.([a-z0-9+-]+)\.standin(?=\/|$)/, '$2://$1')
}

/** @type {(route: import('playwright-core').Route, handler: SchemeHandler) => Promise<void>} */
async function answer(route, handler) {
  const request = route.request()
  const headers = Object.entries(await request.allHeaders()).filter(([name]) => !name.startsWith(':'))
  const body = request.postDataBuffer()
  const init = { method: request.method(), headers: Object.fromEntries(headers), ...(body ? { body: new Uint8Array(body) } : {}) }
  const response = await handler(new Request(fromWeb(request.url()), init))
  await route.fulfill({
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: Buffer.from(await response.arrayBuffer()),
  })
}

export const protocol = {
  registerSchemesAsPrivileged() {},
  /** @param {string} scheme */
  isProtocolHandled: (scheme) => schemes.has(scheme),
  /** @param {string} scheme */
  unhandle: (scheme) => schemes.delete(scheme),
  /** @type {(scheme: string, handler: SchemeHandler) => void} */
  handle: (scheme, handler) => {
    schemes.set(scheme, handler)
    protocol.routed = launchBrowser().then((context) =>
      context.route(
        (url) => url.hostname.endsWith(`.${scheme}.standin`),
        (route) => answer(route, handler),
      ),
    )
    protocol.routed.catch(() => undefined)
  },
  /** Windows load only once Chromium knows the scheme. @type {Promise<unknown>} */
  routed: Promise.resolve(),
}
