/** A process for commands that are tested without one: what they print is text, signals come from the test. */

import { PassThrough, Writable } from 'node:stream'
import type { Io, Signal } from '../../electron/headless/io.ts'
import type { PeerApi } from '../../electron/peer/peer-api.ts'
import type { PeerOptions } from '../../electron/peer/peer-options.ts'
import { AppError } from '../../shared/errors.ts'

export interface FakeIo extends Io {
  readonly stdin: PassThrough
  out(): string
  err(): string
  bytes(): Buffer
  /** Resolves when standard output has this text; a test's own time limit is the bound. */
  said(text: string): Promise<void>
  signal(signal: Signal): void
  /** Options of the peers that were started. */
  readonly started: readonly PeerOptions[]
}

export interface FakeIoOptions {
  readonly cwd?: string
  readonly startPeer?: (options: PeerOptions) => Promise<PeerApi>
}

export function createFakeIo({ cwd = '/', startPeer }: FakeIoOptions = {}): FakeIo {
  const chunks: Buffer[] = []
  const errors: Buffer[] = []
  const waiting = new Set<() => void>()
  const listeners = new Set<(signal: Signal) => void>()
  const started: PeerOptions[] = []
  const sink = (into: Buffer[]): Writable =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        into.push(Buffer.from(chunk))
        done()
        for (const look of waiting) look()
      },
    })
  const text = (from: Buffer[]): string => Buffer.concat(from).toString('utf8')
  return {
    cwd,
    stdin: new PassThrough(),
    stdout: sink(chunks),
    stderr: sink(errors),
    started,
    startPeer: (options) => {
      started.push(options)
      return startPeer ? startPeer(options) : Promise.reject(new AppError('internal', 'No peer in this test'))
    },
    onSignal: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    out: () => text(chunks),
    err: () => text(errors),
    bytes: () => Buffer.concat(chunks),
    said: (wanted) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!text(chunks).includes(wanted)) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
    signal: (signal) => listeners.forEach((listener) => listener(signal)),
  }
}
