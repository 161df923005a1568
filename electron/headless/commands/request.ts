/** `ringdrop request NAME … [--out PATH]`: into the current folder, to a path, or to standard output. */

import { stat } from 'node:fs/promises'
import { resolve, sep } from 'node:path'
import { formatSize } from '../../../shared/units.ts'
import { AppError } from '../../../shared/errors.ts'
import type { ExitCode } from '../exit-codes.ts'
import { sayError, type CommonOptions, type Io } from '../io.ts'
import { ask, writeBytes } from './ask.ts'
import { shortId } from './store.ts'

export interface RequestArguments {
  readonly names: readonly string[]
  readonly out?: string
}

export async function request(io: Io, common: CommonOptions, args: RequestArguments): Promise<ExitCode> {
  const toStdout = args.out === '-'
  let out: string | null = null
  try {
    if (!toStdout) out = await placeFor(io, args)
  } catch (thrown) {
    if (thrown instanceof AppError) return sayError(io, thrown.toPlain())
    throw thrown
  }
  // With `--out -` standard output belongs to the bytes, so what would be said there goes to standard error.
  const talking: Io = toStdout ? { ...io, stdout: io.stderr } : io
  return ask(talking, common, {
    name: 'request',
    argument: { names: args.names.map((name) => name.normalize('NFC')), out },
    label: (item) => item.name,
    lines: (item) => {
      if (toStdout) return []
      const from = item.from.map((machine) => `${machine.name} ${formatSize(machine.bytes)}`).join(', ')
      const route = item.route.length > 1 ? ` · route ${item.route.map(shortId).join(' -> ')}` : ''
      return [`${item.name}: ${formatSize(item.size)} to ${item.out}${from ? ` from ${from}` : ''}, ${item.seconds.toFixed(1)} s${route}`]
    },
    onBytes: (bytes) => writeBytes(io, bytes),
  })
}

/** Absolute path of the file or folder that the request goes to. */
async function placeFor(io: Io, args: RequestArguments): Promise<string> {
  if (args.out === undefined) return io.cwd
  const path = resolve(io.cwd, args.out)
  const found = await stat(path).catch(() => null)
  if (found?.isDirectory() === true) return path
  if (args.out.endsWith('/') || args.out.endsWith(sep)) {
    throw new AppError('bad-argument', `There is no folder ${path}; make it first, or give a file's path`, { path })
  }
  if (args.names.length > 1) throw new AppError('bad-argument', `Several files need a folder to go to, and ${path} is none`, { path })
  return path
}
