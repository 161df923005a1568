/**
 * What must be gone once all has been calm for a while: copies beyond the k nearest, bytes that no name wants any more, and what was
 * on its way and never came. Together with what must be there (data-checks.ts): exactly the k nearest hold each file.
 */

import { allowedBytes } from '../../electron/peer/disk/space.ts'
import { isRemoved, wantedContents, type FileRecord } from '../../electron/peer/protocol/record.ts'
import { closest } from './data-checks.ts'
import { contentFolder, keepStagedMs, keepUnfinishedMs, type Machine, repairTimes, sweepEveryMs } from './machine.ts'
import type { Oracle } from './oracle.ts'
import type { World } from './world.ts'

/** A name that wants a content, and who should keep it for that name. */
interface Want {
  readonly record: FileRecord
  readonly keepers: readonly Machine[]
}

/** The first thing that is kept and should not be, or null. */
export async function findLeftover(world: World, oracle: Oracle): Promise<string | null> {
  const wants = wantsOf(world, oracle)
  for (const machine of world.members) {
    const kept = new Set(machine.copies())
    for (const sha256 of kept) {
      const why = whyNot(world, { machine, sha256 }, wants.get(sha256) ?? [])
      if (why) return `${machine.name} still keeps ${sha256.slice(0, 6)}, ${why}`
    }
    const { records } = machine.member.context
    const noted = [...records.heldContents().keys()].find((sha256) => !kept.has(sha256))
    if (noted) return `${machine.name} notes that it holds ${noted.slice(0, 6)}, and does not`
    const flaw = findOnItsWay(machine) ?? (await findLostRoom(machine))
    if (flaw) return flaw
  }
  return null
}

/** By content. */
function wantsOf(world: World, oracle: Oracle): ReadonlyMap<string, readonly Want[]> {
  const wants = new Map<string, Want[]>()
  for (const name of oracle.names()) {
    const record = oracle.record(name)
    if (!record) continue
    const want: Want = { record, keepers: closest(world, name) }
    for (const { sha256 } of wantedContents(record)) wants.set(sha256, [...(wants.get(sha256) ?? []), want])
  }
  return wants
}

interface Copy {
  readonly machine: Machine
  readonly sha256: string
}

/** Why the copy should not be there, or null when it may. */
function whyNot(world: World, { machine, sha256 }: Copy, wants: readonly Want[]): string | null {
  const { repairer } = machine.member
  if (repairer.quarantined.some((file) => file.held.includes(sha256))) return null
  const here = wants.filter(({ record }) => isWantedAt(machine, record))
  if (here.length === 0) return 'which no name wants'
  const isInPlace = ({ keepers }: Want): boolean => keepers.every((keeper) => keeper.keepsDurably(sha256))
  // it makes up for one of the nearest that had no room, or for a season's trash that nobody copies any more
  const mayBeShort = world.plan.data.fullDisks > 0 || world.plan.data.seasonMs > 0
  const isNeeded = here.some((want) => want.keepers.includes(machine) || (mayBeShort && !isInPlace(want)))
  return isNeeded ? null : `one of ${here.map(({ record }) => record.name).join(', ')}, which others should keep`
}

/** Whether this machine knows the name, and what it wants did not lie in the trash for long enough by its own clock. */
function isWantedAt(machine: Machine, record: FileRecord): boolean {
  const { catalogue, context } = machine.member
  if (catalogue.get(record.name)?.machines.has(machine.id) !== true) return false
  const since = context.records.removedSince(record.name)
  const times = repairTimes(machine.plan.data)
  const lookedAtEveryMs = 2 * (times.sweepEveryMs ?? sweepEveryMs)
  return !isRemoved(record) || since === null || machine.wallTime() - since < (times.keepTrashMs ?? Infinity) + lookedAtEveryMs
}

/** A part of a content, or a manifest without one, that should not be there any more. */
function findOnItsWay(machine: Machine): string | null {
  const { disk } = machine
  for (const path of disk.files()) {
    if (!path.startsWith(`${contentFolder}/`)) continue
    const keepMs = path.includes('/unfinished/') ? keepUnfinishedMs : path.includes('/partial/staged') ? keepStagedMs : 0
    const isOnItsWay = keepMs > 0 || path.includes('/partial/')
    const isOld = machine.wallTime() - disk.modifiedMs(path) > keepMs + 2 * sweepEveryMs
    if (isOnItsWay && isOld) return `${machine.name} still keeps a part of a content in ${path}`
    if (path.endsWith('.manifest') && !isOnItsWay && disk.bytes(path.slice(0, -'.manifest'.length)) === null)
      return `${machine.name} keeps a manifest without its content, ${path}`
  }
  return null
}

/** Room that is neither free nor taken by what is here: held for something that does not come any more. */
async function findLostRoom(machine: Machine): Promise<string | null> {
  const { space } = machine.member.context.contents
  const { disk } = machine
  const keptBytes = machine.copies().reduce((sum, sha256) => sum + (machine.bytesOf(sha256)?.length ?? 0), 0)
  if (space.usedBytes !== keptBytes) return `${machine.name} counts ${space.usedBytes} bytes of copies, and has ${keptBytes}`
  const staged = disk.files().filter((path) => path.startsWith(`${contentFolder}/partial/staged`))
  const stagedBytes = staged.reduce((sum, path) => sum + (disk.bytes(path)?.length ?? 0), 0)
  const freeBytes = Math.max(0, allowedBytes(await disk.room(), keptBytes + stagedBytes, null) - keptBytes - stagedBytes)
  const leftBytes = await space.leftBytes()
  return leftBytes < freeBytes ? `${machine.name} holds ${freeBytes - leftBytes} bytes for what does not come` : null
}
