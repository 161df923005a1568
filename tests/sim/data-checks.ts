/** What must hold of the files once all is calm: on exactly the machines that should have them, the same records, the right bytes. */

import { createHash } from 'node:crypto'
import { isRemoved, liveVersions, type Version } from '../../electron/peer/protocol/record.ts'
import { download } from '../../electron/peer/transfer/download.ts'
import { findFile } from '../../electron/peer/transfer/request-file.ts'
import { toPlainError } from '../../shared/errors.ts'
import type { Machine } from './machine.ts'
import type { Oracle } from './oracle.ts'
import type { World } from './world.ts'

/** The machines that should hold `name`, by the ids of all members alone. */
export function closest(world: World, name: string): Machine[] {
  const { members } = world
  const key = members[0]?.member.keyOf(name) ?? ''
  const first = members.findIndex((machine) => machine.id >= key)
  const inOrder = first < 0 ? members : [...members.slice(first), ...members.slice(0, first)]
  return inOrder.slice(0, world.plan.parameters.copies)
}

/** A live content that is not on exactly the machines it should be on, or records that differ; null when all is in place. */
export function findMisplaced(world: World, oracle: Oracle): string | null {
  const bad = world.members.find((machine) => machine.hasBadCopy())
  if (bad) return `${bad.name} keeps a bad copy`
  const apart = world.members.find((machine) => machine.member.repairer.side.isApart())
  if (apart) return `${apart.name} does not come back from its absence`
  const wanted = new Map<Machine, Set<string>>(world.members.map((machine) => [machine, new Set<string>()]))
  for (const name of oracle.names()) {
    const record = oracle.record(name)
    if (!record) continue
    const holders = closest(world, name)
    for (const version of liveVersions(record)) {
      for (const holder of holders) {
        wanted.get(holder)?.add(version.sha256)
        if (!holder.keepsDurably(version.sha256)) return `${holder.name} lacks a copy of ${name}, which is on ${whoKeeps(world, version)}`
      }
    }
    const known = holders.map((holder) => holder.member.catalogue.get(name)?.record)
    // each forgets what was removed by its own clock
    const records = isRemoved(record) ? known.filter((each) => each !== undefined) : known
    if (new Set(records.map((each) => JSON.stringify(each))).size > 1) return `the records of ${name} differ`
  }
  return null
}

function whoKeeps(world: World, version: Version): string {
  const names = world.machines.filter((machine) => machine.keepsDurably(version.sha256)).map((machine) => machine.name)
  return names.join(', ') || 'no machine'
}

/** Asks for every live version of every name from `machine`; what went wrong with the first that did. */
export async function findUnreadable(machine: Machine, oracle: Oracle): Promise<string | null> {
  for (const name of oracle.names()) {
    const record = oracle.record(name)
    const versions = record ? liveVersions(record) : []
    for (const version of versions) {
      const flaw = await fetchAndCompare(machine, oracle, { name, version })
      if (flaw) return flaw
    }
  }
  return null
}

/** The outcome of asking for a version (null = the current one): what is wrong, or null. */
async function fetchAndCompare(
  machine: Machine,
  oracle: Oracle,
  wanted: { readonly name: string; readonly version: Version },
): Promise<string | null> {
  const { name, version } = wanted
  const answer = await requestFile(machine, name, version.version)
  if ('error' in answer) return `${machine.name} asked for ${name} in vain: ${answer.error.message}`
  return answer.sha256 === version.sha256 && oracle.contents.has(answer.sha256) ? null : `${machine.name} got wrong bytes for ${name}`
}

/** Requests `name` on `machine` as a person would; the hash of what arrived on its disk, or the error. */
export async function requestFile(
  machine: Machine,
  name: string,
  version: string | null,
): Promise<{ readonly sha256: string } | { readonly error: { readonly code: string; readonly message: string } }> {
  const { context } = machine.member
  try {
    const found = await findFile(context, name, version)
    const target = { out: null, folder: '/downloads', namePrefix: null }
    const { path } = await download(context, found, { ...target, onWritten: () => undefined })
    const file = await context.disk.open(path, 'read')
    const bytes = new Uint8Array((await file.stat()).sizeBytes)
    await file.read(bytes, 0)
    await context.disk.remove(path)
    return { sha256: createHash('sha256').update(bytes).digest('hex') }
  } catch (thrown) {
    return { error: toPlainError(thrown) }
  }
}
