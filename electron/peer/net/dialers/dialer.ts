/** One kind of way in. A dialer is the only part that knows how its ways are reached; TLS runs over every stream alike. */

import type { Duplex } from 'node:stream'
import type { Way } from '../../protocol/contact.ts'

export interface Dialer {
  /** Whether `way` is of this dialer's kind. */
  handles(way: Way): boolean
  /** A connected stream. Rejects when there is none to be had, or when `signal` aborts. */
  dial(way: Way, signal: AbortSignal): Promise<Duplex>
}
