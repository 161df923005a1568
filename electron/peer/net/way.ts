/** Ways of the kind `host:port`: IPv4, or IPv6 in brackets. Never a name: nobody's DNS has a say in where a peer is. */

import { isIPv4, isIPv6 } from 'node:net'
import type { Way } from '../protocol/contact.ts'

export interface SocketAddress {
  readonly host: string
  readonly port: number
}

/** Host (without brackets) and port of a way, or null when it is of another kind. */
export function parseWay(way: Way): SocketAddress | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):([0-9]{1,5})$/.exec(way)
  if (!match) return null
  const [, v6, v4] = match
  const port = Number(match[3])
  if (port < 1 || port > 65_535) return null
  if (v6 !== undefined) return isIPv6(v6) ? { host: v6, port } : null
  return v4 !== undefined && isIPv4(v4) ? { host: v4, port } : null
}

/** The way to a socket's address. An IPv4 address that a dual-stack socket shows as IPv6 is IPv4 again. */
export function formatWay(address: string, port: number): Way {
  const host = plainAddress(address)
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}

/** `::ffff:192.0.2.1` as `192.0.2.1`; every other address as it is. */
export function plainAddress(address: string): string {
  const mapped = address.toLowerCase().startsWith('::ffff:') ? address.slice(7) : ''
  return isIPv4(mapped) ? mapped : address
}
