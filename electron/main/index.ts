/** Entry of the desktop app's main process. */

import { startPeer } from '../peer/peer.ts'
import { runDesktop } from './desktop.ts'

runDesktop(startPeer)
