/**
 * Many small files read on a thread of their own. Through the system's pool each costs five round trips between threads, and as many promises:
 * more processor time than the reading. The thread begins with the first files and ends some seconds after the last ones.
 */

import { Worker } from 'node:worker_threads'
import type { AppError } from '../../../shared/errors.ts'

/** A file read whole, in one moment of its life; null: too large, or no file. */
export type WholeFile = { readonly bytes: Buffer; readonly sha256: Buffer } | 'changed' | AppError | null

/** A thread that had nothing to do for so long ends, in ms: it takes some megabytes. */
const idleMs = 5_000
const hashBytes = 32

/**
 * What the thread does, as text: see hash-threads.ts. Asked [id, paths, most bytes of one], it answers [id, outcomes, bytes, hashes]: of each file
 * its length, or null, 'changed', or the code and the text of an error.
 */
const source = `
const { createHash } = require('node:crypto')
const { closeSync, constants, fstatSync, openSync, readSync } = require('node:fs')
const { parentPort } = require('node:worker_threads')
// what is a pipe by now must not be waited for
const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)
let bytes
let end
function read(path, maxBytes) {
  const file = openSync(path, flags)
  try {
    const before = fstatSync(file)
    if (!before.isFile() || before.size > maxBytes) return null
    if (end + before.size > bytes.length) {
      const larger = Buffer.allocUnsafeSlow(2 * (end + before.size))
      bytes.copy(larger, 0, 0, end)
      bytes = larger
    }
    let length = 0
    while (length < before.size) {
      const count = readSync(file, bytes, end + length, before.size - length, length)
      if (count === 0) break
      length += count
    }
    const after = fstatSync(file)
    if (length !== before.size || after.size !== before.size || after.mtimeMs !== before.mtimeMs) return 'changed'
    return length
  } finally {
    closeSync(file)
  }
}
parentPort.on('message', ([id, paths, maxBytes]) => {
  bytes = Buffer.allocUnsafeSlow(262144)
  end = 0
  const hashes = Buffer.allocUnsafeSlow(${hashBytes} * paths.length)
  const outcomes = paths.map((path, index) => {
    try {
      const length = read(path, maxBytes)
      if (typeof length !== 'number') return length
      createHash('sha256').update(bytes.subarray(end, end + length)).digest().copy(hashes, index * ${hashBytes})
      end += length
      return length
    } catch (error) {
      return [String(error.code), String(error.message)]
    }
  })
  parentPort.postMessage([id, outcomes, bytes.subarray(0, end), hashes], [bytes.buffer, hashes.buffer])
  bytes = undefined
})
`

/** Files of one question are held once; its own memory is small. */
const resourceLimits = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 }

type Outcome = number | 'changed' | null | readonly [code: string, message: string]
type Answer = readonly [id: number, outcomes: readonly Outcome[], bytes: Uint8Array, hashes: Uint8Array]

interface Waiting {
  readonly paths: readonly string[]
  readonly resolve: (files: WholeFile[]) => void
  readonly reject: (error: Error) => void
}

/** `toError`: an error of the system, by its code, as the disk tells it. */
export class ReadThread {
  readonly #toError: (thrown: unknown, path: string) => AppError
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker | null = null
  #idle: NodeJS.Timeout | null = null
  #asked = 0

  constructor(toError: (thrown: unknown, path: string) => AppError) {
    this.#toError = toError
  }

  /** What became of each, in order. All bytes of one answer share their memory. */
  read(paths: readonly string[], maxBytes: number): Promise<WholeFile[]> {
    const worker = (this.#worker ??= this.#start())
    if (this.#idle) clearTimeout(this.#idle)
    // a thread at rest does not keep the process alive, one at work does
    if (this.#waiting.size === 0) worker.ref()
    const id = ++this.#asked
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { paths, resolve, reject })
      worker.postMessage([id, paths, maxBytes])
    })
  }

  #start(): Worker {
    const worker = new Worker(source, { eval: true, name: 'ringdrop read', resourceLimits })
    worker.on('message', (answer: Answer) => {
      const [id] = answer
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      waiting?.resolve(this.#files(waiting.paths, answer))
      if (this.#waiting.size > 0) return
      worker.unref()
      this.#idle = setTimeout(() => void this.#end(worker), idleMs).unref()
    })
    worker.on('error', (error: Error) => {
      this.#worker = null
      for (const { reject } of this.#waiting.values()) reject(error)
      this.#waiting.clear()
    })
    return worker
  }

  async #end(worker: Worker): Promise<void> {
    if (this.#waiting.size > 0) return
    this.#worker = null
    await worker.terminate()
  }

  #files(paths: readonly string[], [, outcomes, bytes, hashes]: Answer): WholeFile[] {
    const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const digests = Buffer.from(hashes.buffer, hashes.byteOffset, hashes.byteLength)
    let end = 0
    return outcomes.map((outcome, index): WholeFile => {
      if (outcome === null || outcome === 'changed') return outcome
      if (typeof outcome !== 'number') {
        const [code, message] = outcome
        return this.#toError(Object.assign(new Error(message), { code }), paths[index] ?? '')
      }
      const sha256 = digests.subarray(index * hashBytes, (index + 1) * hashBytes)
      return { bytes: all.subarray(end, (end += outcome)), sha256 }
    })
  }
}
