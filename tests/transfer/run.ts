/** One seed: files are stored, changed and requested while everything breaks; then all faults end, and everything is checked. */

import { basename, dirname } from 'node:path'
import { inspect } from 'node:util'
import { pick, pickNumber, type Prng } from '../../electron/peer/ring/prng.ts'
import { liveVersions, type FileRecord } from '../../electron/peer/protocol/record.ts'
import type { FileMachine } from '../fakes/file-ring.ts'
import { fileName, hashOf, People, type RequestTry, type StoreTry, type Wish } from './people.ts'
import { drawChange, drawContent, drawPlan, type Plan } from './plan.ts'
import { Flaw, World } from './world.ts'

export interface Outcome {
  readonly seed: number
  /** Null: all that was promised holds. */
  readonly flaw: string | null
  /** The same for the same seed and the same code. */
  readonly hash: string
  readonly story: readonly string[]
  readonly turns: number
}

/** Tries of a last request where copies rotted: the first finds that a copy is bad, and has it replaced. */
const triesAfterRot = 4
/** Lines, records and block lists of a store, in bytes: what is moved beside blocks. */
const besidesBlocks = 20_000

export async function runSeed(seed: number): Promise<Outcome> {
  const { plan, random } = drawPlan(seed)
  const run = new TransferRun(plan, random)
  const unheard: unknown[] = []
  const listen = (error: unknown): void => void unheard.push(error)
  process.on('unhandledRejection', listen)
  let flaw: string | null = null
  try {
    await run.go()
    const [defect] = [...run.world.ring.defects, ...unheard]
    if (defect !== undefined) flaw = `A defect: ${inspect(defect)}`
  } catch (error) {
    flaw = error instanceof Flaw ? error.message : `The test itself broke: ${error instanceof Error ? (error.stack ?? '') : String(error)}`
  } finally {
    process.off('unhandledRejection', listen)
  }
  const { story, turns } = run.world
  return { seed, flaw, hash: hashOf(Buffer.from(story.join('\n'))), story, turns }
}

class TransferRun {
  readonly world: World
  readonly #people: People
  readonly #plan: Plan
  readonly #random: Prng
  #targets = 0
  #early: string | null = null

  constructor(plan: Plan, random: Prng) {
    this.#plan = plan
    this.#random = random
    this.world = new World(plan, random)
    this.#people = new People(this.world)
    this.world.onNamed = () => {
      for (const machine of this.world.ring.machines.values()) if (!machine.isDead) this.#checkNamed(machine)
    }
  }

  async go(): Promise<void> {
    const { world } = this
    await world.open()
    const wishes: Wish[] = []
    for (let count = 0; count < this.#plan.requests; count++) wishes.push(await world.waitFor(this.#wish()))
    const first = drawContent(this.#random, this.#plan.blockBytes)
    const isRough = this.#random.next() < 0.4
    if (isRough) world.beginFaults()
    await world.waitFor(this.#people.store(this.#anyone(), first))
    if (!isRough) world.beginFaults()
    await world.waitFor(this.#bustle(first, wishes))
    world.say('all that was begun has ended')
    await world.endFaults()
    await this.#tryAgain()
    await this.#readEverywhere()
    await world.calm()
    if (this.#early !== null) throw new Flaw(this.#early)
    for (const machine of world.ring.machines.values()) {
      await this.#checkRoom(machine)
      this.#checkTargets(machine)
    }
  }

  #anyone(): number {
    return pick(this.#random, this.#plan.machines) ?? 0
  }

  /** Requests and changes, begun at odd moments. */
  async #bustle(first: Buffer, wishes: readonly Wish[]): Promise<void> {
    const work: Promise<unknown>[] = []
    let latest = first
    for (let change = 0; change < this.#plan.changes; change++) {
      latest = drawChange(this.#random, latest, this.#plan.blockBytes)
      work.push(this.#later(this.#storeFrom(this.#anyone(), latest)))
    }
    for (const wish of wishes) work.push(this.#later(() => this.#people.request(wish)))
    await Promise.all(work)
  }

  #storeFrom(machine: number, bytes: Buffer): () => Promise<unknown> {
    return () => this.#people.store(machine, bytes)
  }

  async #later(work: () => Promise<unknown>): Promise<void> {
    for (let turn = pickNumber(this.#random, 150); turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve))
    await work()
  }

  /** A request into a place of its own, where a person may have a file already. */
  async #wish(): Promise<Wish> {
    const machine = this.#anyone()
    const path = `/target-${++this.#targets}/notes.txt`
    const { disk } = this.world.ring.machine(machine)
    if (this.#random.next() < 0.4) {
      const bytes = Buffer.from('what this person wrote')
      await disk.makeFolder(dirname(path))
      const file = await disk.open(path, 'new')
      await file.write(bytes, 0)
      await file.sync()
      await disk.syncFolder(dirname(path))
      this.#people.own.set(`${machine} ${path}`, bytes)
    }
    const afterBytes = pickNumber(this.#random, 30 * this.#plan.blockBytes)
    const how = this.#random.next() < 0.5 ? ('cancel' as const) : ('hold' as const)
    return { machine, path, overwrite: this.#random.next() < 0.5, ...(this.#random.next() < 0.3 ? { stop: { afterBytes, how } } : {}) }
  }

  /** What did not work is asked once more: now it works, and moves no more than was missing. */
  async #tryAgain(): Promise<void> {
    const { world } = this
    const unended = this.#people.stores.filter((store) => store.holders === null)
    for (const store of unended) {
      const missing = this.#missingBytes(store)
      world.storedTo.clear()
      const again = await world.waitFor(this.#people.store(this.#anyone(), store.bytes))
      if (again.error) throw new Flaw(`A store does not work without faults: ${again.error.message}`)
      for (const [value, moved] of world.storedTo) {
        const most = (missing.get(value) ?? 0) + besidesBlocks
        if (moved > most) throw new Flaw(`The second try of a store moved ${moved} bytes to ${value}, which lacked ${most - besidesBlocks}`)
      }
      await world.calm()
    }
    for (const request of this.#people.requests.filter(({ outcome }) => outcome !== 'done')) await this.#requestAgain(request)
  }

  async #requestAgain({ machine, path, overwrite }: RequestTry): Promise<void> {
    const sha256 = this.#people.stores.map((store) => store.sha256)
    const goodBefore = new Map(sha256.map((hash) => [hash, this.#people.goodBytes(machine, path, hash)]))
    const again = await this.#read({ machine, path, overwrite })
    if (again.sha256 === null || again.outcome !== 'done') return
    const good = goodBefore.get(again.sha256) ?? 0
    if (again.keptBytes < good) throw new Flaw(`${good} bytes of ${path} were here, and only ${again.keptBytes} were taken over`)
    if (again.keptBytes + again.movedBytes !== again.sizeBytes) throw new Flaw(`${path} counted bytes twice`)
  }

  /** Bytes of blocks that each machine lacks of what is stored. */
  #missingBytes({ bytes, sha256 }: StoreTry): Map<number, number> {
    const missing = new Map<number, number>()
    const { blockBytes } = this.#plan
    for (const value of this.#plan.machines) {
      const { disk, contents } = this.world.ring.machine(value)
      const part = disk.bytes(`/content/unfinished/${sha256}`)
      let lacking = 0
      for (let at = 0; at < bytes.length; at += blockBytes) {
        const block = bytes.subarray(at, at + blockBytes)
        if (Buffer.compare(part?.subarray(at, at + block.length) ?? Buffer.alloc(0), block) !== 0) lacking += block.length
      }
      const isHere = [...contents.hashes()].includes(sha256) && !this.world.rotten.has(`${value} ${sha256}`)
      missing.set(value, isHere ? 0 : lacking)
    }
    return missing
  }

  /** Every version that was acknowledged, from every machine. */
  async #readEverywhere(): Promise<void> {
    const record = await this.#record()
    for (const store of this.#people.stores) this.#checkLive(store, record)
    if (!record) return
    const live = liveVersions(record)
    for (const version of [...live, ...record.earlier]) {
      if (!this.#people.stores.some(({ sha256, holders }) => sha256 === version.sha256 && holders)) continue
      for (const machine of this.#plan.machines) {
        await this.#read({ machine, path: `/target-all/${version.version}.txt`, overwrite: true, version: version.version }, version.sha256)
      }
    }
  }

  /**
   * The last version that was acknowledged, with nothing stored at the same time or later, is there: alone, or beside one that its writer
   * could not ask for.
   */
  #checkLive(store: StoreTry, record: FileRecord | null): void {
    if (
      !store.holders ||
      this.#people.stores.some((other) => other !== store && other.ended >= store.begun && other.sha256 !== store.sha256)
    )
      return
    const live = record ? liveVersions(record).map((version) => version.sha256) : []
    if (!live.includes(store.sha256)) throw new Flaw(`${store.sha256} was stored last, and there is ${live.join(' ') || 'none'}`)
  }

  async #record(): Promise<FileRecord | null> {
    const [any] = this.#plan.machines
    const { catalogue, records } = this.world.ring.machine(any ?? 0).context
    return catalogue.get(fileName)?.record ?? (await records.get(fileName))?.record ?? null
  }

  /** A request without faults: works, unless all copies that anybody was promised rotted. */
  async #read(wish: Wish, wanted: string | null = null): Promise<RequestTry> {
    const mayTry = this.world.rotten.size > 0 ? triesAfterRot : 1
    let last: RequestTry | null = null
    for (let count = 0; count < mayTry && last?.outcome !== 'done'; count++) {
      if (last) await this.world.calm()
      last = await this.world.waitFor(this.#people.request(wish))
    }
    if (!last) throw new RangeError('nothing tried')
    if (last.outcome !== 'done' && !(await this.#isExcused(wanted ?? last.sha256))) {
      throw new Flaw(`${wish.machine} does not get ${wanted ?? 'the file'}: ${last.error?.message ?? last.outcome}`)
    }
    return last
  }

  /** Whether every machine that promised to hold a content had its copy rot; null: of a version that there is now. */
  async #isExcused(sha256: string | null): Promise<boolean> {
    if (sha256 === null) {
      const record = await this.#record()
      const live = record ? liveVersions(record) : []
      return (await Promise.all(live.map((version) => this.#isExcused(version.sha256)))).includes(true)
    }
    const holders = this.#people.stores.flatMap((store) => (store.sha256 === sha256 ? [...(store.holders ?? [])] : []))
    return holders.every((holder) => this.world.rotten.has(`${holder} ${sha256}`))
  }

  /** Room that was held is free again, nothing lies about, and what is said to be used is used. */
  async #checkRoom(machine: FileMachine): Promise<void> {
    const { contents, disk } = machine
    const { space } = contents
    const taken = (await this.world.waitFor(space.allowedBytes())) - (await this.world.waitFor(space.leftBytes()))
    const sizes = [...contents.hashes()].reduce((sum, sha256) => sum + contents.sizeOf(sha256), 0)
    if (taken !== sizes || space.usedBytes !== sizes) {
      throw new Flaw(`${this.world.valueOf(machine)} keeps ${sizes} bytes, says ${space.usedBytes}, and counts ${taken} as taken`)
    }
    const [left] = disk.files().filter((path) => path.startsWith('/content/partial/'))
    if (left) throw new Flaw(`${left} lies about on ${this.world.valueOf(machine)}`)
  }

  /** A file that has its name is on the disk already: else the power could leave half of it under that name. */
  #checkNamed({ disk }: FileMachine): void {
    for (const path of disk.files()) {
      if (!path.startsWith('/target') || path.endsWith('.ringdrop-part') || disk.isSynced(path)) continue
      this.#early ??= `${path} got its name before its bytes were on the disk`
    }
  }

  /** Whatever lies where people asked for it is a whole version, or theirs; hidden parts only of what may go on. */
  #checkTargets(machine: FileMachine): void {
    const value = this.world.valueOf(machine)
    const { own, requests, stores } = this.#people
    const versions = new Set(stores.map((store) => store.sha256))
    for (const path of machine.disk.files().filter((file) => file.startsWith('/target'))) {
      const bytes = machine.disk.bytes(path) ?? Buffer.alloc(0)
      if (basename(path).endsWith('.ringdrop-part')) {
        const mayGoOn = requests.some(
          (request) => request.machine === value && dirname(request.path) === dirname(path) && request.outcome !== 'done',
        )
        const isDone = requests.some(
          (r) =>
            r.machine === value && r.outcome === 'done' && dirname(r.path) === dirname(path) && path.includes(r.sha256?.slice(0, 8) ?? '-'),
        )
        if (!mayGoOn || isDone) throw new Flaw(`${path} was left on ${value}`)
      } else if (!versions.has(hashOf(bytes)) && hashOf(bytes) !== hashOf(own.get(`${value} ${path}`) ?? Buffer.from('-'))) {
        throw new Flaw(`${path} on ${value} is no version of the file: ${bytes.length} bytes`)
      }
    }
    for (const [place, bytes] of own) {
      const [holder, path = ''] = place.split(' ')
      if (Number(holder) !== value || requests.some((request) => request.machine === value && request.path === path && request.overwrite))
        continue
      if (Buffer.compare(machine.disk.bytes(path) ?? Buffer.alloc(0), bytes) !== 0)
        throw new Flaw(`${path} of a person on ${value} was changed`)
    }
  }
}
