/** A machine leaves in good order while everybody stores: what was acknowledged is with those who stay. */

import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { storeFile } from '../../electron/peer/transfer/store-file.ts'
import { AppError } from '../../shared/errors.ts'
import type { Machine } from './machine.ts'
import { noFaults } from './network.ts'
import { filesPlanOf } from './plan.ts'
import { World } from './world.ts'

const peers = 4
const diskBytes = 8_000_000

/** A calm ring of four. */
async function ringOf(seed: number, copies: number): Promise<World> {
  const plan = filesPlanOf(seed)
  const world = new World({ ...plan, peers, faults: noFaults, parameters: { ...plan.parameters, copies } }, {})
  const founder = world.newMachine(diskBytes)
  world.begin(founder, () => founder.start((member) => member.ring.found()))
  await world.run(100)
  while (world.machines.length < peers) {
    const machine = world.newMachine(diskBytes)
    world.begin(machine, () => machine.start((member) => member.ring.join([founder.contact])))
    await world.run(1000)
  }
  await world.run(5000)
  expect(world.members).toHaveLength(peers)
  return world
}

class Stores {
  /** Names -> hashes of what was acknowledged, if only in part. */
  readonly kept = new Map<string, string>()
  readonly #world: World
  #count = 0

  constructor(world: World) {
    this.#world = world
  }

  begin(machine: Machine): void {
    const name = `file ${++this.#count}`
    this.#world.begin(machine, async () => {
      const bytes = Buffer.from(`${name} of ${machine.name}`)
      const file = await machine.disk.open(`/home/${name}`, 'write')
      await file.write(bytes, 0)
      try {
        await storeFile(machine.member.context, `/home/${name}`, { name, onClash: 'decline' })
        this.kept.set(name, createHash('sha256').update(bytes).digest('hex'))
      } catch (error) {
        // nobody was told that it is stored
        if (!(error instanceof AppError)) throw error
      }
    })
  }
}

// with one copy of each, what the leaver takes is lost at once if it goes with it
test('a machine leaves while all four store', async () => {
  const world = await ringOf(2, 1)
  const stores = new Stores(world)
  const machines = [...world.members]
  const leaver = machines[2]!
  const departure = { filesTotal: 0, filesLeft: 0 }
  world.begin(leaver, async () => {
    await leaver.process?.sleep(500)
    await leaver.member.leave({ onProgress: (view) => Object.assign(departure, view), signal: new AbortController().signal })
    await leaver.process?.sleep(200)
    leaver.depart()
  })
  for (let turn = 0; !leaver.gone; turn++) {
    stores.begin(machines[turn % peers]!)
    await world.run(20)
  }
  await world.run(1000)
  expect(world.flaw).toBeNull()
  expect(stores.kept.size).toBeGreaterThan(20)
  expect(departure.filesTotal).toBeGreaterThan(0)
  expect(departure.filesLeft).toBe(0)
  const lost = [...stores.kept].filter(([, sha256]) => !world.members.some((machine) => machine.keepsDurably(sha256)))
  expect(lost.map(([name]) => name)).toEqual([])
})
