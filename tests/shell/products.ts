/** What is put to the test: the app as it ships, and the same main process over a fake peer with the least window. */

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'

const root = join(import.meta.dirname, '../..')
const fakeFolder = join(root, '.tmp/shell')

const library = (entry: string, outDir: string, format: 'es' | 'cjs', file: string) => ({
  configFile: false as const,
  logLevel: 'warn' as const,
  root,
  // The preload is put to the test as it ships: one file with nothing but electron required.
  build: {
    outDir,
    emptyOutDir: true,
    target: 'node20',
    minify: false,
    lib: { entry: join(root, entry), formats: [format], fileName: () => file },
    rollupOptions: { external: format === 'cjs' ? ['electron'] : [/^node:/, /^(?![./]|[A-Za-z]:)/] },
  },
})

/** Builds the app over the fake peer; returns the path of its main process. */
export async function buildFakeProduct(): Promise<string> {
  await build(library('tests/shell/fake/main-with-fake.ts', join(fakeFolder, 'main'), 'es', 'index.js'))
  await build(library('electron/preload/index.ts', join(fakeFolder, 'preload'), 'cjs', 'index.cjs'))
  rmSync(join(fakeFolder, 'renderer'), { recursive: true, force: true })
  for (const file of ['index.html', 'page.js']) cpSync(join(import.meta.dirname, 'fake', file), join(fakeFolder, 'renderer', file))
  return join(fakeFolder, 'main/index.js')
}

function newest(folder: string): number {
  return Math.max(
    0,
    ...readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  )
}

/** The app as it ships, built afresh when a source is newer than the build. Null while a part of it is missing. */
export function buildRealProduct(): string | null {
  const main = join(root, 'out/main/index.js')
  if (!existsSync(join(root, 'electron/peer/peer.ts')) || !existsSync(join(root, 'renderer/index.html'))) return null
  const sources = Math.max(...['electron', 'shared', 'renderer'].map((folder) => newest(join(root, folder))))
  const isFresh = existsSync(main) && existsSync(join(root, 'out/renderer/index.html')) && statSync(main).mtimeMs > sources
  if (!isFresh) {
    const cli = join(root, 'node_modules/electron-vite/bin/electron-vite.js')
    const done = spawnSync(process.execPath, [cli, 'build', '--logLevel', 'warn'], { cwd: root, stdio: 'inherit' })
    if (done.status !== 0) throw new Error('The app does not build')
  }
  return main
}
