/** What is put to the test: the app as it ships, and the same main process over a fake peer with the least window. */

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'

const root = join(import.meta.dirname, '../..')
const fakeFolder = join(root, '.tmp/shell')

const options = (outDir: string) => ({ outDir, emptyOutDir: true, target: 'node20', minify: false })
const common = { configFile: false, logLevel: 'warn', root } as const

/** Builds the app over the fake peer; returns the path of its main process. */
export async function buildFakeProduct(): Promise<string> {
  const main = join(root, 'tests/shell/fake/main-with-fake.ts')
  await build({
    ...common,
    build: { ...options(join(fakeFolder, 'main')), ssr: main, rolldownOptions: { output: { entryFileNames: 'index.js' } } },
  })
  // The preload is put to the test as it ships: one file with nothing but electron required.
  const lib = { entry: join(root, 'electron/preload/index.ts'), formats: ['cjs' as const], fileName: () => 'index.cjs' }
  await build({ ...common, build: { ...options(join(fakeFolder, 'preload')), lib, rolldownOptions: { external: ['electron'] } } })
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

/** The app as it ships, built afresh when a source is newer than the build; returns the path of its main process. */
export function buildRealProduct(): string {
  const main = join(root, 'out/main/index.js')
  const sources = Math.max(...['electron', 'shared', 'renderer'].map((folder) => newest(join(root, folder))))
  const isFresh = existsSync(main) && existsSync(join(root, 'out/renderer/index.html')) && statSync(main).mtimeMs > sources
  if (!isFresh) run('electron-vite/bin/electron-vite.js', 'build', '--logLevel', 'warn')
  return main
}

/** The headless peer and the command line. */
export function buildHeadless(): void {
  run('vite/bin/vite.js', 'build', '--config', 'headless.vite.config.ts', '--logLevel', 'warn')
}

function run(program: string, ...args: string[]): void {
  const done = spawnSync(process.execPath, [join(root, 'node_modules', program), ...args], { cwd: root, stdio: 'inherit' })
  if (done.status !== 0) throw new Error(`The app does not build: ${program} ${args.join(' ')}`)
}
