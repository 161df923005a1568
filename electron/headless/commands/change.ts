/** Commands that change the ring: remove, restore, invite, join, leave. */

import { formatDuration } from '../../../shared/units.ts'
import { leftBehind } from '../ending.ts'
import type { ExitCode } from '../exit-codes.ts'
import { say, sayError, type CommonOptions, type Io } from '../io.ts'
import { ask } from './ask.ts'

export function remove(io: Io, common: CommonOptions, name: string): Promise<ExitCode> {
  return ask(io, common, {
    name: 'remove',
    argument: { name: name.normalize('NFC') },
    lines: (item) => [`${item.name} is removed; for 30 days it can be taken back with: ringdrop restore ${quoted(item.name)}`],
  })
}

/** A name as it can be typed again. */
const quoted = (name: string): string => (/^[\w./-]+$/.test(name) ? name : `"${name.replace(/[\\"$`]/g, '\\$&')}"`)

export interface RestoreArguments {
  readonly name: string
  /** An id, or its beginning. */
  readonly version?: string
  readonly keepBoth?: boolean
}

export function restore(io: Io, common: CommonOptions, args: RestoreArguments): Promise<ExitCode> {
  if (args.keepBoth === true && args.version === undefined) {
    const message = '--keep-both needs --version: which one gets a name of its own?'
    return Promise.resolve(sayError(io, { code: 'bad-argument', message, facts: {} }))
  }
  return ask(io, common, {
    name: 'restore',
    argument: { name: args.name.normalize('NFC'), version: args.version ?? null, keepBoth: args.keepBoth === true },
    remedy: (error) => (error.code === 'not-found' ? `what there is shows: ringdrop versions ${quoted(args.name)}` : null),
    lines: (item) => {
      if (item.version === null) return [`${item.name} is back`]
      return [args.keepBoth === true ? `Version ${item.version} is now ${item.name}` : `${item.name} is version ${item.version} again`]
    },
  })
}

export async function invite(io: Io, common: CommonOptions): Promise<ExitCode> {
  let link = ''
  const code = await ask(io, common, {
    name: 'invite',
    argument: {},
    lines: (item) => {
      link = item.link
      const left = formatDuration(Math.max(0, item.expiresAt - Date.now()))
      return [item.link, `Good for ${left}. On the other machine: ringdrop serve --join LINK, or ringdrop join LINK where a peer runs`]
    },
  })
  if (link !== '' && io.stdout.isTTY === true) {
    const { default: qrcode } = await import('qrcode')
    // The code is drawn by ourselves: it may keep the escapes that `say` takes out of others' text.
    io.stdout.write(`${await qrcode.toString(link, { type: 'utf8' })}\n`)
  }
  return code
}

export function join(io: Io, common: CommonOptions, args: { readonly link: string; readonly files?: boolean }): Promise<ExitCode> {
  return ask(io, common, {
    name: 'join',
    argument: { link: args.link, bringFiles: args.files !== false },
    lines: (item) => [`This machine is now a member of the ring ${item.ring}`],
  })
}

export async function leave(io: Io, common: CommonOptions, options: { readonly forget?: boolean }): Promise<ExitCode> {
  if (!common.json && io.stderr.isTTY === true) say({ ...io, stdout: io.stderr }, 'Handing over to the other machines…')
  return ask(io, common, {
    name: 'leave',
    argument: { forget: options.forget === true },
    countedProgress: true,
    lines: ({ forgot, filesLeft }) => [
      forgot ? 'Left the ring for good' : 'Left in good order; ringdrop serve comes back to the same ring',
      ...(filesLeft > 0 ? [leftBehind(filesLeft)] : []),
    ],
  })
}
