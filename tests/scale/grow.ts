/** Rings to measure on, grown by joins. */

import { pick, pickNumber } from '../../electron/peer/ring/prng.ts'
import { defaultParameters, type RingParameters } from '../../electron/peer/ring/ring-options.ts'
import { type SimulatedPeer, Simulator } from '../sim/simulator.ts'

/** Joins at once, at most, and virtual ms from one burst to the next. */
const burst = 10
const burstEveryMs = 500

/** A ring of `size` peers that joined in bursts, each through anybody who was there. */
export function growRing(size: number, seed: number, parameters: RingParameters = defaultParameters): Simulator {
  const simulator = new Simulator(seed, parameters)
  addPeer(simulator).ring.found()
  for (let members = simulator.peers; members.length < size; members = simulator.peers) {
    for (let i = Math.min(burst, size - members.length, members.length); i > 0; i--) {
      const via = pick(simulator.random, members) as SimulatedPeer
      addPeer(simulator).ring.join([via.contact])
    }
    simulator.run(burstEveryMs)
  }
  return simulator
}

/** A new peer at a place and way of its own; it is in no ring yet. */
export function addPeer(simulator: Simulator): SimulatedPeer {
  const { space, random, peers } = simulator
  let value = 0n
  for (let bits = 0; bits < space.bits; bits += 32) value = (value << 32n) | BigInt(pickNumber(random, 2 ** 32))
  return simulator.add({ id: space.fromBigInt(value), ways: [`10.0.${peers.length >> 8}.${peers.length & 255}:4000`] }, 1)
}
