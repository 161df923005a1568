/** UDP and TCP at the same port: one number to tell, one to forward. */

import { AppError } from '../../../shared/errors.ts'
import { TlsEndpoint, type ServerOptions } from './tls-endpoint.ts'
import { UdpEndpoint, type UdpOptions } from './udp-endpoint.ts'

/** The chance that a port free for TCP is taken for UDP is small; so often in a row, something else is wrong. */
const attemptsMax = 20

export interface Endpoints {
  readonly tls: TlsEndpoint
  readonly udp: UdpEndpoint
  readonly host: string
  readonly port: number
}

export type BindOptions = Omit<ServerOptions, 'host' | 'port'> & Pick<UdpOptions, 'onDatagram'>

/**
 * Both servers on `host` and `port`; port 0 = any that is free for both. Host `::` = every address, IPv4 only where the system
 * has no IPv6. AppError('port-in-use') when the port is taken or not allowed, AppError('bad-argument') when the address is not this machine's.
 */
export async function bindBoth(host: string, port: number, options: BindOptions): Promise<Endpoints> {
  try {
    return await bindAt(host, port, options)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (host === '::' && (code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL' || code === 'EINVAL'))
      return bindBoth('0.0.0.0', port, options)
    throw bindError(error as NodeJS.ErrnoException, host, port)
  }
}

async function bindAt(host: string, port: number, options: BindOptions): Promise<Endpoints> {
  for (let attempt = 1; ; attempt++) {
    const tls = await TlsEndpoint.listen({ ...options, host, port })
    const bound = tls.address
    try {
      // the address as the system has it: a name such as localhost means the same to both
      const udp = await UdpEndpoint.bind({ host: bound.address, port: bound.port, onDatagram: options.onDatagram })
      return { tls, udp, host: bound.address, port: bound.port }
    } catch (error) {
      await tls.close()
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || port !== 0 || attempt >= attemptsMax) throw error
    }
  }
}

function bindError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === 'EADDRINUSE') return new AppError('port-in-use', `Port ${port} is taken by another program`, { port: String(port) })
  if (error.code === 'EACCES') return new AppError('port-in-use', `Port ${port} is reserved by the system`, { port: String(port) })
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
    return new AppError('bad-argument', `${host} is not an address of this machine`, { host })
  return error
}
