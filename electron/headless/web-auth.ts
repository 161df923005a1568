/**
 * Who may use the window in a browser: whoever has the address with its token, from a page of this very server. The token
 * is traded for a cookie at once, so that it does not stay in the address bar, the history or a screenshot.
 */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { hostname } from 'node:os'

export class WebAuth {
  readonly token = randomBytes(32).toString('base64url')
  /** Not the token: a cookie that leaks through a backup of the browser's profile does not give the address away. */
  readonly #session = randomBytes(32).toString('base64url')
  readonly #ownName: string

  /** `ownName`: a host name besides IP addresses and localhost that this server is known by. */
  constructor(ownName: string = hostname()) {
    this.#ownName = ownName.toLowerCase()
  }

  /** Whether `given` is the token of the address. */
  isToken(given: string): boolean {
    return sameText(given, this.token)
  }

  /** The header that signs a browser in. Cookies are shared between ports, so the port is part of the name. */
  cookieFor(port: number): string {
    return `${cookieName(port)}=${this.#session}; HttpOnly; SameSite=Strict; Path=/`
  }

  isSignedIn(request: IncomingMessage): boolean {
    const port = request.socket.localPort ?? 0
    for (const part of (request.headers.cookie ?? '').split(';')) {
      const at = part.indexOf('=')
      if (part.slice(0, at).trim() === cookieName(port) && sameText(part.slice(at + 1).trim(), this.#session)) return true
    }
    return false
  }

  /**
   * Whether the Host header names this server. A page of another site can point its own name at our address (DNS rebinding),
   * but it cannot make its name an IP address, localhost or this machine's name.
   */
  isOwnHost(request: IncomingMessage): boolean {
    const name = hostOnly(request.headers.host ?? '')
    if (name === null) return false
    return isIP(name) !== 0 || name === 'localhost' || name === this.#ownName || name === `${this.#ownName}.local`
  }

  /** Whether a WebSocket or a POST comes from our own page. Browsers always say; what does not say is refused. */
  isOwnOrigin(request: IncomingMessage): boolean {
    const host = request.headers.host
    return host !== undefined && request.headers.origin === `http://${host}`
  }
}

const cookieName = (port: number): string => `ringdrop-${port}`

/** Takes as long for a nearly right answer as for a wrong one. */
function sameText(a: string, b: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(a), hash(b))
}

/** `[::1]:80` -> `::1`, `Desk:80` -> `desk`, or null. */
function hostOnly(host: string): string | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\\@\s]+))(?::[0-9]{1,5})?$/.exec(host)
  return match ? (match[1] ?? match[2] ?? '').toLowerCase() : null
}
