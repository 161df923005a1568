/** Files below what a person gave: a file under its base name, a folder's files under the paths from the folder's name on. */

import { opendir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { unreadable } from './transfer/file-errors.ts'

export interface PathAndName {
  readonly path: string
  /** Name in the ring, with `/`. */
  readonly name: string
}

/** Symbolic links below a folder are passed over; one that is given is followed. Throws `file-unreadable`. */
export async function* expandPaths(paths: readonly string[]): AsyncGenerator<PathAndName> {
  for (const path of paths) {
    const entry = await stat(path).catch((error: unknown) => {
      throw unreadable(path, error)
    })
    if (entry.isDirectory()) yield* below(path, basename(path))
    else yield { path, name: basename(path) }
  }
}

async function* below(folder: string, prefix: string): AsyncGenerator<PathAndName> {
  const directory = await opendir(folder).catch((error: unknown) => {
    throw unreadable(folder, error)
  })
  for await (const entry of directory) {
    const path = join(folder, entry.name)
    const name = `${prefix}/${entry.name}`
    if (entry.isDirectory()) yield* below(path, name)
    else if (entry.isFile()) yield { path, name }
  }
}
