/** Rings without faults, for tests of what a calm ring does. */

import type { Contact } from '../../electron/peer/protocol/contact.ts'
import { pickNumber } from '../../electron/peer/ring/prng.ts'
import { defaultParameters } from '../../electron/peer/ring/ring-options.ts'
import { Simulator } from './simulator.ts'

/** A peer at a place drawn from the simulator's seed. */
export function contactOf(simulator: Simulator, index: number): Contact {
  const id = simulator.space.fromBigInt(BigInt(pickNumber(simulator.random, 2 ** 48)) << 112n)
  return { id, ways: [`10.1.${index >> 8}.${index & 255}:4000`] }
}

/** A ring of `size`, grown one by one through its founder. */
export function ringOf(size: number): Simulator {
  const simulator = new Simulator(size, defaultParameters)
  const founder = simulator.add(contactOf(simulator, 0), 1)
  founder.ring.found()
  for (let index = 1; index < size; index++) {
    simulator.add(contactOf(simulator, index), 1).ring.join([founder.contact])
    simulator.run(300)
  }
  simulator.run(5000)
  return simulator
}
