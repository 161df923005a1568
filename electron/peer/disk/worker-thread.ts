/** A thread of our own that answers questions, started at the first of them. At rest it does not keep the process alive. */

import { Worker, type Transferable } from 'node:worker_threads'

/** What a thread may use for itself, in MB: what it works on is mostly not its own, and it keeps nothing. */
const resourceLimits = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 }

interface Waiting {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
}

export class WorkerThread {
  readonly #name: string
  readonly #source: string
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker | null = null
  #asked = 0

  /**
   * `source` is what the thread does, as text: one source for the build, for tests and for tools, none of which have a file for it in the
   * same place. It is asked `[id, question]` and answers `[id, answer]`.
   */
  constructor(name: string, source: string) {
    this.#name = name
    this.#source = source
  }

  /** What the thread answers. Rejects when it ends before. */
  ask(question: unknown, transfer: readonly Transferable[] = []): Promise<unknown> {
    const worker = (this.#worker ??= this.#start())
    const id = ++this.#asked
    if (this.#waiting.size === 0) worker.ref()
    const answer = new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
    })
    worker.postMessage([id, question], transfer)
    return answer
  }

  #start(): Worker {
    const worker = new Worker(this.#source, { eval: true, name: this.#name, resourceLimits })
    worker.on('message', ([id, answer]: readonly [id: number, answer: unknown]) => {
      this.#waiting.get(id)?.resolve(answer)
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
