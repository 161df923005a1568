/** Storing over the control socket: paths expanded by the peer, a few files at a time, each with its own answer. */

import { AppError, toPlainError } from '../../shared/errors.ts'
import type { PeerApi } from '../peer/peer-api.ts'
import type { Answer } from './control-answer.ts'

/** Files stored at the same time: small ones wait for other machines' disks, not for ours. */
const storesAtOnce = 8

export interface StorePathsArgument {
  readonly paths: readonly string[]
  /** Name in the ring in place of the base name; of a folder, in place of the folder's name. */
  readonly as: string | null
  readonly replace: boolean
}

interface ToStore {
  readonly path: string
  readonly name: string
}

/** Stores every file below the paths. What fails is answered as failed and does not stop the rest. */
export async function storePaths(peer: PeerApi, argument: StorePathsArgument, answer: Answer): Promise<void> {
  if (argument.as !== null && argument.paths.length > 1) throw new AppError('bad-argument', '--as names one file or folder; give one path')
  const running = new Set<Promise<void>>()
  for (const path of argument.paths) {
    try {
      for await (const file of peer.expandPaths([path])) {
        if (answer.signal.aborted) break
        const work: Promise<void> = storeOne(
          peer,
          { path: file.path, name: ringName(file.name, argument.as) },
          { answer, replace: argument.replace },
        ).finally(() => running.delete(work))
        running.add(work)
        if (running.size >= storesAtOnce) await Promise.race(running)
      }
    } catch (thrown) {
      await answer.failed(toPlainError(thrown), path)
    }
  }
  await Promise.all(running)
}

/** `photos/a.jpg` stored as `trip` is `trip/a.jpg`. */
function ringName(name: string, as: string | null): string {
  if (as === null) return name
  const slash = name.indexOf('/')
  return slash < 0 ? as : `${as}${name.slice(slash)}`
}

async function storeOne(peer: PeerApi, file: ToStore, { answer, replace }: { answer: Answer; replace: boolean }): Promise<void> {
  try {
    const done = await peer.storeFile(file.path, {
      name: file.name,
      onClash: replace ? 'replace' : 'decline',
      signal: answer.signal,
      outlives: true,
      onProgress: (doneBytes, totalBytes) => {
        answer.progress(file.name, doneBytes, totalBytes)
      },
    })
    const { name, sizeBytes, sha256, copies, wanted, state, holders, route, seconds } = done
    await answer.item({ name, size: sizeBytes, sha256, copies, wanted, state, holders, route, seconds })
  } catch (thrown) {
    await answer.failed(toPlainError(thrown), file.name)
  }
}
