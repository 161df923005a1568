/** Commands about what is being moved: transfers, pause, resume, cancel, retry, limits. */

import { formatDuration, formatSize, formatSpeed } from '../../../shared/units.ts'
import type { ControlArgument, ControlItems } from '../control-shapes.ts'
import type { ExitCode } from '../exit-codes.ts'
import type { CommonOptions, Io } from '../io.ts'
import { ask } from './ask.ts'

function stateWord({ state, waitsFor }: ControlItems['transfers']): string {
  return waitsFor === 'machine' ? 'waiting for a machine' : state
}

function paceWords(pace: NonNullable<ControlItems['transfers']['pace']>): string {
  switch (pace.what) {
    case 'here':
      return "this machine's disk sets the pace"
    case 'machine':
      return `${pace.machine?.name ?? 'the other machine'}, or the way to it, sets the pace`
    case 'network':
      return 'the network sets the pace'
    case 'own-limit':
      return 'the limit that is set sets the pace'
  }
}

export function transfers(io: Io, common: CommonOptions): Promise<ExitCode> {
  return ask(io, common, {
    name: 'transfers',
    argument: {},
    lines: (item) => {
      const speed = item.state === 'running' ? `, ${formatSpeed(item.bytesPerSecond)}` : ''
      const left = item.secondsLeft === null ? '' : `, ${formatDuration(item.secondsLeft * 1000)} left`
      const pace = item.pace ? ` (${paceWords(item.pace)})` : ''
      const error = item.error ? `: ${item.error.message}` : ''
      return [
        `${item.id.slice(0, 8)}  ${item.kind.padEnd(9)} ${stateWord(item).padEnd(9)} ${formatSize(item.done)} of ${formatSize(item.size)}${speed}${left}${pace}  ${item.name}${error}`,
      ]
    },
  })
}

const words = { pause: 'Paused', resume: 'Goes on', cancel: 'Cancelled', retry: 'Tried again' } as const

export function hold(io: Io, common: CommonOptions, argument: ControlArgument<'hold'>): Promise<ExitCode> {
  return ask(io, common, {
    name: 'hold',
    argument: { what: argument.what, names: argument.names.map((name) => name.normalize('NFC')) },
    lines: (item) => [`${words[item.what]}: ${item.name}`],
  })
}

export interface LimitsArguments {
  /** Bytes a second; 0 = no limit. */
  readonly up?: number
  readonly down?: number
  readonly background?: number
}

export function limits(io: Io, common: CommonOptions, args: LimitsArguments): Promise<ExitCode> {
  const said = (rate: number | null): string => (rate === null ? 'no limit' : `at most ${formatSpeed(rate)}`)
  return ask(io, common, {
    name: 'limits',
    argument: {
      ...(args.up === undefined ? {} : { up: args.up || null }),
      ...(args.down === undefined ? {} : { down: args.down || null }),
      ...(args.background === undefined ? {} : { background: args.background }),
    },
    lines: (item) => [
      `Up: ${said(item.up)} · down: ${said(item.down)} · copies that the ring makes by itself: ${item.background} % of the bandwidth`,
    ],
  })
}
