/**
 * SHA-256 away from the main thread. Two threads of our own, since a store makes two hashes of every byte: one for blocks, one for
 * whole contents. Blocks lie in shared memory, so that handing one over copies nothing; both threads start at first use.
 */

import { createHash } from 'node:crypto'
import { Worker } from 'node:worker_threads'

/** Bytes from this length on are hashed on another thread: below it the way there takes longer than the hash. */
const otherThreadBytes = 131_072
/** Blocks kept for the next user. More than transfers usually have in flight would only be held for nothing. */
const spareBlocks = 12
/** Only blocks of at least this size are worth keeping, in bytes. */
const spareBytes = 1_048_576

/**
 * What a thread does. As text: one source for the build, for tests and for tools, none of which have a file for it in the same place.
 * A question is [id, hash, bytes or null]: hash 0 = of these bytes alone; else one that goes on until null asks for its end.
 */
const source = `
const { createHash } = require('node:crypto')
const { parentPort } = require('node:worker_threads')
const open = new Map()
parentPort.on('message', ([id, hash, bytes]) => {
  if (hash === 0) return parentPort.postMessage([id, createHash('sha256').update(bytes).digest()])
  if (!open.has(hash)) open.set(hash, createHash('sha256'))
  if (bytes) open.get(hash).update(bytes)
  const digest = bytes ? null : open.get(hash).digest()
  if (!bytes) open.delete(hash)
  parentPort.postMessage([id, digest])
})
`

/** What a thread may use for itself: blocks are not its own, and it keeps nothing. */
const resourceLimits = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 }

type Answer = readonly [id: number, digest: Uint8Array | null]

interface Waiting {
  readonly resolve: (digest: Uint8Array | null) => void
  readonly reject: (error: Error) => void
}

class HashThread {
  #worker: Worker | null = null
  #asked = 0
  readonly #waiting = new Map<number, Waiting>()

  ask(hash: number, bytes: Uint8Array | null): Promise<Uint8Array | null> {
    const worker = (this.#worker ??= this.#start())
    const id = ++this.#asked
    // a thread at rest does not keep the process alive, one at work does
    if (this.#waiting.size === 0) worker.ref()
    const answer = new Promise<Uint8Array | null>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
    })
    worker.postMessage([id, hash, bytes])
    return answer
  }

  #start(): Worker {
    const worker = new Worker(source, { eval: true, name: 'ringdrop hash', resourceLimits })
    worker.on('message', ([id, digest]: Answer) => {
      this.#waiting.get(id)?.resolve(digest)
      this.#waiting.delete(id)
      if (this.#waiting.size === 0) worker.unref()
    })
    worker.on('error', (error: Error) => {
      this.#worker = null
      for (const { reject } of this.#waiting.values()) reject(error)
      this.#waiting.clear()
    })
    return worker
  }
}

const blockThread = new HashThread()
const wholeThread = new HashThread()

/** SHA-256 of a block; a large one's is made on another thread while the caller goes on. It must not change until then. */
export async function blockDigest(block: Uint8Array): Promise<Uint8Array> {
  if (block.length < otherThreadBytes) return createHash('sha256').update(block).digest()
  return (await blockThread.ask(0, block)) as Uint8Array
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
    if (this.#there === 0 && bytes.length >= otherThreadBytes) this.#there = ++wholeHashes
    if (this.#there === 0) this.#here.update(bytes)
    else await wholeThread.ask(this.#there, bytes)
  }

  /** No more bytes come. To be called once, in any case. */
  end(): void {
    if (this.#there === 0) this.#resolve(this.#here.digest('hex'))
    else this.#resolve(wholeThread.ask(this.#there, null).then((digest) => Buffer.from(digest as Uint8Array).toString('hex')))
  }
}

const spare: Buffer[] = []

/** Memory for a block, shared with the hash threads. Its bytes are whatever was there. Give it back with `releaseBlock`, or forget it. */
export function takeBlock(lengthBytes: number): Buffer {
  // what is hashed here needs no shared memory, which is slow to make
  if (lengthBytes < otherThreadBytes) return Buffer.allocUnsafe(lengthBytes)
  const at = lengthBytes <= spareBytes ? spare.length - 1 : -1
  const block = at >= 0 ? (spare.pop() as Buffer) : Buffer.from(new SharedArrayBuffer(Math.max(lengthBytes, spareBytes)))
  return block.subarray(0, lengthBytes)
}

/** The block's memory may be used for another: nobody reads or writes it any more. Harmless for memory of another kind. */
export function releaseBlock(block: Uint8Array): void {
  const { buffer } = block
  if (!(buffer instanceof SharedArrayBuffer) || buffer.byteLength !== spareBytes || spare.length >= spareBlocks) return
  spare.push(Buffer.from(buffer))
}
