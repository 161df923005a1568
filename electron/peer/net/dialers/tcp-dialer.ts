/** Dials `host:port` directly over TCP. */

import { connect, type Socket } from 'node:net'
import { parseWay } from '../way.ts'
import type { Dialer } from './dialer.ts'

export const tcpDialer: Dialer = {
  handles: (way) => parseWay(way) !== null,
  dial: (way, signal) =>
    new Promise<Socket>((resolve, reject) => {
      const address = parseWay(way)
      if (!address || signal.aborted) {
        reject(new Error(address ? 'cancelled' : `${way} is not a TCP way`))
        return
      }
      const socket = connect({ host: address.host, port: address.port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 })
      const onAbort = (): void => {
        socket.destroy(new Error('cancelled'))
      }
      signal.addEventListener('abort', onAbort, { once: true })
      socket.once('connect', () => {
        signal.removeEventListener('abort', onAbort)
        resolve(socket)
      })
      // stays: whoever takes the socket over learns of errors its own way, and none may end the process
      socket.on('error', reject)
      socket.once('close', () => {
        signal.removeEventListener('abort', onAbort)
      })
    }),
}
