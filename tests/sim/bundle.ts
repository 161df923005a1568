/**
 * The simulator and all that it runs as one file for worker threads: quicker to start than module by module, and the place
 * where faults are planted. A fault is a change of the source on its way into the bundle, so the product holds no switch for it.
 */

import { mkdtemp, mkdir, readFile, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { join, resolve } from 'node:path'
import { build, type Plugin } from 'esbuild'

export interface Change {
  /** From the repository's root. */
  readonly file: string
  /** Occurs exactly once in the file. */
  readonly find: string
  readonly replace: string
}

/** A change that does not fit the source any more: the source moved on, and the change has to follow. */
export class StaleChangeError extends Error {}

export interface Bundle {
  readonly path: string
  remove(): Promise<void>
}

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Text with the changes made, one after the other. Throws a StaleChangeError when one does not fit exactly one place. */
export function applyChanges(text: string, changes: readonly Change[]): string {
  let changed = text
  for (const { file, find, replace } of changes) {
    const places = changed.split(find).length - 1
    if (places !== 1) throw new StaleChangeError(`${file} has ${places} places instead of one that read:\n${find}`)
    changed = changed.replace(find, () => replace)
  }
  return changed
}

/** Builds main-worker.ts with `changes`; the file lies in the repository's .tmp, from where packages are found. */
export async function bundleSimulator(changes: readonly Change[] = []): Promise<Bundle> {
  const temporary = join(root, '.tmp')
  await mkdir(temporary, { recursive: true })
  const folder = await mkdtemp(join(temporary, 'sim-'))
  const path = join(folder, 'worker.mjs')
  const remove = () => rm(folder, { recursive: true, force: true })
  const loaded = new Set<string>()
  try {
    await build({
      entryPoints: [join(root, 'tests/sim/main-worker.ts')],
      outfile: path,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      packages: 'external',
      logLevel: 'silent',
      plugins: [plant(changes, loaded)],
    })
    for (const { file } of changes) {
      if (!loaded.has(resolve(root, file))) throw new StaleChangeError(`${file} is no part of the simulator`)
    }
  } catch (error) {
    await remove()
    throw error
  }
  return { path, remove }
}

/** Notes in `loaded` which of the files to change were really loaded. */
function plant(changes: readonly Change[], loaded: Set<string>): Plugin {
  const byFile = new Map<string, Change[]>()
  for (const change of changes) {
    const path = resolve(root, change.file)
    byFile.set(path, [...(byFile.get(path) ?? []), change])
  }
  return {
    name: 'plant',
    setup: (builder) => {
      builder.onLoad({ filter: /[.]ts$/ }, async ({ path }) => {
        const wanted = byFile.get(path)
        if (!wanted) return undefined
        loaded.add(path)
        return { contents: applyChanges(await readFile(path, 'utf8'), wanted), loader: 'ts' }
      })
    },
  }
}
