/** Entry of the desktop app's main process: the parts that the app is made of. */

import { startControlServer } from '../headless/control-socket.ts'
import { startPeer } from '../peer/peer.ts'
import { runDesktop } from './start.ts'

// The same socket as a headless peer's, so that every `ringdrop …` command reaches the app, too.
runDesktop({ startPeer, openService: startControlServer })
