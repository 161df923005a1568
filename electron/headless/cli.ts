#!/usr/bin/env node
/** The command line's entry: the process's own streams and signals, handed to the commands. */

import process from 'node:process'
import { exitCodes } from './exit-codes.ts'
import type { Io, Signal } from './io.ts'
import { runCli } from './program.ts'
import { setUpV8 } from './v8-settings.ts'

const signals: readonly Signal[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

const io: Io = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  cwd: process.cwd(),
  // The peer is loaded by the commands that run one: the others start in a tenth of the time.
  startPeer: async (options) => {
    setUpV8()
    return (await import('../peer/peer.ts')).startPeer(options)
  },
  onSignal: (listener) => {
    const handlers = signals.map((signal) => {
      const handler = (): void => {
        listener(signal)
      }
      process.on(signal, handler)
      return { signal, handler }
    })
    return () => {
      for (const { signal, handler } of handlers) process.off(signal, handler)
    }
  },
}

// `ringdrop list | head` closes the pipe early: that is how such a reader says that it has enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? exitCodes.done : exitCodes.failed))

const code = await runCli(process.argv.slice(2), io)
// What is written is flushed first; what is still open (a socket that lingers) must not keep the process.
process.stdout.write('', () => {
  process.stderr.write('', () => process.exit(code))
})
