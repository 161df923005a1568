/** Rings to measure on, grown by joins. */

import { pick, pickNumber } from '../../electron/peer/ring/prng.ts'
import { defaultParameters } from '../../electron/peer/ring/ring-options.ts'
import { type SimulatedPeer, Simulator } from '../sim/simulator.ts'

/** Joins at once, at most, and virtual ms from one burst to the next. */
const burst = 10
const burstEveryMs = 500

/** A ring of `size` peers that joined in bursts, each through anybody who was there. */
export function growRing(size: number, seed: number): Simulator {
  const simulator = new Simulator(seed, defaultParameters)
  const peers: SimulatedPeer[] = []
  const add = (): SimulatedPeer => {
    let value = 0n
    for (let bits = 0; bits < simulator.space.bits; bits += 32) value = (value << 32n) | BigInt(pickNumber(simulator.random, 2 ** 32))
    const way = `10.0.${peers.length >> 8}.${peers.length & 255}:4000`
    const peer = simulator.add({ id: simulator.space.fromBigInt(value), ways: [way] }, 1)
    peers.push(peer)
    return peer
  }
  add().ring.found()
  while (peers.length < size) {
    const members = [...peers]
    for (let i = Math.min(burst, size - peers.length, peers.length); i > 0; i--) {
      const via = pick(simulator.random, members) as SimulatedPeer
      add().ring.join([via.contact])
    }
    simulator.run(burstEveryMs)
  }
  return simulator
}
