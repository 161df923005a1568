/** What a command may touch of the process it runs in: handed in, so that tests run commands without one. */

import type { Readable, Writable } from 'node:stream'
import type { PlainError } from '../../shared/errors.ts'
import type { PeerApi } from '../peer/peer-api.ts'
import type { PeerOptions } from '../peer/peer-options.ts'
import { exitCodeOf, type ExitCode } from './exit-codes.ts'

export type Output = Writable & { readonly isTTY?: boolean }

export type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Output
  readonly stderr: Output
  /** Relative paths start here: the peer may have been started in another folder. */
  readonly cwd: string
  readonly startPeer: (options: PeerOptions) => Promise<PeerApi>
  /** Takes the signals over from the default (which ends the process). Returns the way back. */
  readonly onSignal: (listener: (signal: Signal) => void) => () => void
}

/** What every command takes. */
export interface CommonOptions {
  readonly dataFolder: string
  readonly json: boolean
}

/** Text of other machines without what would steer a terminal. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
}

/** `3 files`, `1 file`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** One human line on standard output. */
export function say(io: Io, text: string): void {
  io.stdout.write(`${printable(text)}\n`)
}

/** One JSON object on standard output. */
export function sayJson(io: Io, value: unknown): void {
  io.stdout.write(`${JSON.stringify(value)}\n`)
}

/** An error in one line on standard error; the exit code that belongs to it. */
export function sayError(io: Io, error: PlainError): ExitCode {
  io.stderr.write(`ringdrop: ${printable(error.message)}\n`)
  return exitCodeOf(error.code)
}
