/** `ringdrop serve`: a peer in the foreground, with its control socket and its window. */

import { resolve } from 'node:path'
import { toPlainError } from '../../../shared/errors.ts'
import { announcedWays } from '../../peer/net/system.ts'
import type { PeerApi } from '../../peer/peer-api.ts'
import type { PeerOptions } from '../../peer/peer-options.ts'
import { startControlServer } from '../control-socket.ts'
import { createEnding } from '../ending.ts'
import { createEventPrinter } from '../event-printer.ts'
import type { ExitCode } from '../exit-codes.ts'
import { say, sayError, sayJson, type CommonOptions, type Io } from '../io.ts'
import { openWindow } from '../open-window.ts'
import { parseWebAddress, type WebServer } from '../web-server.ts'

export interface ServeArguments {
  readonly name?: string
  readonly host?: string
  readonly port?: number
  /** Ways, separated by commas. */
  readonly announce?: string
  /** `ADDR:PORT`, false = none, absent or true = loopback. */
  readonly web?: string | boolean
  /** A folder, false = none, absent or true = the setting. */
  readonly share?: string | boolean
  readonly downloads?: string
  readonly copies?: number
  readonly repairDelay?: number
  readonly discovery?: boolean
  readonly join?: string
}

export async function serve(io: Io, common: CommonOptions, args: ServeArguments): Promise<ExitCode> {
  const web = args.web === false ? null : parseWebAddress(typeof args.web === 'string' ? args.web : '127.0.0.1:0')
  const peer = await io.startPeer(peerOptions(io, common, args))
  const ending = createEnding(io, peer)
  const opened: { close(): Promise<void> }[] = []
  try {
    const control = await startControlServer({ peer, leave: (options) => ending.leave(options) })
    opened.push(control)
    let window: WebServer | null = null
    if (web) {
      window = await openWindow(peer, web, () => {
        ending.request()
      })
      opened.push(window)
    }
    const quiet = announce(io, peer, { json: common.json, web: window?.url ?? null })
    const code = await ending.wait()
    quiet()
    return code
  } catch (thrown) {
    await peer.stop()
    return sayError(io, toPlainError(thrown))
  } finally {
    ending.release()
    for (const each of opened.reverse()) await each.close()
  }
}

function peerOptions(io: Io, common: CommonOptions, args: ServeArguments): PeerOptions {
  const inCwd = (path: string): string => resolve(io.cwd, path)
  return {
    dataFolder: common.dataFolder,
    ...(args.host === undefined ? {} : { host: args.host }),
    ...(args.port === undefined ? {} : { port: args.port }),
    ...(args.announce === undefined ? {} : { announce: announcedWays(args.announce.split(',')) }),
    ...(args.name === undefined ? {} : { machineName: args.name }),
    ...(args.share === false ? { sharedFolder: null } : typeof args.share === 'string' ? { sharedFolder: inCwd(args.share) } : {}),
    ...(args.downloads === undefined ? {} : { downloadsFolder: inCwd(args.downloads) }),
    ...(args.copies === undefined ? {} : { copies: args.copies }),
    ...(args.repairDelay === undefined ? {} : { repairDelaySeconds: args.repairDelay }),
    ...(args.discovery === false ? { discovery: false } : {}),
    ...(args.join === undefined ? {} : { join: args.join }),
  }
}

/** Tells that the peer is ready and then what happens in it. Returns the way to be quiet again. */
function announce(io: Io, peer: PeerApi, shown: { json: boolean; web: string | null }): () => void {
  const status = peer.status()
  if (shown.json) {
    sayJson(io, {
      event: 'ready',
      id: peer.id,
      name: status.name,
      address: peer.address,
      web: shown.web,
      ring: status.ring,
      data: peer.dataFolder,
    })
    const events = createEventPrinter(io)
    return peer.onEvent(({ kind, ...rest }) => {
      events.say({ event: kind, ...rest })
    })
  }
  say(io, `${status.name} (${peer.id}) is on ${peer.address}, in the ring ${status.ring}`)
  say(io, `Data in ${peer.dataFolder}`)
  if (shown.web !== null) say(io, `Window: ${shown.web}`)
  say(io, 'Ctrl+C leaves in good order; a second Ctrl+C stops at once')
  return peer.onNews((news) => {
    if (news.kind !== 'activity') return
    for (const line of news.lines) if (!io.stdout.writableNeedDrain) say(io, `${new Date(line.at).toTimeString().slice(0, 8)} ${line.text}`)
  })
}
