/** Commands that look: list, where, versions, status, peers, log, whatif, verify. */

import { formatSize } from '../../../shared/units.ts'
import type { ControlItems } from '../control-shapes.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { plural, sayError, type CommonOptions, type Io } from '../io.ts'
import { ask } from './ask.ts'
import { shortId } from './store.ts'

const time = (at: number): string => new Date(at).toISOString().replace('T', ' ').slice(0, 19)
const ids = (list: readonly string[]): string => (list.length === 0 ? 'none' : list.map(shortId).join(' '))

/** The words of the window. */
export function stateWords(item: Pick<ControlItems['list'], 'state' | 'copies' | 'wanted' | 'holders'>): string {
  const online = item.holders.filter((holder) => holder.online)
  const namesOf = (holders: typeof online): string => holders.map((holder) => holder.name).join(' or ')
  switch (item.state) {
    case 'safe':
      return `Safe · ${plural(item.copies, 'copy', 'copies')}`
    case 'copying':
      return `Copying · ${online.length} of ${item.wanted}`
    case 'at-risk':
      return `At risk · only on ${namesOf(online)}`
    case 'out-of-reach':
      return `Out of reach until ${namesOf(item.holders)} is back`
    case 'checking':
      return 'Checking'
  }
}

export interface ListOptions {
  readonly here?: boolean
  readonly mine?: boolean
  readonly trash?: boolean
}

export function list(io: Io, common: CommonOptions, options: ListOptions): Promise<ExitCode> {
  if ([options.here, options.mine, options.trash].filter((given) => given === true).length > 1) {
    return Promise.resolve(sayError(io, { code: 'bad-argument', message: 'Give one of --here, --mine and --trash', facts: {} }))
  }
  if (options.trash === true) return listTrash(io, common)
  const only = options.here === true ? 'here' : options.mine === true ? 'mine' : 'all'
  return ask(io, common, {
    name: 'list',
    argument: { only },
    lines: (item) => [
      `${formatSize(item.size).padStart(7)}  ${stateWords(item).padEnd(24)}  ${item.name}${item.conflicts > 0 ? `  (${item.conflicts + 1} versions to choose from)` : ''}`,
    ],
  })
}

function listTrash(io: Io, common: CommonOptions): Promise<ExitCode> {
  return ask(io, common, {
    name: 'trash',
    argument: {},
    lines: (item) => [
      `${formatSize(item.size).padStart(7)}  ${plural(item.daysLeft, 'day').padStart(7)} left  ${item.name}  (removed by ${item.removedBy}, ${time(item.removedAt)})`,
    ],
  })
}

export function where(io: Io, common: CommonOptions, name: string): Promise<ExitCode> {
  return ask(io, common, {
    name: 'where',
    argument: { name: name.normalize('NFC') },
    lines: (item) => [
      `${item.name} (key ${item.key})`,
      ...item.versions.flatMap((version) => [
        `  version ${version.version}, ${formatSize(version.size)}, sha256 ${version.sha256}`,
        ...version.holders.map(
          (holder) =>
            `    ${holder.name} (${shortId(holder.id)}), ${holder.verifiedAt > 0 ? `verified ${time(holder.verifiedAt)}` : 'not verified yet'}`,
        ),
      ]),
    ],
  })
}

export function versions(io: Io, common: CommonOptions, name: string): Promise<ExitCode> {
  return ask(io, common, {
    name: 'versions',
    argument: { name: name.normalize('NFC') },
    lines: (item) => [
      `${shortId(item.version)}  ${item.state.padEnd(8)}  ${time(item.storedAt)}  ${formatSize(item.size).padStart(7)}  by ${item.writer.name}  ${plural(item.copies, 'copy', 'copies')}  on ${item.holders.map((holder) => holder.name).join(', ') || 'no machine'}`,
    ],
  })
}

export function status(io: Io, common: CommonOptions): Promise<ExitCode> {
  return ask(io, common, {
    name: 'status',
    argument: {},
    lines: (item) => [
      `${item.name} (${item.id})`,
      `Ring ${item.ring}: ${plural(item.peers, 'machine')}, ${plural(item.files, 'file')}, ${formatSize(item.bytes)}, ${plural(item.copiesWanted, 'copy', 'copies')} of each`,
      `Predecessors ${ids(item.predecessors)} · successors ${ids(item.successors)}`,
      item.mayFail > 0
        ? `Any ${item.mayFail} of ${plural(item.peers, 'machine')} can fail and nothing is lost.`
        : 'No machine can be spared yet.',
      ...item.atRisk.map((name) => `At risk: ${name}`),
    ],
  })
}

export function peers(io: Io, common: CommonOptions): Promise<ExitCode> {
  return ask(io, common, {
    name: 'peers',
    argument: {},
    lines: (item) => {
      const since = item.state === 'away' && item.awaySince !== null ? ` since ${time(item.awaySince)}` : ''
      const round = item.roundTripMs === null ? '' : `  ${item.roundTripMs.toFixed(1)} ms`
      return [
        `${shortId(item.id).padEnd(8)}  ${item.state}${since}  ${item.name}${item.self ? ' (this machine)' : ''}  ${item.address ?? ''}${round}`,
      ]
    },
  })
}

export function log(io: Io, common: CommonOptions, options: { readonly follow?: boolean; readonly raw?: boolean }): Promise<ExitCode> {
  return ask(io, common, {
    name: 'log',
    argument: { follow: options.follow === true },
    lines: (item) => {
      if (options.raw === true) return item.line === null ? [] : [item.line]
      return [`${time(item.at)}  ${item.text}`]
    },
  })
}

export function whatif(io: Io, common: CommonOptions, machines: readonly string[]): Promise<ExitCode> {
  return ask(io, common, {
    name: 'whatif',
    argument: { machines: [...machines] },
    lines: (item) => [
      `Without ${item.machines.map((machine) => machine.name).join(', ')}: ${plural(item.outOfReachCount, 'file')} out of reach, ${item.oneCopyLeftCount} with one copy left`,
      ...item.outOfReach.map((name) => `  ${name}`),
    ],
  })
}

export function verify(io: Io, common: CommonOptions, name: string | undefined): Promise<ExitCode> {
  return ask(io, common, {
    name: 'verify',
    argument: { name: name?.normalize('NFC') ?? null },
    code: (item) => (item.good ? exitCodes.done : exitCodes.failed),
    lines: (item) => [item.good ? `good     ${item.name}` : `damaged  ${item.name}: it is being replaced from another machine`],
  })
}
