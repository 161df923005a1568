/** What people ask for in a seed, and what must hold the moment they are answered. */

import { createHash } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { AppError } from '../../shared/errors.ts'
import { downloadTo } from '../../electron/peer/transfer/download.ts'
import { Interrupted } from '../../electron/peer/transfer/interrupted.ts'
import { findFile } from '../../electron/peer/transfer/request-file.ts'
import { storeFile } from '../../electron/peer/transfer/store-file.ts'
import type { FileMachine } from '../fakes/file-ring.ts'
import { Flaw, type World } from './world.ts'

export interface StoreTry {
  readonly machine: number
  readonly bytes: Buffer
  readonly sha256: string
  readonly begun: number
  ended: number
  /** Who holds it for sure; null: nobody said so. */
  holders: ReadonlySet<number> | null
  error: AppError | null
}

export interface RequestTry {
  readonly machine: number
  readonly path: string
  readonly overwrite: boolean
  readonly version: string | null
  outcome: 'open' | 'done' | 'failed' | 'lost'
  error: AppError | null
  sha256: string | null
  sizeBytes: number
  keptBytes: number
  movedBytes: number
  /** Where it is now. */
  written: string | null
}

export interface Wish {
  readonly machine: number
  readonly path: string
  readonly overwrite: boolean
  readonly version?: string | null
  /** Stopped after so many bytes: given up, or held. */
  readonly stop?: { readonly afterBytes: number; readonly how: 'cancel' | 'hold' }
}

export const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
export const fileName = 'notes of the year.txt'

export class People {
  readonly stores: StoreTry[] = []
  readonly requests: RequestTry[] = []
  /** Files that people had before, by machine and path. */
  readonly own = new Map<string, Buffer>()
  readonly #world: World
  readonly #lost = new Map<FileMachine, (() => void)[]>()
  #files = 0

  constructor(world: World) {
    this.#world = world
    world.onDeath = (machine) => {
      for (const lost of this.#lost.get(machine) ?? []) lost()
    }
  }

  /** A version's bytes by their hash; a Flaw when nobody ever stored them. */
  bytesOf(sha256: string): Buffer {
    const found = this.stores.find((store) => store.sha256 === sha256)
    if (!found) throw new Flaw(`A version ${sha256} that nobody stored`)
    return found.bytes
  }

  async store(value: number, bytes: Buffer): Promise<StoreTry> {
    const machine = this.#world.ring.machine(value)
    const attempt: StoreTry = {
      machine: value,
      bytes,
      sha256: hashOf(bytes),
      begun: this.#world.turns,
      ended: Infinity,
      holders: null,
      error: null,
    }
    this.stores.push(attempt)
    await this.#unlessLost(machine, async () => {
      const path = `/stored-${++this.#files}`
      const file = await machine.disk.open(path, 'new')
      await file.write(bytes, 0)
      await file.close()
      const stored = await storeFile(machine.context, path, { name: fileName, onClash: 'replace' })
      if (stored.manifest.sha256 !== attempt.sha256) throw new Flaw('A version with another hash was stored')
      if (stored.holders.length === 0) throw new Flaw('Stored, and nobody holds it')
      attempt.holders = new Set(stored.holders.map((id) => Number(this.#world.ring.space.toBigInt(id))))
      attempt.ended = this.#world.turns
    }).catch((error: unknown) => (attempt.error = clear(error)))
    attempt.ended = this.#world.turns
    const end = attempt.holders ? `is on ${[...attempt.holders].join(' ')}` : `ends: ${attempt.error?.message ?? 'the machine died'}`
    this.#world.say(`the store of ${attempt.sha256.slice(0, 6)} (${bytes.length}) on ${value} ${end}`)
    return attempt
  }

  async request(wish: Wish): Promise<RequestTry> {
    const { machine: value, path, overwrite, version = null } = wish
    const machine = this.#world.ring.machine(value)
    const attempt: RequestTry = {
      ...{ machine: value, path, overwrite, version, outcome: 'open', error: null, sha256: null },
      ...{ sizeBytes: 0, keptBytes: 0, movedBytes: 0, written: null },
    }
    this.requests.push(attempt)
    const isLost = await this.#unlessLost(machine, () => this.#fetch(machine, attempt, wish)).catch((error: unknown) => {
      attempt.error = clear(error)
      attempt.outcome = 'failed'
      this.#checkKept(machine, attempt, wish)
    })
    if (isLost === 'lost') attempt.outcome = 'lost'
    const { outcome, error, keptBytes, movedBytes, sizeBytes } = attempt
    this.#world.say(
      `the request of ${value} into ${path}: ${outcome} ${error?.message ?? ''} (${keptBytes} kept, ${movedBytes} moved of ${sizeBytes})`,
    )
    return attempt
  }

  async #fetch(machine: FileMachine, attempt: RequestTry, { stop }: Wish): Promise<void> {
    const found = await findFile(machine.context, fileName, attempt.version)
    attempt.sha256 = found.version.sha256
    attempt.sizeBytes = found.manifest.sizeBytes
    const controller = new AbortController()
    const onBlock = (_: unknown, bytes: number): void => {
      attempt.movedBytes += bytes
      if (stop && attempt.movedBytes >= stop.afterBytes) controller.abort(stop.how === 'hold' ? new Interrupted('held') : undefined)
    }
    const onKept = (bytes: number): void => {
      attempt.keptBytes = bytes
    }
    const { path } = await downloadTo(machine.context, found, {
      ...{ path: attempt.path, overwrite: attempt.overwrite, signal: controller.signal },
      ...{ onWritten: () => undefined, onKept, onBlock },
    })
    attempt.outcome = 'done'
    attempt.written = path
    const wanted = this.bytesOf(found.version.sha256)
    const got = machine.disk.durable(path)
    if (got === null) throw new Flaw(`${path} was delivered, and is not durable`)
    if (Buffer.compare(got, wanted) !== 0) throw new Flaw(`${path} was delivered with wrong bytes`)
    if (attempt.keptBytes + attempt.movedBytes < wanted.length) throw new Flaw(`${path} counts fewer bytes than it has`)
  }

  /** What arrived before a break is there for the next try. */
  #checkKept(machine: FileMachine, attempt: RequestTry, { stop }: Wish): void {
    const { error, sha256, machine: value } = attempt
    const isHeld = stop?.how === 'hold' && error?.code === 'cancelled'
    if (sha256 === null || this.#world.hurt.has(value) || machine.isDead) return
    if (!isHeld && !['out-of-reach', 'peer-unreachable', 'corrupt'].includes(error?.code ?? '')) return
    const good = this.goodBytes(value, attempt.path, sha256)
    const counted = attempt.keptBytes + attempt.movedBytes
    if (good < counted) throw new Flaw(`${counted} bytes of ${attempt.path} were here, and ${good} are left after: ${error?.message ?? ''}`)
  }

  /** Bytes in whole good blocks that the next try of a request finds. */
  goodBytes(value: number, path: string, sha256: string): number {
    const { disk } = this.#world.ring.machine(value)
    const { blockBytes } = this.#world.plan
    const part = disk.bytes(join(dirname(path), `.${basename(path)}.${sha256.slice(0, 8)}.ringdrop-part`))
    if (part === null) return 0
    const wanted = this.bytesOf(sha256)
    let good = 0
    for (let at = 0; at < wanted.length; at += blockBytes) {
      const block = wanted.subarray(at, at + blockBytes)
      const isHole = block.length === blockBytes && block.every((byte) => byte === 0)
      if (isHole || Buffer.compare(part.subarray(at, at + blockBytes), block) === 0) good += block.length
    }
    return good
  }

  /** Rejects as `work` does; `lost` when the machine died before its end. */
  async #unlessLost(machine: FileMachine, work: () => Promise<void>): Promise<'lost' | 'ended'> {
    const lost = new Promise<'lost'>((resolve) => {
      this.#lost.set(machine, [...(this.#lost.get(machine) ?? []), () => resolve('lost')])
      if (machine.isDead) resolve('lost')
    })
    const ended = work().then(
      () => 'ended' as const,
      (error: unknown) => {
        if (machine.isDead && error instanceof AppError) return lost
        throw error
      },
    )
    return Promise.race([ended, lost])
  }
}

/** The error that a person reads. */
function clear(error: unknown): AppError {
  if (error instanceof Flaw) throw error
  if (!(error instanceof AppError))
    throw new Flaw(`Not an error of ours: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  if (error.code === 'internal' || error.message.length < 5) throw new Flaw(`Not a clear error: ${error.code} ${error.message}`)
  return error
}
