/** Contents to store: each of its own, cheap to make. */

import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { Prng } from '../../electron/peer/ring/prng.ts'

const noiseBytes = 1_048_576

export class ContentMaker {
  readonly #noise = Buffer.alloc(noiseBytes)

  constructor(seed: number) {
    const random = new Prng(seed)
    for (let at = 0; at < noiseBytes; at += 4) this.#noise.writeUInt32LE(Math.floor(random.next() * 2 ** 32), at)
  }

  /** Writes content number `number`, `sizeBytes` long, to `path`; result: its SHA-256. Empty contents are all alike. */
  async write(path: string, number: number, sizeBytes: number): Promise<string> {
    const bytes = Buffer.alloc(sizeBytes)
    for (let at = 0; at < sizeBytes; at += noiseBytes) {
      this.#noise.copy(bytes, at, 0, Math.min(noiseBytes, sizeBytes - at))
      // each MiB differs, and each content from all others
      if (sizeBytes - at >= 8) {
        bytes.writeUInt32LE(number, at)
        bytes.writeUInt32LE(at / noiseBytes, at + 4)
      }
    }
    if (sizeBytes > 0 && sizeBytes < 8) bytes[0] = number % 256
    await writeFile(path, bytes)
    return createHash('sha256').update(bytes).digest('hex')
  }
}
