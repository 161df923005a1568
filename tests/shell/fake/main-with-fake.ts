/** The desktop app's own main process over a peer in memory: what a start looks like before, or without, a real ring. */

import { runDesktop } from '../../../electron/main/start.ts'
import { startFakePeer } from '../../fakes/fake-peer.ts'

runDesktop({ startPeer: startFakePeer, openService: null })
