/** Files for tests: real bytes on disk with a known hash, made from a seed so that a failure can be repeated. */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Prng } from '../../electron/peer/ring/prng.ts'

export interface TestFile {
  readonly name: string
  readonly path: string
  readonly sha256: string
}

const chunkBytes = 1_048_576

/** Writes `sizeBytes` of noise under `name`. */
export async function makeFile(folder: string, name: string, sizeBytes: number): Promise<TestFile> {
  const path = join(folder, name)
  const random = new Prng(sizeBytes + name.length)
  const chunk = Buffer.alloc(chunkBytes)
  for (let at = 0; at < chunkBytes; at += 4) chunk.writeUInt32LE(Math.floor(random.next() * 2 ** 32), at)
  const hash = createHash('sha256')
  const file = await open(path, 'w')
  try {
    for (let done = 0; done < sizeBytes; done += chunkBytes) {
      chunk.writeUInt32LE(done / chunkBytes, 0)
      const part = chunk.subarray(0, Math.min(chunkBytes, sizeBytes - done))
      hash.update(part)
      await file.write(part)
    }
  } finally {
    await file.close()
  }
  return { name, path, sha256: hash.digest('hex') }
}

export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
