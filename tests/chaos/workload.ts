/** What people do meanwhile: store, replace, remove, restore and request, from any machine, some of it at the same names at once. */

import { readFile, rm } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pick, pickNumber, Prng } from '../../electron/peer/ring/prng.ts'
import type { PlainError } from '../../shared/errors.ts'
import type { ContentMaker } from './content.ts'
import type { Operation } from './ledger.ts'
import type { Answered, Machines } from './machines.ts'

/** Names that one machine writes, mostly; each operation on one of them waits for the one before. */
const namesPerMachine = 10
/** Names that all write, at the same time: conflicts. */
const sharedNames = 8
/** The longest a person waits before the next thing to do, in ms. */
const idleMsMax = 400
const workers = 8

export interface WorkloadOptions {
  readonly seed: number
  readonly machines: Machines
  readonly copies: number
  readonly contents: ContentMaker
  /** For files on their way in and out. */
  readonly folder: string
  readonly sizeBytesMax: number
  readonly onFlaw: (text: string) => void
  readonly onOperation: (operation: Operation & { readonly machine: number; readonly error: PlainError | null }) => void
}

export interface Counts {
  acknowledged: number
  unknown: number
  refused: number
  requested: number
  requestsFailed: number
}

interface Task {
  readonly kind: Operation['kind'] | 'request'
  readonly name: string
  readonly machine: number
  readonly sizeBytes: number
}

export class Workload {
  readonly counts: Counts = { acknowledged: 0, unknown: 0, refused: 0, requested: 0, requestsFailed: 0 }
  /** Contents that each name ever had, or may have had. */
  readonly ever = new Map<string, Set<string>>()
  readonly #options: WorkloadOptions
  readonly #random: Prng
  readonly #busy = new Set<string>()
  #operations: Operation[] = []
  #number = 0

  constructor(options: WorkloadOptions) {
    this.#options = options
    this.#random = new Prng(options.seed)
  }

  /** Operations since the last call. */
  takeOperations(): Operation[] {
    return this.#operations.splice(0)
  }

  /** Works until `signal` aborts, then until what was begun has been answered. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(
      Array.from({ length: workers }, async () => {
        while (!signal.aborted) {
          const task = this.#draw()
          if (task) await this.#do(task)
          await wait(this.#random.next() * idleMsMax)
        }
      }),
    )
  }

  /** One store, remove or restore. Result: what came of it. */
  async operate(task: {
    readonly kind: Operation['kind']
    readonly name: string
    readonly machine: number
    readonly sizeBytes: number
  }): Promise<Operation> {
    const { kind } = task
    if (kind === 'remove' || kind === 'restore') return this.#change(kind, task)
    const path = join(this.#options.folder, `in-${++this.#number}`)
    const sha256 = await this.#options.contents.write(path, this.#number, task.sizeBytes)
    this.#ever(task.name).add(sha256)
    const store = (machine: number): Promise<Operation> => this.#store({ ...task, kind, machine, path, sha256 })
    let operation = await store(task.machine)
    // a person tries again, perhaps at another machine
    const other = pick(this.#random, this.#options.machines.up())
    if (operation.outcome === 'unknown' && other !== undefined && this.#random.next() < 0.4) operation = await store(other)
    await rm(path, { force: true })
    return operation
  }

  /** Fetches a name and checks that its bytes were stored under it at some time. Result: the SHA-256, or null when it could not be had. */
  async request(machine: number, name: string): Promise<string | null> {
    const { machines, folder, onFlaw } = this.#options
    const out = join(folder, `out-${++this.#number}`)
    const { items, error } = await machines.ask(machine, 'request', { names: [name], out })
    const [item] = items
    if (!item) {
      this.counts.requestsFailed++
      if (error?.code === 'internal' || error?.code === 'corrupt') onFlaw(`M${machine} was asked for ${name}: ${JSON.stringify(error)}`)
      return null
    }
    this.counts.requested++
    const sha256 = createHash('sha256')
      .update(await readFile(out))
      .digest('hex')
    await rm(out)
    if (sha256 !== item.sha256) onFlaw(`M${machine} gave other bytes of ${name} (${sha256}) than it said (${item.sha256})`)
    if (!this.#ever(name).has(sha256)) onFlaw(`M${machine} gave bytes of ${name} that were never stored: ${sha256}`)
    return sha256
  }

  #ever(name: string): Set<string> {
    const known = this.ever.get(name) ?? new Set()
    this.ever.set(name, known)
    return known
  }

  #draw(): Task | null {
    const random = this.#random
    const { machines } = this.#options
    const up = machines.up()
    const owner = pickNumber(random, machines.count)
    const isShared = random.next() < 0.15
    const name = isShared ? `shared/${pickNumber(random, sharedNames)}.bin` : `M${owner}/${pickNumber(random, namesPerMachine)}.bin`
    const elsewhere = pick(random, up)
    const machine = random.next() < 0.7 && machines.isUp(owner) ? owner : elsewhere
    const share = random.next()
    const kind = share < 0.3 ? 'replace' : share < 0.45 ? 'add' : share < 0.55 ? 'remove' : share < 0.63 ? 'restore' : 'request'
    const sizeBytes = this.#size()
    if (machine === undefined || this.#busy.has(name)) return null
    if (!isShared) this.#busy.add(name)
    return { kind, name, machine, sizeBytes }
  }

  #size(): number {
    const random = this.#random
    const share = random.next()
    const below = share < 0.1 ? 1 : share < 0.6 ? 100_000 : share < 0.9 ? 2_000_000 : this.#options.sizeBytesMax
    return pickNumber(random, Math.min(below, this.#options.sizeBytesMax))
  }

  async #do({ kind, name, machine, sizeBytes }: Task): Promise<void> {
    try {
      if (kind === 'request') await this.request(machine, name)
      else await this.operate({ kind, name, machine, sizeBytes })
    } finally {
      this.#busy.delete(name)
    }
  }

  async #store(task: {
    readonly kind: 'add' | 'replace'
    readonly name: string
    readonly machine: number
    readonly path: string
    readonly sha256: string
  }): Promise<Operation> {
    const { machines, copies, onFlaw } = this.#options
    const begunAt = performance.now()
    const { items, error } = await machines.ask(task.machine, 'store', {
      paths: [task.path],
      as: task.name,
      replace: task.kind === 'replace',
    })
    const [item] = items
    if (item?.state === 'stored' && item.copies < copies) {
      onFlaw(`M${task.machine} said that ${task.name} is stored with ${item.copies} of ${copies} copies: ${JSON.stringify(item)}`)
    }
    if (item && item.sha256 !== task.sha256) onFlaw(`M${task.machine} stored ${item.sha256} as ${task.name}, and was given ${task.sha256}`)
    // a partial store promises nothing yet
    const outcome = item?.state === 'stored' ? 'acknowledged' : error?.code === 'already-exists' ? 'refused' : 'unknown'
    return this.#note({ ...task, begunAt, outcome }, error)
  }

  async #change(kind: 'remove' | 'restore', { name, machine }: { readonly name: string; readonly machine: number }): Promise<Operation> {
    const begunAt = performance.now()
    const { machines } = this.#options
    const asked = kind === 'remove' ? machines.ask(machine, 'remove', { name }) : this.#restore(machine, name)
    const { items, error } = await asked
    const outcome = items.length > 0 ? 'acknowledged' : error?.code === 'not-found' ? 'refused' : 'unknown'
    return this.#note({ kind, name, machine, sha256: null, begunAt, outcome }, error)
  }

  /** Takes back what was removed, or makes an earlier version, or one of several, the current one. */
  async #restore(machine: number, name: string): Promise<Answered<'restore'>> {
    const { machines } = this.#options
    const known = await machines.ask(machine, 'versions', { name })
    const chosen = pick(
      this.#random,
      known.items.filter((item) => item.state !== 'current'),
    )
    const version = this.#random.next() < 0.5 ? (chosen?.version ?? null) : null
    return machines.ask(machine, 'restore', { name, version, keepBoth: false })
  }

  #note(done: Omit<Operation, 'endedAt'> & { readonly machine: number }, error: PlainError | null): Operation {
    const { name, kind, sha256, begunAt, outcome, machine } = done
    const operation: Operation = { name, kind, sha256, begunAt, endedAt: performance.now(), outcome }
    this.counts[outcome]++
    this.#operations.push(operation)
    this.#options.onOperation({ ...operation, machine, error })
    if (error && ['internal', 'bad-argument', 'corrupt', 'protocol'].includes(error.code)) {
      this.#options.onFlaw(`M${machine} answered ${kind} of ${name} with ${JSON.stringify(error)}`)
    }
    return operation
  }
}
