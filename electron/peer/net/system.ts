/** What this machine's network adapters say: the ways under which it can be reached. */

import { isIPv4, isIPv6 } from 'node:net'
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os'
import { AppError } from '../../../shared/errors.ts'
import type { Way } from '../protocol/contact.ts'
import { limits } from '../protocol/limits.ts'
import { formatWay, parseWay } from './way.ts'

export type Adapters = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>

/** Adapters of containers, virtual machines and tunnels: other machines rarely get in through them, so they are named last. */
const virtual = /^(docker|br-|veth|virbr|vmnet|vboxnet|vEthernet|zt|utun|tun|tap|wg|tailscale|cni|flannel)/i

/**
 * The ways to a server bound to `host` and `port`, best first, at most `limits.ways`. A wildcard host stands for every
 * address of the machine, IPv4 before IPv6, and loopback last: other peers on the same machine need no network.
 */
export function ownWays(host: string, port: number, adapters: Adapters = readAdapters()): Way[] {
  if (host !== '0.0.0.0' && host !== '::') return [formatWay(host, port)]
  const found: { readonly address: string; readonly rank: number }[] = []
  for (const [name, addresses] of Object.entries(adapters)) {
    for (const info of addresses ?? []) {
      if (!usable(info, host === '::')) continue
      found.push({ address: info.address, rank: (virtual.test(name) ? 2 : 0) + (isIPv6(info.address) ? 1 : 0) })
    }
  }
  const ways = found.sort((a, b) => a.rank - b.rank).map(({ address }) => formatWay(address, port))
  return [...[...new Set(ways)].slice(0, limits.ways - 1), formatWay('127.0.0.1', port)]
}

/**
 * Ways that a person names in place of the adapters' own, best first: what others dial where a port is forwarded, such as out of
 * a container. Throws AppError('bad-argument') naming the one that is none, or when there are more than `limits.ways`.
 */
export function announcedWays(texts: readonly string[]): Way[] {
  const ways = texts.map((text) => {
    const address = parseWay(text.trim())
    if (address && !['0.0.0.0', '::'].includes(address.host)) return formatWay(address.host, address.port)
    const example = 'such as 203.0.113.7:7000 or [2001:db8::7]:7000'
    throw new AppError('bad-argument', `'${text}' is no address and port to announce, ${example}`, { way: text })
  })
  if (ways.length > limits.ways) throw new AppError('bad-argument', `At most ${limits.ways} addresses can be announced`)
  return [...new Set(ways)]
}

function usable(info: NetworkInterfaceInfo, withV6: boolean): boolean {
  const { address } = info
  if (info.internal) return false
  if (isIPv4(address)) return !address.startsWith('169.254.') && address !== '0.0.0.0'
  // link-local addresses mean nothing without this machine's name of the adapter
  return withV6 && isIPv6(address) && !/^(fe[89ab]|ff|::)/i.test(address)
}

/** One bad adapter, or a system that does not tell, stops nothing: loopback is always there. */
function readAdapters(): Adapters {
  try {
    return networkInterfaces()
  } catch {
    return {}
  }
}
