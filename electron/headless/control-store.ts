/** Storing over the control socket: paths expanded by the peer, a few files at a time, each with its own answer. */

import { AppError, toPlainError } from '../../shared/errors.ts'
import type { PeerApi } from '../peer/peer-api.ts'
import type { Answer } from './control-answer.ts'

export interface StorePathsArgument {
  readonly paths: readonly string[]
  /** Name in the ring in place of the base name; of a folder, in place of the folder's name. */
  readonly as: string | null
  readonly replace: boolean
}

/** Stores every file below the paths, small ones together. What fails is answered as failed and does not stop the rest. */
export async function storePaths(peer: PeerApi, argument: StorePathsArgument, answer: Answer): Promise<void> {
  if (argument.as !== null && argument.paths.length > 1) throw new AppError('bad-argument', '--as names one file or folder; give one path')
  await peer.storeFiles(filesBelow(peer, argument, answer), {
    onClash: argument.replace ? 'replace' : 'decline',
    signal: answer.signal,
    onProgress: (file, doneBytes, totalBytes) => answer.progress(file.name, doneBytes, totalBytes),
    onDone: (file, outcome) => {
      if (outcome instanceof AppError) return answer.failed(outcome.toPlain(), file.name)
      const { name, sizeBytes, sha256, copies, wanted, state, holders, route, seconds } = outcome
      return answer.item({ name, size: sizeBytes, sha256, copies, wanted, state, holders, route, seconds })
    },
  })
}

interface ToStore {
  readonly path: string
  readonly name: string
}

/** A path that cannot be read is answered as failed. */
async function* filesBelow(peer: PeerApi, argument: StorePathsArgument, answer: Answer): AsyncGenerator<ToStore> {
  for (const path of argument.paths) {
    try {
      for await (const file of peer.expandPaths([path])) yield { path: file.path, name: ringName(file.name, argument.as) }
    } catch (thrown) {
      await answer.failed(toPlainError(thrown), path)
    }
  }
}

/** `photos/a.jpg` stored as `trip` is `trip/a.jpg`. */
function ringName(name: string, as: string | null): string {
  if (as === null) return name
  const slash = name.indexOf('/')
  return slash < 0 ? as : `${as}${name.slice(slash)}`
}
