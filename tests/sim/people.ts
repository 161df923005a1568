/** What people do in a run with files: store, ask, remove, take back, from any machine. Every answer goes to the oracle. */

import { createHash } from 'node:crypto'
import type { Identifier } from '../../electron/peer/protocol/identifier.ts'
import { liveVersions } from '../../electron/peer/protocol/record.ts'
import { pick, pickNumber, Prng } from '../../electron/peer/ring/prng.ts'
import { removeFile, restoreFile } from '../../electron/peer/transfer/change-record.ts'
import { readSmallFiles } from '../../electron/peer/transfer/read-small-files.ts'
import { requestPack } from '../../electron/peer/transfer/request-pack.ts'
import { storeFile, type StoredFile } from '../../electron/peer/transfer/store-file.ts'
import { storePack, type PackOutcome, type SmallFile } from '../../electron/peer/transfer/store-pack.ts'
import { AppError, toPlainError } from '../../shared/errors.ts'
import { closest, requestFile } from './data-checks.ts'
import { blockBytes, type Machine } from './machine.ts'
import type { Operation, Oracle } from './oracle.ts'
import type { World } from './world.ts'

/** Files asked for of one newcomer. */
const earlyAsksMost = 4
/** What one machine knows, those who should know do after so long, in virtual ms. */
const heardWithinMs = 10_000
/** What two parts of a network knew, all know after so long: a minute to one ring, and the copying. */
const mergedWithinMs = 90_000

/** A person's own file on a machine's disk. */
interface Given {
  readonly path: string
  readonly sha256: string
  readonly sizeBytes: number
}

/** Of a request: when it began, and who was known then. */
interface Asked {
  readonly startedAt: number
  readonly isKnownToAll: (machine: Machine) => boolean
}

export class People {
  readonly counts: Record<string, number> = {}
  readonly #world: World
  readonly #oracle: Oracle
  /** Whether, and of what, something is done in packs: its own, so that plans without packs are the runs that they were. */
  readonly #packs: Prng
  #files = 0

  constructor(world: World, oracle: Oracle) {
    this.#world = world
    this.#oracle = oracle
    this.#packs = new Prng(world.plan.seed * 7919 + 47)
  }

  /** One thing that somebody does now. Result: the name it concerns, or null when nobody is there to do it. */
  act(): string | null {
    const world = this.#world
    const machine = pick(world.random, world.members)
    if (!machine || machine.asleepUntil > world.now) return null
    const dice = world.random.next()
    const isStore = dice < 0.5
    // what is asked for and removed is mostly there
    const known = isStore ? [] : this.#oracle.names()
    const name = pick(world.random, known) ?? `file ${world.randomInt(world.plan.data.names)}`
    const isPack = dice < 0.8 && world.plan.data.packs > 0 && this.#packs.next() < world.plan.data.packs
    if (isPack && isStore) this.#start(machine, () => this.#storePack(machine, this.#withOthers(name)))
    else if (isPack) this.#start(machine, () => this.#requestPack(machine, this.#withOthers(name)))
    else if (isStore) this.#start(machine, () => this.#store(machine, name))
    else if (dice < 0.8) this.#start(machine, () => this.#request(machine, name))
    else if (dice < 0.93) this.#start(machine, () => this.#change(machine, name, 'remove'))
    else this.#start(machine, () => this.#change(machine, name, 'restore'))
    return name
  }

  /** Somebody removes `name`, or stores another content in its place. */
  letGo(name: string): void {
    const world = this.#world
    const awake = world.members.filter((machine) => machine.asleepUntil <= world.now)
    const machine = pick(world.random, awake)
    if (!machine) return
    if (world.random.next() < 0.8) this.#start(machine, () => this.#change(machine, name, 'remove'))
    else this.#start(machine, () => this.#store(machine, name))
  }

  /** `asker`, or whoever came last before (null), asks for files that `newcomer` owns from now on, before it can know of them. */
  askOwner(newcomer: Machine, asker: Machine | null): void {
    const world = this.#world
    // who has been there for a while knows by itself what there is
    const others = world.members.filter((machine) => machine !== newcomer).sort((a, b) => b.memberSince - a.memberSince)
    const machine = asker ?? others[0]
    if (!machine?.isMember || machine.asleepUntil > world.now) return
    const owned = this.#oracle.names().filter((name) => closest(world, name)[0] === newcomer)
    for (const name of owned.slice(0, earlyAsksMost)) this.#start(machine, () => this.#request(machine, name))
  }

  /** Work that goes on while time passes; it ends with the process it runs in. */
  #start(machine: Machine, work: () => Promise<string | null>): void {
    const look = (flaw: string | null): void => {
      if (flaw) this.#world.flaw ??= flaw
    }
    this.#world.begin(machine, () => work().then(look), 'what a person did')
  }

  async #store(machine: Machine, name: string): Promise<string | null> {
    const given = await this.#give(machine, this.#newBytes(this.#world.plan.data.fileBytes))
    return given && this.#storeFile(this.#begin(machine, name, given), given.path)
  }

  /** A person's own file, or null when there is no room for it. */
  async #give(machine: Machine, bytes: Uint8Array): Promise<Given | null> {
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    this.#oracle.contents.set(sha256, bytes)
    const path = `/home/file-${++this.#files}`
    return (await putFile(machine, path, bytes)) ? { path, sha256, sizeBytes: bytes.length } : null
  }

  #begin(machine: Machine, name: string, { sha256, sizeBytes }: Given): Operation {
    const operation = this.#oracle.begin('store', { name, machine, sha256 })
    this.#count('store')
    this.#say(operation, `stores ${name} (${sizeBytes} bytes)`)
    return operation
  }

  async #storeFile(operation: Operation, path: string): Promise<string | null> {
    const { machine, name } = operation
    try {
      return this.#stored(operation, await storeFile(machine.member.context, path, { name, onClash: this.#onClash() }))
    } catch (thrown) {
      return this.#failed(operation, thrown)
    } finally {
      if (machine.process?.alive) await machine.disk.remove(path)
    }
  }

  #onClash(): 'replace' | 'replace-own' {
    return this.#world.random.next() < 0.8 ? 'replace' : 'replace-own'
  }

  #stored(operation: Operation, { holders, wanted }: StoredFile): string | null {
    this.#say(operation, `${operation.name} is on ${this.#names(holders)}, ${holders.length} of ${wanted}`)
    return this.#oracle.end(operation, holders.length >= wanted ? 'stored' : 'partial', holders)
  }

  /** Several small files in one go: each has its own answer, and what a pack is not for is stored alone. */
  async #storePack(machine: Machine, names: readonly string[]): Promise<string | null> {
    const { process } = machine
    const { context } = machine.member
    const waiting = new Map<SmallFile, Operation>()
    for (const name of names) {
      const given = await this.#give(machine, this.#newBytes(blockBytes))
      const [read] = given ? (await readSmallFiles(context.disk, [given.path], context.contents.blockBytes)).files : []
      if (given && read && !(read instanceof AppError)) waiting.set({ path: given.path, name, ...read }, this.#begin(machine, name, given))
    }
    this.#count('pack')
    const flaws: (string | null)[] = []
    const alone: SmallFile[] = []
    const onOutcome = (file: SmallFile, outcome: PackOutcome): void => {
      const operation = waiting.get(file)
      // a process that ended told nobody
      if (!operation || machine.process !== process) return
      if (outcome === 'alone') alone.push(file)
      else flaws.push(outcome instanceof AppError ? this.#failed(operation, outcome) : this.#stored(operation, outcome))
    }
    await storePack(context, [...waiting.keys()], { onClash: this.#onClash(), onOutcome }).catch((thrown: unknown) => {
      for (const operation of waiting.values()) if (operation.outcome === 'pending') flaws.push(this.#failed(operation, thrown))
      alone.length = 0
    })
    for (const [file, operation] of waiting) {
      if (machine.process !== process) break
      if (alone.includes(file)) flaws.push(await this.#storeFile(operation, file.path))
      if (machine.process?.alive) await machine.disk.remove(file.path)
    }
    return flaws.find((flaw) => flaw !== null) ?? null
  }

  /** Several files asked for in one go; who does not come with the others is asked for alone, which also says why. */
  async #requestPack(machine: Machine, names: readonly string[]): Promise<string | null> {
    const { process } = machine
    this.#count('pack request')
    this.#world.happened('request', machine, `asks for ${names.join(', ')}`)
    const came = await requestPack(machine.member.context, names, new AbortController().signal)
    for (const { name, bytes } of came) {
      if (!this.#oracle.contents.has(createHash('sha256').update(bytes).digest('hex')))
        return `${machine.name} got bytes for ${name} that nobody ever stored`
    }
    for (const name of names.filter((other) => !came.some((file) => file.name === other))) {
      if (machine.process !== process) break
      const flaw = await this.#request(machine, name)
      if (flaw) return flaw
    }
    return null
  }

  /** `name` and one to five others, each once. */
  #withOthers(name: string): string[] {
    const others = Array.from(
      { length: 1 + pickNumber(this.#packs, 5) },
      () => `file ${pickNumber(this.#packs, this.#world.plan.data.names)}`,
    )
    return [...new Set([name, ...others])]
  }

  async #change(machine: Machine, name: string, kind: 'remove' | 'restore'): Promise<string | null> {
    const operation = this.#oracle.begin(kind, { name, machine, sha256: '' })
    this.#count(kind)
    this.#say(operation, `${kind}s ${name}`)
    try {
      if (kind === 'remove') await removeFile(machine.member.context, name)
      else await restoreFile(machine.member.context, name, null)
      this.#say(operation, `${name}: ${kind} done`)
      return this.#oracle.end(operation, 'stored')
    } catch (thrown) {
      return this.#failed(operation, thrown)
    }
  }

  #failed(operation: Operation, thrown: unknown): string | null {
    const error = toPlainError(thrown)
    this.#say(operation, `${operation.kind} of ${operation.name} failed: ${error.code}, ${error.message}`)
    if (error.code === 'internal') this.#world.defect(operation.machine, operation.kind, thrown)
    return this.#oracle.end(operation, 'failed')
  }

  async #request(machine: Machine, name: string): Promise<string | null> {
    const startedAt = this.#world.now
    const isKnownToAll = this.#knownToAll()
    this.#count('request')
    this.#world.happened('request', machine, `asks for ${name}`)
    const answer = await requestFile(machine, name, null)
    if ('error' in answer) {
      this.#world.trace(machine, `request of ${name}: ${answer.error.code}`)
      if (answer.error.code === 'internal') return `${machine.name} asked for ${name}: ${answer.error.message}`
      return answer.error.code === 'not-found' ? this.#checkNotFound(machine, name, { startedAt, isKnownToAll }) : null
    }
    return this.#oracle.contents.has(answer.sha256) ? null : `${machine.name} got bytes for ${name} that nobody ever stored`
  }

  /**
   * "Not found" is a lie while a machine has the file that the asking one takes for one of the nearest to the key: it must be asked. It
   * has been there, awake, for a while, and so has what it has; the network has been whole, and the ring one. Machines of which the asking
   * one has never heard promise nothing.
   */
  #checkNotFound(machine: Machine, name: string, { startedAt, isKnownToAll }: Asked): string | null {
    const world = this.#world
    if (!machine.isMember || world.calmSince > startedAt - mergedWithinMs || this.#oracle.isTouched(name, startedAt - heardWithinMs))
      return null
    const { member } = machine
    const asked = new Set(member.ring.replicaSet(member.keyOf(name), world.plan.parameters.copies).map((contact) => contact.id))
    const liar = world.members.find((other) => {
      if (!asked.has(other.id) || !isKnownToAll(other) || Math.max(other.asleepUntil, other.memberSince) > startedAt - heardWithinMs)
        return false
      const record = other.member.catalogue.get(name)?.record
      return record && liveVersions(record).some((version) => other.keepsDurably(version.sha256))
    })
    return liar ? `${machine.name} was told that ${name} is nowhere, while ${liar.name} has it` : null
  }

  /** Who counts now as there for all that have been in a ring for a while: two rings may not have met yet. */
  #knownToAll(): (machine: Machine) => boolean {
    const { members, now } = this.#world
    const settled = members.filter(({ memberSince, asleepUntil }) => Math.max(memberSince, asleepUntil) <= now - heardWithinMs)
    const views = settled.map(({ member }) => member.onlineIds())
    return ({ id }) => views.every((online) => online.has(id))
  }

  #newBytes(mostBytes: number): Uint8Array {
    const { random } = this.#world
    const dice = random.next()
    const length = dice < 0.05 ? 0 : dice < 0.1 ? 1 : Math.floor(random.next() * mostBytes)
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at += 97) bytes[at] = this.#world.randomInt(256)
    // no two are the same
    for (let at = 0; at < Math.min(length, 6); at++) bytes[at] = this.#world.randomInt(256)
    return bytes
  }

  #say(operation: Operation, text: string): void {
    this.#world.happened(operation.kind === 'store' ? 'store' : 'remove', operation.machine, text)
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1
  }

  #names(ids: readonly Identifier[]): string {
    return ids.map((id) => this.#world.machineOf(id)?.name ?? '?').join(', ')
  }
}

/** A person's own file; false when there is no room for it. */
async function putFile(machine: Machine, path: string, bytes: Uint8Array): Promise<boolean> {
  try {
    const file = await machine.disk.open(path, 'write')
    await file.write(bytes, 0)
    return true
  } catch {
    return false
  }
}
