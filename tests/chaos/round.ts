/** Carries a round's faults out at their times, and takes them back: one after the other, without waiting for their ends. */

import { setTimeout as wait } from 'node:timers/promises'
import type { Fault, PlannedFault } from './fault-plan.ts'
import type { FaultProxy } from './fault-proxy.ts'
import type { LinkFault, LinkFaults } from './link-faults.ts'
import type { Machines } from './machines.ts'

export interface RoundOptions {
  readonly machines: Machines
  readonly proxy: FaultProxy
  readonly faults: LinkFaults
  readonly copies: number
  readonly onFault: (kind: string, fault: Fault) => void
}

export class Round {
  readonly #options: RoundOptions
  /** Links that are bad now. */
  readonly #bad = new Set<LinkFault>()
  /** Faults that are on, or on their way back. */
  readonly #running = new Set<Promise<void>>()
  readonly #over = new AbortController()

  constructor(options: RoundOptions) {
    this.#options = options
  }

  /** Resolves when `lengthMs` are over; faults may then still be on. */
  async play(plan: readonly PlannedFault[], lengthMs: number): Promise<void> {
    const startedAt = performance.now()
    for (const { at, fault } of plan) {
      await wait(Math.max(0, at - (performance.now() - startedAt)))
      const running = this.#begin(fault).finally(() => this.#running.delete(running))
      this.#running.add(running)
    }
    await wait(Math.max(0, lengthMs - (performance.now() - startedAt)))
  }

  /** Takes every fault back: the network is clean and all machines run. */
  async heal(): Promise<void> {
    this.#over.abort()
    this.#bad.clear()
    this.#options.faults.apply([])
    for (let number = 0; number < this.#options.machines.count; number++) this.#options.machines.resume(number)
    await Promise.all(this.#running)
    await this.#options.machines.bringAllBack()
  }

  async #begin(fault: Fault): Promise<void> {
    const { machines, proxy, onFault } = this.#options
    switch (fault.kind) {
      case 'network':
        onFault(fault.what, fault)
        return this.#network(fault)
      case 'reset':
        onFault(fault.kind, fault)
        proxy.reset(fault.machine, fault.other)
        return
      case 'damage':
        onFault(fault.kind, fault)
        proxy.damage(fault.machine)
        return
      case 'rubbish':
        onFault(fault.kind, fault)
        proxy.sprayDatagrams(fault.machine, fault.count)
        proxy.sprayStream(fault.machine)
        return
      case 'kill':
      case 'lose-disk':
      case 'leave':
      case 'pause': {
        const hit = fault.machines.filter((number) => machines.isUp(number)).slice(0, this.#mayGo(fault.kind))
        if (hit.length === 0) return
        onFault(fault.kind, { ...fault, machines: hit })
        return fault.kind === 'pause' ? this.#pause(hit, fault.forMs) : this.#takeDown(fault, hit)
      }
    }
  }

  /** Never more than copies - 1 machines are down at once, and half of them run. */
  #mayGo(kind: Fault['kind']): number {
    const { machines, copies } = this.#options
    const away = machines.count - machines.up().length
    return Math.max(0, kind === 'pause' ? machines.count / 2 - away : copies - 1 - away)
  }

  async #network(fault: LinkFault & { readonly forMs: number }): Promise<void> {
    this.#bad.add(fault)
    this.#options.faults.apply(this.#bad)
    await this.#pass(fault.forMs)
    if (this.#bad.delete(fault)) this.#options.faults.apply(this.#bad)
  }

  async #pause(hit: readonly number[], forMs: number): Promise<void> {
    for (const number of hit) this.#options.machines.pause(number)
    await this.#pass(forMs)
    for (const number of hit) this.#options.machines.resume(number)
  }

  async #takeDown(fault: Fault & { readonly forMs: number }, hit: readonly number[]): Promise<void> {
    const { machines } = this.#options
    if (fault.kind === 'leave') await Promise.all(hit.map((number) => machines.leave(number, fault.forMs)))
    else if (fault.kind === 'lose-disk') await machines.loseDisk(hit)
    else await machines.kill(hit)
    await this.#pass(fault.forMs)
    // who cannot get in now gets in when all is healed
    if (!this.#over.signal.aborted) await Promise.all(hit.map((number) => machines.bringBack(number)))
  }

  async #pass(ms: number): Promise<void> {
    await wait(ms, null, { signal: this.#over.signal }).catch(() => undefined)
  }
}
