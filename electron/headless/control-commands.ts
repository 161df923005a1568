/**
 * The commands of the control socket, run on the peer: argument in, JSON objects out, one file, machine or line each.
 * People's wording is the client's business.
 */

import { stat } from 'node:fs/promises'
import * as v from 'valibot'
import { AppError } from '../../shared/errors.ts'
import type { ActivityView, FileView, LeavingView, MachineView, VersionView } from '../../shared/views.ts'
import { everyPage } from '../peer/pages.ts'
import type { PeerApi, RequestResult } from '../peer/peer-api.ts'
import type { Answer } from './control-answer.ts'
import { controlSchemas, type ControlArgument, type ControlItems, type ControlName, type HolderItem } from './control-shapes.ts'
import { storePaths } from './control-store.ts'
import { holdTransfers, setLimits } from './control-transfers.ts'

/** What a peer's host does besides the peer. */
export interface ControlHost {
  readonly peer: PeerApi
  /** Leaves in good order; the process ends once the answer has been sent. */
  leave(options: { readonly forget: boolean; readonly onProgress: (leaving: LeavingView) => void }): Promise<void>
}

/** Lines of the log that are shown before following. */
const logLines = 1000
/** Lines that wait for a slow reader of `log --follow`; older ones are dropped. */
const followLines = 10_000

type Runner<K extends ControlName> = (host: ControlHost, argument: ControlArgument<K>, answer: Answer) => Promise<void>

const machineName = (peer: PeerApi, id: string): string => peer.ring().machines.find((machine) => machine.id === id)?.name ?? id
const holderItems = (peer: PeerApi, version: VersionView): HolderItem[] =>
  version.holders.map((holder) => ({ id: holder.machineId, name: machineName(peer, holder.machineId), verifiedAt: holder.verifiedAt }))

const isLive = ({ state }: VersionView): boolean => state === 'current' || state === 'conflict'

const listItem = (file: FileView, nameOf: ReadonlyMap<string, string>): ControlItems['list'] => ({
  name: file.name,
  size: file.sizeBytes,
  sha256: file.sha256,
  storedAt: file.storedAt,
  state: file.state,
  copies: file.holders.length,
  wanted: file.copiesWanted,
  here: file.here,
  conflicts: file.liveVersions - 1,
  writer: { id: file.writerId, name: file.writerName },
  holders: file.holders.map(({ machineId, online }) => ({ id: machineId, name: nameOf.get(machineId) ?? machineId, online })),
})

/** A machine by its name, its id, or the beginning of its id when only one fits. */
function findMachine(peer: PeerApi, wanted: string): MachineView {
  const machines = peer.ring().machines
  const named = machines.filter((machine) => machine.id === wanted || machine.name === wanted)
  const found = named.length > 0 ? named : machines.filter((machine) => wanted.length >= 4 && machine.id.startsWith(wanted))
  const [machine] = found
  if (!machine) throw new AppError('not-found', `No machine of this ring is called ${wanted}; see: ringdrop peers`, { machine: wanted })
  if (found.length > 1)
    throw new AppError('bad-argument', `Several machines are called ${wanted}; give the id, see: ringdrop peers`, { machine: wanted })
  return machine
}

/** Names of files, or of folders: into a folder small ones come together; to a path or as bytes one after the other. */
const request: Runner<'request'> = async ({ peer }, argument, answer) => {
  const onProgress = (name: string, doneBytes: number, totalBytes: number): void => answer.progress(name, doneBytes, totalBytes)
  const onDone = (wanted: string, outcome: RequestResult | AppError): Promise<void> => {
    if (outcome instanceof AppError) return answer.failed(outcome.toPlain(), wanted)
    const { name, sizeBytes, sha256, out, from, route, seconds } = outcome
    return answer.item({ name, size: sizeBytes, sha256, out, from, route, seconds })
  }
  const { names, out } = argument
  const isFolder = out !== null && (await isFolderAt(out))
  if (isFolder) return peer.requestFiles(names, { folder: out, signal: answer.signal, onProgress, onDone })
  for (const wanted of names) {
    if (answer.signal.aborted) return
    const options = { out: out ?? answer.bytes(), signal: answer.signal, outlives: true }
    try {
      const result = await peer.requestFile(wanted, { ...options, onProgress: (done, total) => onProgress(wanted, done, total) })
      await onDone(wanted, result)
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      await onDone(wanted, thrown)
    }
  }
}

async function isFolderAt(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  )
}

const log: Runner<'log'> = async ({ peer }, { follow }, answer) => {
  const waiting: ActivityView[] = []
  let wake = (): void => undefined
  const stop = !follow
    ? (): void => undefined
    : peer.onNews((news) => {
        if (news.kind !== 'activity') return
        waiting.push(...news.lines)
        if (waiting.length > followLines) waiting.splice(0, waiting.length - followLines)
        wake()
      })
  const onAbort = (): void => {
    wake()
  }
  answer.signal.addEventListener('abort', onAbort)
  try {
    let last = -1
    waiting.unshift(...peer.activity(logLines).toSorted((a, b) => a.sequence - b.sequence))
    for (;;) {
      for (const line of waiting.splice(0)) {
        if (line.sequence <= last) continue
        last = line.sequence
        await answer.item(line)
      }
      if (!follow || answer.signal.aborted) return
      if (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    stop()
    answer.signal.removeEventListener('abort', onAbort)
  }
}

const leave: Runner<'leave'> = async (host, { forget }, answer) => {
  const others = host.peer.ring().machines.some((machine) => !machine.isSelf && machine.state === 'online')
  const files = host.peer.safety().files
  if (forget && !others && files > 0) {
    throw new AppError('out-of-reach', `No other machine is online to take over ${files} files; leave without --forget, or wait for one`)
  }
  let filesLeft = 0
  await host.leave({
    forget,
    onProgress: (leaving) => {
      filesLeft = leaving.filesLeft
      answer.progress('files handed over', leaving.filesTotal - leaving.filesLeft, leaving.filesTotal)
    },
  })
  await answer.item({ left: true, forgot: forget, filesLeft })
}

const runners: { [K in ControlName]: Runner<K> } = {
  store: ({ peer }, argument, answer) => storePaths(peer, argument, answer),
  request,
  list: async ({ peer }, { only }, answer) => {
    const nameOf = new Map(peer.ring().machines.map((machine) => [machine.id, machine.name]))
    for await (const { files } of everyPage((next) => peer.files(next))) {
      if (answer.signal.aborted) return
      for (const file of files) {
        if (only === 'here' && !file.here) continue
        if (only === 'mine' && file.writerId !== peer.id) continue
        await answer.item(listItem(file, nameOf))
      }
    }
  },
  trash: async ({ peer }, _argument, answer) => {
    for (const { sizeBytes, ...removed } of peer.listRemoved()) await answer.item({ ...removed, size: sizeBytes })
  },
  where: async ({ peer }, argument, answer) => {
    const found = await peer.whereIs(argument.name)
    const live = found.versions.filter(isLive)
    if (live.length === 0) throw new AppError('not-found', `${found.name} was removed; it is in the trash`, { name: found.name })
    const versions = live.map((version) => ({
      version: version.version,
      size: version.sizeBytes,
      sha256: version.sha256,
      holders: holderItems(peer, version),
    }))
    await answer.item({ name: found.name, key: found.key, versions } satisfies ControlItems['where'])
  },
  versions: async ({ peer }, argument, answer) => {
    const found = await peer.whereIs(argument.name)
    for (const version of found.versions) {
      const item: ControlItems['versions'] = {
        name: found.name,
        version: version.version,
        state: version.state,
        size: version.sizeBytes,
        sha256: version.sha256,
        storedAt: version.storedAt,
        writer: { id: version.writerId, name: version.writerName },
        copies: version.holders.filter((holder) => holder.online).length,
        holders: holderItems(peer, version),
      }
      await answer.item(item)
    }
  },
  remove: async ({ peer }, argument, answer) => {
    await peer.removeFile(argument.name)
    await answer.item({ name: argument.name, removed: true })
  },
  restore: async ({ peer }, argument, answer) => {
    const { name: wanted, version, keepBoth } = argument
    if (keepBoth && version === null) throw new AppError('bad-argument', 'Say which version gets a name of its own: --version ID')
    const name = keepBoth && version !== null ? await peer.keepBothVersions(wanted, version) : wanted
    if (!keepBoth) await peer.restoreFile(wanted, ...(version === null ? [] : [version]))
    await answer.item({ name, restored: true, version } satisfies ControlItems['restore'])
  },
  status: async ({ peer }, _argument, answer) => {
    const { id, name: own, ring, copiesWanted, predecessors, successors, peers, files, bytes, mayFail } = peer.status()
    const atRisk = await peer.atRisk()
    await answer.item({ id, name: own, ring, copiesWanted, predecessors, successors, peers, files, bytes, mayFail, atRisk })
  },
  peers: async ({ peer }, _argument, answer) => {
    for (const { isSelf, colour: _, ...machine } of peer.ring().machines) await answer.item({ ...machine, self: isSelf })
  },
  transfers: async ({ peer }, _argument, answer) => {
    for (const { sizeBytes, doneBytes, parts, pace, ...transfer } of peer.transfers()) {
      const named = parts.map(({ machineId, bytes }) => ({ id: machineId, name: machineName(peer, machineId), bytes }))
      const machine = typeof pace?.machineId === 'string' ? { id: pace.machineId, name: machineName(peer, pace.machineId) } : null
      await answer.item({ ...transfer, size: sizeBytes, done: doneBytes, parts: named, pace: pace && { what: pace.what, machine } })
    }
  },
  hold: ({ peer }, argument, answer) => holdTransfers(peer, argument, answer),
  limits: ({ peer }, argument, answer) => setLimits(peer, argument, answer),
  log,
  whatif: async ({ peer }, argument, answer) => {
    const machines = argument.machines.map((wanted) => findMachine(peer, wanted))
    const { outOfReach, outOfReachCount, oneCopyLeftCount } = await peer.whatIf(machines.map((machine) => machine.id))
    await answer.item({ machines: machines.map(({ id, name: own }) => ({ id, name: own })), outOfReach, outOfReachCount, oneCopyLeftCount })
  },
  verify: async ({ peer }, argument, answer) => {
    for await (const { name: checked, good } of peer.verify(argument.name)) {
      if (answer.signal.aborted) return
      await answer.item({ name: checked, good })
    }
  },
  invite: async ({ peer }, _argument, answer) => {
    const { link, expiresAt } = await peer.invite()
    await answer.item({ link, expiresAt })
  },
  join: async ({ peer }, argument, answer) => {
    await peer.join(argument.link, argument.bringFiles)
    await answer.item({ id: peer.status().id, ring: peer.status().ring })
  },
  leave,
}

const isControlName = (text: string): text is ControlName => Object.hasOwn(controlSchemas, text)

/** Validates and runs one command. Rejects with AppError. */
export async function runControl(
  host: ControlHost,
  asked: { readonly name: string; readonly argument: unknown },
  answer: Answer,
): Promise<void> {
  if (!isControlName(asked.name)) throw new AppError('bad-argument', 'The running peer does not know this command; is it an older version?')
  await runChecked(host, { name: asked.name, argument: asked.argument }, answer)
}

// The name and its schema vary together, which only a type parameter can say.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
async function runChecked<K extends ControlName>(host: ControlHost, asked: { name: K; argument: unknown }, answer: Answer): Promise<void> {
  const schema: v.GenericSchema<unknown, ControlArgument<K>> = controlSchemas[asked.name]
  const parsed = v.safeParse(schema, asked.argument)
  if (!parsed.success) {
    const issue = parsed.issues[0]
    throw new AppError('bad-argument', `${asked.name}: ${v.getDotPath(issue) ?? 'argument'}: ${issue.message}`)
  }
  await runners[asked.name](host, parsed.output, answer)
}
