/** The machines of a run: real processes behind the proxy, each in a numbered place that outlives processes, disks and even ids. */

import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError, type PlainError } from '../../shared/errors.ts'
import { askPeer } from '../../electron/headless/control-client.ts'
import type { ControlArgument, ControlItems, ControlName } from '../../electron/headless/control-shapes.ts'
import { type Cluster, type Machine, until } from '../cluster/processes.ts'
import { dialFromHost, type FaultProxy } from './fault-proxy.ts'

/** Short, so that repair has its work within a round. */
const repairDelaySeconds = 2
/** A machine whose network is cut cannot join: it is started again, a few times and far apart. */
const startTries = 5

interface Seat {
  machine: Machine
  data: string
  state: 'up' | 'paused' | 'down'
  /** Its end was wished for. */
  mayEnd: boolean
}

export interface Answered<K extends ControlName> {
  readonly items: readonly ControlItems[K][]
  /** What failed, of the whole or of a part. */
  readonly error: PlainError | null
}

export interface MachinesOptions {
  readonly cluster: Cluster
  readonly proxy: FaultProxy
  readonly count: number
  readonly copies: number
  /** Something that may never happen: a process that ended by itself, a defect told in its events. */
  readonly onFlaw: (text: string) => void
}

export class Machines {
  readonly #options: MachinesOptions
  readonly #seats: Seat[] = []
  readonly #starting = new Map<number, Promise<boolean>>()
  #disks = 0
  #peakKilobytes = 0

  constructor(options: MachinesOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#options.count
  }

  /** Numbers of the machines that run, paused ones not among them. */
  up(): number[] {
    return this.#seats.flatMap((seat, number) => (seat.state === 'up' ? [number] : []))
  }

  isUp(number: number): boolean {
    return this.#seats[number]?.state === 'up'
  }

  id(number: number): string {
    return this.#seats[number]!.machine.id
  }

  data(number: number): string {
    return this.#seats[number]!.data
  }

  /** The largest memory that any process had in use so far, in bytes; 0 where the system does not tell. */
  get peakBytes(): number {
    this.#measure()
    return this.#peakKilobytes * 1024
  }

  /** Founds the ring and lets the others in, one after the other. */
  async startAll(): Promise<void> {
    for (let number = 0; number < this.count; number++) await this.#begin(number, null)
  }

  /** kill -9 on all of them in the same instant. */
  async kill(numbers: readonly number[]): Promise<void> {
    this.#measure()
    const seats = numbers.map((number) => this.#seats[number]!)
    for (const seat of seats) this.#expectEnd(seat)
    await Promise.all(seats.map((seat) => seat.machine.kill()))
  }

  /** As `kill`, and what they had on disk is gone. */
  async loseDisk(numbers: readonly number[]): Promise<void> {
    await this.kill(numbers)
    await Promise.all(numbers.map((number) => rm(this.data(number), { recursive: true, force: true, maxRetries: 3 })))
    for (const number of numbers) this.#seats[number]!.data = ''
  }

  pause(number: number): void {
    this.#seats[number]!.state = 'paused'
    this.#seats[number]!.machine.process.signal('SIGSTOP')
  }

  resume(number: number): void {
    const seat = this.#seats[number]!
    if (seat.state !== 'paused') return
    seat.machine.process.signal('SIGCONT')
    seat.state = 'up'
  }

  /** Leaves in good order; asked again after `patienceMs` it ends at once, and what then still runs is killed. */
  async leave(number: number, patienceMs: number): Promise<void> {
    const seat = this.#seats[number]!
    this.#expectEnd(seat)
    const { process } = seat.machine
    const again = setTimeout(() => process.signal('SIGINT'), patienceMs)
    const atLast = setTimeout(() => process.signal('SIGKILL'), patienceMs + 10_000)
    process.signal('SIGINT')
    await process.exited
    clearTimeout(again)
    clearTimeout(atLast)
  }

  /** Starts it again: on its data, or as a new machine when its disk is lost. False when it could not get in. */
  bringBack(number: number): Promise<boolean> {
    const starting = this.#starting.get(number) ?? this.#bringBack(number).finally(() => this.#starting.delete(number))
    this.#starting.set(number, starting)
    return starting
  }

  async #bringBack(number: number): Promise<boolean> {
    const seat = this.#seats[number]!
    if (seat.state !== 'down') return true
    try {
      await this.#begin(number, seat)
      return true
    } catch {
      const started = this.#options.cluster.machines.filter((machine) => machine.name === `M${number}`)
      await Promise.all(started.map((machine) => machine.kill()))
      return false
    }
  }

  /** Everyone runs again. */
  async bringAllBack(): Promise<void> {
    await Promise.all(
      this.#seats.map(async (_, number) => {
        this.resume(number)
        for (let tries = 0; tries < startTries; tries++) if (await this.bringBack(number)) return
        this.#options.onFlaw(`M${number} did not start again:\n${this.#lastOf(number)?.process.report() ?? ''}`)
      }),
    )
  }

  /** From now on machines may end. */
  finish(): void {
    for (const seat of this.#seats) seat.mayEnd = true
  }

  /** Runs one command in a machine. Never rejects for what the machine answers. */
  async ask<K extends ControlName>(number: number, name: K, argument: ControlArgument<K>): Promise<Answered<K>> {
    const items: ControlItems[K][] = []
    let error: PlainError | null = null
    try {
      await askPeer(
        { dataFolder: this.data(number), name, argument },
        {
          onItem: (item) => void items.push(item),
          onFailed: (failed) => {
            error = failed
          },
        },
      )
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      error = thrown.toPlain()
    }
    return { items, error }
  }

  /** Reads what the processes said: defects become flaws. To be called now and then, or it fills memory. */
  sweep(): void {
    for (const machine of this.#options.cluster.machines) {
      // one that starts is still waited for by its first event
      if (machine.ready['id'] === undefined) continue
      for (const event of machine.takeEvents()) {
        if (event['event'] === 'copy-damaged') this.#options.onFlaw(`${machine.name} found a damaged copy of ${event['name']}`)
        if (event['event'] === 'error' && event['error']?.['code'] === 'internal') {
          this.#options.onFlaw(`${machine.name} told of a defect: ${JSON.stringify(event)}`)
        }
      }
      for (const line of machine.process.errorLines.splice(0)) {
        if (!/^(Leaving: |No machine took |ringdrop: )/.test(line)) this.#options.onFlaw(`${machine.name} printed: ${line}`)
      }
    }
    this.#measure()
  }

  async #begin(number: number, seat: Seat | null): Promise<void> {
    const { cluster, proxy, copies } = this.#options
    const { inside, outside } = proxy.places(number)
    const isNew = seat === null || seat.data === ''
    const data = isNew ? join(await cluster.folder, `disk-${++this.#disks}-of-M${number}`) : seat.data
    const host = this.up()[0]
    const link = isNew && host !== undefined ? (await this.ask(host, 'invite', {})).items[0]?.link : undefined
    if (isNew && number > 0 && link === undefined) throw new Error('nobody is there to let it in')
    const machine = await cluster.start({
      name: `M${number}`,
      data,
      args: [
        ...['--host', inside.host, '--port', String(inside.port), '--announce', `${outside.host}:${outside.port}`],
        ...['--copies', String(copies), '--repair-delay', String(repairDelaySeconds)],
      ],
      nodeArgs: dialFromHost(inside.host),
      ...(link === undefined ? {} : { join: link }),
    })
    const taken: Seat = { machine, data, state: 'up', mayEnd: false }
    this.#seats[number] = taken
    void machine.process.exited.then((exit) => {
      taken.state = 'down'
      if (!taken.mayEnd) this.#options.onFlaw(`M${number} ended by itself (${exit.code ?? exit.signal}):\n${machine.process.report()}`)
    })
  }

  #expectEnd(seat: Seat): void {
    seat.mayEnd = true
    seat.state = 'down'
  }

  #lastOf(number: number): Machine | undefined {
    return this.#options.cluster.machines.findLast((machine) => machine.name === `M${number}`)
  }

  #measure(): void {
    for (const { machine, state } of this.#seats) {
      if (state === 'down' || process.platform !== 'linux') continue
      try {
        const peak = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${machine.process.pid}/status`, 'utf8'))?.[1]
        this.#peakKilobytes = Math.max(this.#peakKilobytes, Number(peak ?? 0))
      } catch {
        // it ended just now
      }
    }
  }
}

/** Waits until `check` says so, looking once in a while: looking costs the machines work. */
export async function untilCalm(check: () => Promise<string | null>, timeoutMs: number): Promise<string | null> {
  let last: string | null = null
  let lookedAt = -Infinity
  try {
    await until(
      async () => {
        if (performance.now() - lookedAt < 1_000) return false
        last = await check()
        lookedAt = performance.now()
        return last === null
      },
      'calm',
      timeoutMs,
    )
    return null
  } catch {
    return last ?? 'nobody answered'
  }
}
