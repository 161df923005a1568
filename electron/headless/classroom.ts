/** A classroom peer at work: events become lines, lines typed become commands, until Quit or a signal. */

import { createInterface } from 'node:readline'
import { AppError, toPlainError } from '../../shared/errors.ts'
import type { PeerApi } from '../peer/peer-api.ts'
import type { PeerEvent } from '../peer/peer-events.ts'
import { findLocalFile, parseClassroomLine, type ClassroomStart } from './classroom-input.ts'
import { startWording, wordEvent } from './classroom-wording.ts'
import { exitCodes, type ExitCode } from './exit-codes.ts'
import { say, type Io } from './io.ts'

/** Received copies are kept apart from the originals by it. */
const copyPrefix = '_'

/** Prints what happens, in the course's words. Returns the way to stop. */
export function printEvents(io: Io, peer: PeerApi, start: ClassroomStart): () => void {
  let state = startWording(String(start.id), (start.successors ?? []).map(String))
  const holds = (name: string): boolean => peer.file(name)?.here ?? false
  const print = (event: PeerEvent): void => {
    const worded = wordEvent(event, state, holds)
    state = worded.state
    for (const line of worded.lines) say(io, line)
  }
  const stop = peer.onEvent(print)
  if (start.knownPeer !== null) {
    // The join was accepted before there was a peer to listen to.
    print({ kind: 'join-accepted', route: [] })
    print({ kind: 'successors', successors: peer.status().successors, previous: [] })
  }
  return stop
}

/** Reads commands until `Quit` (a departure in good order) or a signal (an abrupt one). The peer has stopped afterwards. */
export async function runClassroom(io: Io, peer: PeerApi, folder: string): Promise<ExitCode> {
  let finish: (code: ExitCode) => void = () => undefined
  const done = new Promise<ExitCode>((resolve) => (finish = resolve))
  let quitting = false
  // The end of input is no command: a peer started by a script runs on until a signal.
  const lines = createInterface({ input: io.stdin, terminal: false, crlfDelay: Infinity })
  const giveSignalsBack = io.onSignal(() => {
    void peer.stop().then(
      () => {
        finish(exitCodes.done)
      },
      () => {
        finish(exitCodes.failed)
      },
    )
  })
  lines.on('line', (line) => {
    if (quitting) return
    const command = parseClassroomLine(line)
    if (command.kind === 'bad') say(io, command.answer)
    else if (command.kind === 'quit') {
      quitting = true
      peer.leave({ forget: false }).then(
        () => {
          finish(exitCodes.done)
        },
        (thrown: unknown) => {
          say(io, toPlainError(thrown).message)
          finish(exitCodes.failed)
        },
      )
    } else if (command.kind !== 'nothing') void runFileCommand(io, { peer, folder }, command)
  })
  try {
    return await done
  } finally {
    giveSignalsBack()
    lines.close()
  }
}

async function runFileCommand(
  io: Io,
  { peer, folder }: { peer: PeerApi; folder: string },
  command: { readonly kind: 'store' | 'request'; readonly name: string },
): Promise<void> {
  try {
    if (command.kind === 'store') await peer.storeFile(await findLocalFile(folder, command.name), { name: command.name })
    else await peer.requestFile(command.name, { out: folder, namePrefix: copyPrefix })
  } catch (thrown) {
    const notStored = command.kind === 'request' && thrown instanceof AppError && thrown.code === 'not-found'
    say(io, notStored ? `File ${command.name} is not stored in the ring` : toPlainError(thrown).message)
  }
}
