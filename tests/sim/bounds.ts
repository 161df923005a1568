/** Whatever a machine keeps in memory is bounded by what there is: members that there ever were, names, connections in use. */

import { verifiedAtOf } from '../../electron/peer/protocol/holdings.ts'
import type { Machine } from './machine.ts'
import type { Oracle } from './oracle.ts'
import type { World } from './world.ts'

/** Streams of one machine with one other at the busiest: what repair reads, tells, compares and copies, and what people do, both ways. */
const streamsBusy = 32
/** And when all is calm: one at rest in each direction, and one that its pool lost the order of. */
const streamsCalm = 4
/** The first table of some machine that is longer than it may be, at any moment; or null. */
export function findUnbounded(world: World, oracle: Oracle): string | null {
  const ever = world.machines.length
  const names = oracle.names().length
  for (const machine of world.members) {
    const { ring, catalogue } = machine.member
    const streams = machine.process?.streams.size ?? 0
    const sizes = [
      ['members', ring.members().length, ever],
      ['names in its catalogue', catalogue.size, names],
      ['streams', streams, streamsBusy * ever],
    ] as const
    const over = sizes.find(([, size, most]) => size > most)
    if (over) return `${machine.name} has ${over[1]} ${over[0]}, of ${over[2]} at most`
  }
  return null
}

/** What is still kept though all has been calm for a while, or null. */
export function findLeak(world: World): string | null {
  const { members } = world
  const { fullDisks, seasonMs } = world.plan.data
  for (const machine of members) {
    const open = machine.process?.streams.size ?? 0
    if (open > streamsCalm * (members.length - 1)) return `${machine.name} has ${open} streams with ${members.length - 1} others`
    const { waiting } = machine.member.repairer
    // who had no room is asked again for long, and a season's trash may lie where it was
    if (waiting > 0 && fullDisks === 0 && seasonMs === 0) return `repair at ${machine.name} waits for ${waiting} names and contents`
    const flaw = findRowOfGone(world, machine)
    if (flaw) return flaw
  }
  return null
}

/** A row of a machine that took its leave is kept only while nobody else has what it had. */
function findRowOfGone(world: World, machine: Machine): string | null {
  const { catalogue, ring } = machine.member
  const departed = new Set(ring.members().flatMap(({ contact, state }) => (state === 'left' ? [contact.id] : [])))
  for (const { record, machines } of catalogue.files()) {
    const others = [...machines].filter(([id]) => !departed.has(id)).map(([, held]) => held)
    for (const [id, held] of machines) {
      if (!departed.has(id) || others.length === 0) continue
      if (held.every(([sha256]) => others.some((other) => verifiedAtOf(other, sha256) > 0))) {
        return `${machine.name} still knows what ${world.machineOf(id)?.name ?? '?'}, which left, had of ${record.name}`
      }
    }
  }
  return null
}
