/**
 * The desktop app's own command-line flags, for tests and for a second app on one machine. Chromium and Electron read the
 * same line, so whatever is not known here is left to them.
 *
 *     --data DIR        data folder of the peer; the app's own state goes to DIR/desktop, and one app runs per DIR
 *     --host ADDRESS    address that the peer binds to
 *     --port N          port of the peer's servers, 0 = any free
 *     --no-discovery    neither announces the ring nearby nor looks for others
 *     --hidden          starts in the tray, without a window (what a start at login does)
 *     ringdrop://…      an invite link, opened from a browser or a message
 */

import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { findDeepLink } from './deep-links.ts'

export interface DesktopFlags {
  /** Absolute, or null for the platform's data folder. */
  readonly dataFolder: string | null
  readonly host: string | null
  readonly port: number | null
  /** False when switched off here; null leaves it to the settings. */
  readonly discovery: false | null
  readonly hidden: boolean
  readonly link: string | null
}

export type ParsedFlags = { readonly ok: true; readonly flags: DesktopFlags } | { readonly ok: false; readonly reason: string }

const portMax = 65_535

/** Reads the flags from a process's arguments. `argv` without the program; unknown flags are ignored. */
export function parseFlags(argv: readonly string[]): ParsedFlags {
  const values = new Map<string, string>()
  for (const [index, word] of argv.entries()) {
    const match = /^--(data|host|port)(?:=(.*))?$/.exec(word)
    const flag = match?.[1]
    if (!flag) continue
    const value = match[2] ?? argv[index + 1]
    if (value === undefined || value === '' || (match[2] === undefined && value.startsWith('--'))) {
      return { ok: false, reason: `--${flag} needs a value` }
    }
    values.set(flag, value)
  }
  const data = values.get('data')
  const host = values.get('host') ?? null
  const portText = values.get('port')
  const port = portText === undefined ? null : Number(portText)
  if (host !== null && isIP(host) === 0) return { ok: false, reason: `--host: "${host}" is not an IP address` }
  if (port !== null && (!/^\d+$/.test(portText ?? '') || port > portMax)) {
    return { ok: false, reason: `--port: "${portText ?? ''}" is not a number from 0 to ${String(portMax)}` }
  }
  return {
    ok: true,
    flags: {
      dataFolder: data === undefined ? null : resolve(data),
      host,
      port,
      discovery: argv.includes('--no-discovery') ? false : null,
      hidden: argv.includes('--hidden'),
      link: findDeepLink(argv),
    },
  }
}
