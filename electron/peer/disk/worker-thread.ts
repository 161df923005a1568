/**
 * A thread of our own that answers questions, started at the first of them. At rest it does not keep the process alive, and after a while it
 * ends, since each takes some MB.
 */

import { Worker, type Transferable } from 'node:worker_threads'

/** What a thread may use for itself, in MB: what it works on is mostly not its own, and it keeps nothing. */
const resourceLimits = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 }
/** So long it waits for the next question, in ms: most files come soon after one another. */
export const restMs = 10_000

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
  /** Questions under way, and who holds it. */
  #users = 0
  #rest: NodeJS.Timeout | null = null

  /**
   * `source` is what the thread does, as text: one source for the build, for tests and for tools, none of which have a file for it in the
   * same place. It is asked `[id, question]` and answers `[id, answer]`.
   */
  constructor(name: string, source: string) {
    this.#name = name
    this.#source = source
  }

  get isRunning(): boolean {
    return this.#worker !== null
  }

  /** Until `release`, once each, the thread is there with what it remembers. */
  hold(): void {
    this.#users++
    if (this.#rest) clearTimeout(this.#rest)
    this.#rest = null
  }

  release(): void {
    this.#users--
    if (this.#users === 0) this.#rest = setTimeout(() => this.#end(), restMs).unref()
  }

  /** What the thread answers. Rejects when it ends before. */
  ask(question: unknown, transfer: readonly Transferable[] = []): Promise<unknown> {
    this.hold()
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
      this.release()
    })
    worker.on('error', (error: Error) => {
      this.#worker = null
      const waiting = [...this.#waiting.values()]
      this.#waiting.clear()
      for (const { reject } of waiting) {
        reject(error)
        this.release()
      }
    })
    return worker
  }

  #end(): void {
    this.#rest = null
    void this.#worker?.terminate()
    this.#worker = null
  }
}
