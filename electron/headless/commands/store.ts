/** `ringdrop store FILE|FOLDER …` */

import { resolve } from 'node:path'
import { formatSize } from '../../../shared/units.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { plural, sayError, type CommonOptions, type Io } from '../io.ts'
import { ask } from './ask.ts'

export interface StoreArguments {
  readonly paths: readonly string[]
  readonly as?: string
  readonly replace?: boolean
}

export function store(io: Io, common: CommonOptions, args: StoreArguments): Promise<ExitCode> {
  if (args.as !== undefined && args.paths.length > 1) {
    return Promise.resolve(
      sayError(io, { code: 'bad-argument', message: '--as names one file or folder; give one path, or leave --as away', facts: {} }),
    )
  }
  return ask(io, common, {
    name: 'store',
    argument: {
      paths: args.paths.map((path) => resolve(io.cwd, path)),
      as: args.as?.normalize('NFC') ?? null,
      replace: args.replace === true,
    },
    label: (item) => item.name,
    remedy: (error) => (error.code === 'already-exists' ? 'here: --replace, or --as with another name' : null),
    code: (item) => (item.state === 'stored' ? exitCodes.done : exitCodes.partlyStored),
    lines: (item) => {
      const holders = item.holders.map((holder) => holder.name).join(', ')
      const copies = item.state === 'stored' ? plural(item.copies, 'copy', 'copies') : `${item.copies} of ${item.wanted} copies so far`
      const route = item.route.length > 1 ? ` · route ${item.route.map(shortId).join(' -> ')}` : ''
      return [`${item.name}: ${formatSize(item.size)}, ${copies} (${holders}), ${item.seconds.toFixed(1)} s${route}`]
    },
  })
}

/** Enough of an id to tell machines apart. */
export function shortId(id: string): string {
  return id.slice(0, 8)
}
