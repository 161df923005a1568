/**
 * SHA-256 away from the main thread. Two threads of our own, since a store makes two hashes of every byte: one for blocks, one for
 * whole contents. Blocks lie in shared memory (blocks.ts), so that handing one over copies nothing; both threads start at first use, and end after a rest.
 */

import { createHash } from 'node:crypto'
import { sharedFromBytes } from './blocks.ts'
import { sha256Of } from './sha256.ts'
import { WorkerThread } from './worker-thread.ts'

/** A question is [hash, bytes or null]: hash 0 = of these bytes alone; else one that goes on until null asks for its end. */
const source = `
const { createHash } = require('node:crypto')
const { parentPort } = require('node:worker_threads')
const open = new Map()
parentPort.on('message', ([id, [hash, bytes]]) => {
  if (hash === 0) return parentPort.postMessage([id, createHash('sha256').update(bytes).digest()])
  if (!open.has(hash)) open.set(hash, createHash('sha256'))
  if (bytes) open.get(hash).update(bytes)
  const digest = bytes ? null : open.get(hash).digest()
  if (!bytes) open.delete(hash)
  parentPort.postMessage([id, digest])
})
`

const blockThread = new WorkerThread('ringdrop hash', source)
const wholeThread = new WorkerThread('ringdrop hash', source)

/** SHA-256 of a block; a large one's is made on another thread while the caller goes on. It must not change until then. */
export async function blockDigest(block: Uint8Array): Promise<Uint8Array> {
  if (block.length < sharedFromBytes) return sha256Of(block)
  return (await blockThread.ask([0, block])) as Uint8Array
}

let wholeHashes = 0

/** SHA-256 of a whole content, fed block by block. To be ended in any case, since its thread keeps what is open. */
export class WholeHash {
  /** The hash, hexadecimal, after `end`. */
  readonly digest: Promise<string>
  readonly #here = createHash('sha256')
  #there = 0
  #resolve: (digest: string | Promise<string>) => void = () => undefined

  constructor() {
    this.digest = new Promise((resolve) => {
      this.#resolve = resolve
    })
    // heard of when it is awaited, if it is
    this.digest.catch(() => undefined)
  }

  /** Takes the next bytes in; they must not change before it resolves. The order of the calls is that of the bytes. */
  async update(bytes: Uint8Array): Promise<void> {
    if (this.#there === 0 && bytes.length >= sharedFromBytes) {
      this.#there = ++wholeHashes
      wholeThread.hold()
    }
    if (this.#there === 0) this.#here.update(bytes)
    else await wholeThread.ask([this.#there, bytes])
  }

  /** No more bytes come. To be called once, in any case. */
  end(): void {
    if (this.#there === 0) {
      this.#resolve(this.#here.digest('hex'))
      return
    }
    this.#resolve(wholeThread.ask([this.#there, null]).then((digest) => Buffer.from(digest as Uint8Array).toString('hex')))
    wholeThread.release()
  }
}
