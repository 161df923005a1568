/** Commands that change the ring: remove, restore, invite, join, leave. */

import { formatDuration } from '../../../shared/units.ts'
import type { ExitCode } from '../exit-codes.ts'
import { say, type CommonOptions, type Io } from '../io.ts'
import { ask } from './ask.ts'

export function remove(io: Io, common: CommonOptions, name: string): Promise<ExitCode> {
  return ask(io, common, {
    name: 'remove',
    argument: { name: name.normalize('NFC') },
    lines: (item) => [`${item.name} is removed; for 30 days it can be taken back with: ringdrop restore`],
  })
}

export function restore(io: Io, common: CommonOptions, name: string): Promise<ExitCode> {
  return ask(io, common, { name: 'restore', argument: { name: name.normalize('NFC') }, lines: (item) => [`${item.name} is back`] })
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
    lines: (item) => [item.forgot ? 'Left the ring for good' : 'Left in good order; ringdrop serve comes back to the same ring'],
  })
}
