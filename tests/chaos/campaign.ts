/**
 * A campaign: rounds of load under faults, each ended by a healing and a look at everything. What is agreed then is what the next
 * round begins with, so that a flaw is found close to its cause.
 */

import { appendFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pick, pickNumber, Prng } from '../../electron/peer/ring/prng.ts'
import { Cluster } from '../cluster/processes.ts'
import { ContentMaker } from './content.ts'
import { planRound } from './fault-plan.ts'
import { FaultProxy } from './fault-proxy.ts'
import { flawsOf, type Operation } from './ledger.ts'
import { LinkFaults } from './link-faults.ts'
import { Machines, untilCalm } from './machines.ts'
import { Round } from './round.ts'
import { flawsOnDisk, readWorld, untilWhole, type World } from './whole.ts'
import { Workload, type Counts } from './workload.ts'

export interface CampaignOptions {
  readonly seed: number
  readonly machines: number
  readonly copies: number
  /** No round begins after so long. */
  readonly lengthMs: number
  /** Bounds of a round's faults in time; the healing comes on top. */
  readonly roundMs: { readonly min: number; readonly max: number }
  readonly sizeBytesMax: number
  /** Folder in which the machines' folders are made. */
  readonly parent?: string
  readonly say: (text: string) => void
}

export interface CampaignResult {
  readonly rounds: number
  readonly flaws: readonly string[]
  readonly faults: ReadonlyMap<string, number>
  readonly counts: Counts
  /** Requests made when all was whole, each compared. */
  readonly checked: number
  readonly peakBytes: number
  /** Longest time from the end of all faults until every operation was answered and the ring was whole again, in ms. */
  readonly wholeAfterMs: number
  /** Data folders, logs and the timeline: kept when there is a flaw. */
  readonly folder: string
}

/** Above this a process leaks. */
const memoryBytesMax = 300_000_000
/** Ends a hang, and nothing else: of the ring's healing, and of an operation. */
const wholeWithinMs = 300_000
const answeredWithinMs = 600_000
/** Of a flaw, so many characters are said at once; the timeline has all of it. */
const shownMax = 500
/** Machines at which a changed name is requested after a round; the last look is at all. */
const readersEach = 2

export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const campaign = new Campaign(options)
  return campaign.run()
}

class Campaign {
  readonly #options: CampaignOptions
  readonly #random: Prng
  readonly #cluster: Cluster
  readonly #faults: LinkFaults
  readonly #flaws: string[] = []
  readonly #counted = new Map<string, number>()
  #machines!: Machines
  #proxy!: FaultProxy
  #workload!: Workload
  #world: World = new Map()
  #folder = ''
  #checked = 0
  #wholeAfterMs = 0

  constructor(options: CampaignOptions) {
    this.#options = options
    this.#random = new Prng(options.seed)
    this.#cluster = new Cluster(options.parent)
    this.#faults = new LinkFaults(options.seed + 1)
  }

  async run(): Promise<CampaignResult> {
    const { seed, lengthMs } = this.#options
    let rounds = 0
    try {
      await this.#begin()
      const endAt = performance.now() + lengthMs
      do await this.#round(seed * 1_000 + ++rounds)
      while (performance.now() < endAt && this.#flaws.length === 0)
      if (this.#flaws.length === 0) await this.#requestAll([...this.#world.keys()], this.#machines.count)
    } catch (thrown) {
      this.#flaw(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown))
    }
    const peakBytes = this.#machines.peakBytes
    if (peakBytes > memoryBytesMax) this.#flaw(`a process used ${Math.round(peakBytes / 1e6)} MB`)
    this.#machines.finish()
    await this.#cluster.stop({ keep: this.#flaws.length > 0 })
    await this.#proxy.close()
    return {
      rounds,
      flaws: this.#flaws,
      faults: this.#counted,
      counts: this.#workload.counts,
      checked: this.#checked,
      peakBytes,
      wholeAfterMs: this.#wholeAfterMs,
      folder: this.#folder,
    }
  }

  async #begin(): Promise<void> {
    const { seed, machines: count, copies, sizeBytesMax } = this.#options
    this.#folder = await this.#cluster.folder
    const scratch = join(this.#folder, 'scratch')
    await mkdir(scratch)
    // two runs on one machine keep apart by their process ids
    this.#proxy = await FaultProxy.open(count, 2 + (process.pid % 250), this.#faults)
    const onFlaw = (text: string): void => {
      this.#flaw(text)
    }
    this.#machines = new Machines({ cluster: this.#cluster, proxy: this.#proxy, count, copies, onFlaw })
    this.#workload = new Workload({
      seed: seed + 2,
      machines: this.#machines,
      copies,
      contents: new ContentMaker(seed),
      folder: scratch,
      sizeBytesMax,
      onFlaw,
      onOperation: (operation) => {
        this.#write('operation', operation)
      },
    })
    await this.#machines.startAll()
    await this.#untilWhole('at the start')
  }

  async #round(seed: number): Promise<void> {
    const { roundMs, machines, copies, say } = this.#options
    const lengthMs = roundMs.min + this.#random.next() * (roundMs.max - roundMs.min)
    const plan = planRound({ seed, machines, copies, lengthMs })
    this.#write('round', { seed, lengthMs })
    const round = new Round({
      machines: this.#machines,
      proxy: this.#proxy,
      faults: this.#faults,
      copies,
      onFault: (kind, fault) => {
        this.#counted.set(kind, (this.#counted.get(kind) ?? 0) + 1)
        this.#write('fault', fault)
      },
    })
    const over = new AbortController()
    const working = this.#workload.run(over.signal)
    const sweeping = setInterval(() => {
      this.#machines.sweep()
    }, 2_000)
    await round.play(plan, lengthMs)
    over.abort()
    this.#write('healing', {})
    await round.heal()
    const healedAt = performance.now()
    await this.#answered(working)
    await this.#untilWhole(`after round ${seed}`)
    const tookMs = performance.now() - healedAt
    this.#wholeAfterMs = Math.max(this.#wholeAfterMs, tookMs)
    clearInterval(sweeping)
    this.#machines.sweep()
    const operations = this.#workload.takeOperations()
    if (this.#flaws.length === 0) await this.#judge(operations)
    if (this.#flaws.length === 0) await this.#calm()
    const done = operations.filter((operation) => operation.outcome === 'acknowledged').length
    say(
      `round ${seed}: ${Math.round(lengthMs / 1000)} s, ${plan.length} faults, ${done} of ${operations.length} operations acknowledged, ` +
        `whole after ${(tookMs / 1000).toFixed(1)} s, ${this.#world.size} names, ${Math.round(this.#machines.peakBytes / 1e6)} MB`,
    )
  }

  /** An operation that is never answered is a flaw, too. */
  async #answered(working: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`operations are not answered ${answeredWithinMs / 1000} s after all was healed`))
      }, answeredWithinMs)
    })
    await Promise.race([working, late]).finally(() => {
      clearTimeout(timer)
    })
  }

  async #untilWhole(when: string): Promise<void> {
    const wrong = await untilWhole({ machines: this.#machines, copies: this.#options.copies, timeoutMs: wholeWithinMs })
    if (wrong !== null) this.#flaw(`not whole ${wholeWithinMs / 1000} s ${when}: ${wrong}`)
  }

  /** What everyone agrees on now, against what was there before and what was done since. */
  async #judge(operations: readonly Operation[]): Promise<void> {
    const { world, flaws } = await readWorld(this.#machines)
    for (const flaw of flaws) this.#flaw(flaw)
    const names = new Set([...this.#world.keys(), ...world.keys(), ...operations.map((operation) => operation.name)])
    for (const name of names) {
      const history = {
        name,
        before: this.#world.get(name)?.versions ?? [],
        after: world.get(name)?.versions ?? [],
        ever: this.#workload.ever.get(name) ?? new Set<string>(),
        operations: operations.filter((operation) => operation.name === name),
      }
      for (const flaw of flawsOf(history)) this.#flaw(`${flaw}\n  ${JSON.stringify({ ...history, ever: [...history.ever] })}`)
    }
    for (const flaw of await flawsOnDisk(this.#machines, world, this.#options.copies)) this.#flaw(flaw)
    this.#world = world
    const changed = [...new Set(operations.map((operation) => operation.name))].filter((name) => world.has(name))
    await this.#requestAll(changed, readersEach)
  }

  /** Requests names at some machines, or at all: each gets the version that all agree on. */
  async #requestAll(names: readonly string[], readers: number): Promise<void> {
    const { count } = this.#machines
    for (const name of names) {
      const wanted = this.#world.get(name)!.versions.map((version) => version.sha256)
      const first = readers < count ? pickNumber(this.#random, count) : 0
      for (let reader = first; reader < first + readers; reader++) {
        const sha256 = await this.#workload.request(reader % count, name)
        this.#checked++
        if (sha256 === null || !wanted.includes(sha256)) {
          this.#flaw(`M${reader % count} gave ${sha256 ?? 'nothing'} for ${name}, and all agree on ${wanted.join(', ')}`)
        }
      }
    }
  }

  /**
   * When all is whole, every operation works. Who asked for it sees its effect at once; another that has a copy of its own gives
   * that one until it hears of the new, which is soon.
   */
  async #calm(): Promise<void> {
    const name = pick(this.#random, [...this.#world.keys()])
    if (name === undefined) return
    const machine = (): number => pickNumber(this.#random, this.#machines.count)
    for (const kind of ['replace', 'remove', 'restore', 'replace'] as const) {
      const writer = machine()
      const operation = await this.#workload.operate({ kind, name, machine: writer, sizeBytes: 10_000 })
      if (operation.outcome !== 'acknowledged') this.#flaw(`in a calm ring, ${kind} of ${name} was not acknowledged`)
      const look = async (reader: number): Promise<string | null> => {
        const seen = await this.#workload.request(reader, name)
        const isRight = kind === 'remove' ? seen === null : kind === 'restore' ? seen !== null : seen === operation.sha256
        return isRight ? null : `in a calm ring, after ${kind} of ${name} at M${writer}, M${reader} gave ${seen ?? 'nothing'}`
      }
      const reader = machine()
      const wrong = (await look(writer)) ?? (await untilCalm(() => look(reader), wholeWithinMs))
      if (wrong !== null) this.#flaw(wrong)
    }
    this.#workload.takeOperations()
    await this.#untilWhole('after calm operations')
    const { world, flaws } = await readWorld(this.#machines)
    for (const flaw of flaws) this.#flaw(flaw)
    this.#world = world
  }

  #flaw(text: string): void {
    this.#flaws.push(text)
    this.#write('flaw', { text })
    this.#options.say(`FLAW ${text.slice(0, shownMax)}`)
  }

  /** The timeline: what happened when, to be read beside the machines' logs. */
  #write(event: string, about: object): void {
    appendFileSync(join(this.#folder, 'timeline.jsonl'), `${JSON.stringify({ at: new Date().toISOString(), event, ...about })}\n`)
  }
}
