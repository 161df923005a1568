/** SHA-256 of what is small, in one call: a `Hash` object for each would cost more than the hash. What is large: hash-threads.ts. */

import { hash } from 'node:crypto'

export function sha256Of(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes, 'buffer')
}

/** In hexadecimal; of text, its UTF-8. */
export function sha256Hex(data: Uint8Array | string): string {
  return hash('sha256', data, 'hex')
}
