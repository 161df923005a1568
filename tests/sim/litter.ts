/** Rubbish that comes to machines with files: by datagram, and over connections of other members that then break off. */

import { pick } from '../../electron/peer/ring/prng.ts'
import { Rubbish } from './rubbish.ts'
import type { World } from './world.ts'

export class Litter {
  readonly counts: Record<string, number> = {}
  readonly #world: World
  readonly #rubbish: Rubbish

  constructor(world: World) {
    this.#world = world
    this.#rubbish = new Rubbish(world.plan.seed, world.simulator.space)
  }

  /** As often as the plan wants, some machine gets something. What it takes of it is a flaw; that it changes something, the run's hash tells. */
  fall(): void {
    const world = this.#world
    const rubbish = this.#rubbish
    if (!rubbish.chance(world.plan.rubbish)) return
    const target = pick(rubbish.random, world.members)
    const from = pick(
      rubbish.random,
      world.members.filter((machine) => machine !== target),
    )
    if (!target || !from) return
    const { lastLine } = world.simulator
    if (rubbish.random.next() < 0.5) {
      this.#count('rubbish')
      const line = rubbish.line(target.id, lastLine)
      if (rubbish.isTaken(target.id, line)) world.flaw ??= `${target.name} took rubbish for a message: ${line.slice(0, 200)}`
      return
    }
    this.#count('rubbish over a stream')
    const bytes = rubbish.stream({ destination: target.id, source: from.id }, lastLine)
    world.litter(from, target, { bytes, delayMs: () => 1 + 20 * rubbish.random.next() })
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1
  }
}
