/** `ringdrop classroom init …` and `ringdrop classroom join …` */

import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { AppError, toPlainError } from '../../../shared/errors.ts'
import type { PeerApi } from '../../peer/peer-api.ts'
import { parseClassroomStart, type ClassroomStart } from '../classroom-input.ts'
import { printEvents, runClassroom } from '../classroom.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { say, sayError, type Io } from '../io.ts'
import { openWindow } from '../open-window.ts'
import { makeTempFolder, removeTempFolder } from '../temp-folder.ts'
import { parseWebAddress, type WebServer } from '../web-server.ts'

export interface ClassroomArguments {
  readonly init?: readonly string[]
  readonly join?: readonly string[]
  readonly dir?: string
  readonly web?: string
}

/** The textbook's ports: so every peer knows every other's from its id. */
const portBase = 12_000

export async function classroom(io: Io, args: ClassroomArguments): Promise<ExitCode> {
  const start = args.init ? parseClassroomStart('init', args.init) : parseClassroomStart('join', args.join ?? [])
  const web = args.web === undefined ? null : parseWebAddress(args.web)
  const folder = resolve(io.cwd, args.dir ?? '.')
  if ((await stat(folder).catch(() => null))?.isDirectory() !== true) {
    throw new AppError('bad-argument', `There is no folder ${folder}; give an existing one with --dir`)
  }
  const dataFolder = await makeTempFolder('classroom')
  try {
    return await run(io, start, { folder, dataFolder, web })
  } finally {
    await removeTempFolder(dataFolder)
  }
}

interface Places {
  readonly folder: string
  readonly dataFolder: string
  readonly web: { readonly address: string; readonly port: number } | null
}

async function run(io: Io, start: ClassroomStart, { folder, dataFolder, web }: Places): Promise<ExitCode> {
  let peer: PeerApi
  try {
    peer = await io.startPeer({
      classroom: start,
      dataFolder,
      host: '127.0.0.1',
      port: portBase + start.id,
      log: 'none',
      machineName: `Peer ${start.id}`,
      sharedFolder: null,
      downloadsFolder: folder,
      discovery: false,
    })
  } catch (thrown) {
    return sayNotStarted(io, start, thrown)
  }
  let window: WebServer | null = null
  try {
    if (web) {
      window = await openWindow(peer, web, () => {
        process.kill(process.pid, 'SIGTERM')
      })
      say(io, `Window: ${window.url}`)
    }
    const quiet = printEvents(io, peer, start)
    const code = await runClassroom(io, peer, folder)
    quiet()
    return code
  } catch (thrown) {
    await peer.stop()
    throw thrown
  } finally {
    await window?.close()
  }
}

function sayNotStarted(io: Io, start: ClassroomStart, thrown: unknown): ExitCode {
  const error = toPlainError(thrown)
  const taken = error.code === 'id-taken' || (error.code === 'port-in-use' && start.knownPeer !== null)
  if (taken) {
    // On one machine a second peer of the same id already fails at the port; to a person both are the same thing.
    return sayError(io, { ...error, message: `Join request has been declined: id ${start.id} is already taken; choose another id` })
  }
  if (error.code === 'port-in-use') {
    return sayError(io, {
      ...error,
      message: `Port ${portBase + start.id} is in use; is there a Peer ${start.id} already? Choose another id`,
    })
  }
  if (error.code === 'peer-unreachable' && start.knownPeer !== null) {
    const known = `Peer ${start.knownPeer} does not answer on port ${portBase + start.knownPeer}`
    return sayError(io, { ...error, message: `${known}; start it first, or join through another peer` })
  }
  sayError(io, error)
  return exitCodes.failed
}
