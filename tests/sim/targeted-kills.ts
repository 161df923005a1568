/**
 * Kills aimed at the middle of something: a store, a copy that the ring makes by itself, a join. Up to k-1 of the machines that it
 * concerns die in the same instant; those that died in a copy or a join are started again soon, so that it goes on among the living.
 */

import { pickNumber, Prng } from '../../electron/peer/ring/prng.ts'
import { closest } from './data-checks.ts'
import type { Machine } from './machine.ts'
import type { World } from './world.ts'

/** What it does to machines. */
export interface Deeds {
  crash(machine: Machine): void
  restart(machine: Machine): void
}

/** A look-up, a transfer, the questions of a join: each takes less, in virtual ms. */
const workMs = 400
/** From being in the ring to having compared, and got, what a newcomer answers for, in virtual ms. */
const takeOverMs = 2000
/** Shortest and longest absence of who died in a copy or a join, in virtual ms. */
const absenceMs = [2000, 30_000] as const

export class TargetedKills {
  readonly counts: Record<string, number> = {}
  readonly #world: World
  readonly #deeds: Deeds
  /** Its own, so that plans without such kills are the runs that they were. */
  readonly #random: Prng
  #isOn = false
  /** Copies are left alone until then, or a ring in which everybody copies would never get one done. */
  #sparedUntil = 0

  constructor(world: World, deeds: Deeds) {
    this.#world = world
    this.#deeds = deeds
    this.#random = new Prng(world.plan.seed * 7919 + 31)
  }

  begin(): void {
    this.#isOn = true
  }

  /** None any more, not even what was to come in a moment. */
  end(): void {
    this.#isOn = false
  }

  /** Somebody has just begun to do something with `name`. */
  inStore(name: string): void {
    this.#soon(workMs, 'kill in mid-store', () => this.#some(closest(this.#world, name)))
  }

  /** `copier` has just begun to copy `name` to others, as repair or before it leaves. */
  inCopy(copier: Machine, name: string): void {
    if (this.#world.now < this.#sparedUntil || !this.#wants()) return
    this.#sparedUntil = this.#world.now + workMs + absenceMs[1]
    const concerned = (): Machine[] => [...new Set([copier, ...closest(this.#world, name)])].filter((machine) => machine.isMember)
    this.#soon(workMs, 'kill in mid-repair', () => this.#startAgain(this.#some(this.#turned(concerned()))))
  }

  /** `newcomer` has just begun to join: who lets it in, and who hands over to it. */
  inJoin(newcomer: Machine): void {
    if (this.#wants()) this.#soon(workMs, 'kill in mid-join', () => this.#startAgain(this.#some(this.#around(newcomer))))
  }

  /** `newcomer` is in, and knows nothing yet of what it answers for. */
  inTakeOver(newcomer: Machine): void {
    if (this.#wants()) this.#soon(takeOverMs, 'kill in mid-join', () => this.#startAgain(this.#some(this.#around(newcomer))))
  }

  #wants(): boolean {
    const { targetedKills } = this.#world.plan.data
    return this.#isOn && targetedKills > 0 && this.#random.next() < targetedKills
  }

  /** Those who die in a while. */
  #soon(withinMs: number, what: string, choose: () => readonly Machine[]): void {
    this.#world.after(this.#random.next() * withinMs, () => {
      if (!this.#isOn) return
      let isDone = false
      for (const victim of choose()) {
        if (this.#world.members.length <= 1) break
        this.#deeds.crash(victim)
        isDone = true
      }
      if (isDone) this.counts[what] = (this.counts[what] ?? 0) + 1
    })
  }

  /** The first 1 to k-1. */
  #some(machines: readonly Machine[]): Machine[] {
    return machines.slice(0, 1 + this.#int(Math.max(1, this.#world.plan.parameters.copies - 1)))
  }

  /** Beginning with any of them. */
  #turned(machines: readonly Machine[]): Machine[] {
    const first = this.#int(machines.length)
    return [...machines.slice(first), ...machines.slice(0, first)]
  }

  /** The member before the newcomer's place and those after it, or only those. */
  #around(newcomer: Machine): Machine[] {
    const others = this.#world.members.filter((machine) => machine !== newcomer)
    const after = others.filter((machine) => machine.id > newcomer.id)
    const inOrder = [...after, ...others.slice(0, others.length - after.length)]
    return this.#random.next() < 0.5 ? [...inOrder.slice(-1), ...inOrder.slice(0, -1)] : inOrder
  }

  #startAgain(victims: readonly Machine[]): readonly Machine[] {
    const [least, most] = absenceMs
    this.#world.after(least + this.#random.next() * (most - least), () => {
      for (const victim of victims) if (this.#isOn && !victim.isUp && !victim.gone) this.#deeds.restart(victim)
    })
    return victims
  }

  /** 0 <= result < below; 0 where nothing is below. */
  #int(below: number): number {
    return pickNumber(this.#random, Math.max(1, below))
  }
}
