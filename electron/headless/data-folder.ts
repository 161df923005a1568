/** Where a peer's data lies when nobody says otherwise, and where this installation's own files are. */

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import envPaths from 'env-paths'

/**
 * The platform's local data folder: ~/.local/share/Ringdrop, ~/Library/Application Support/Ringdrop, %LOCALAPPDATA%\Ringdrop\Data.
 * Local, never roaming: it holds gigabytes and the key of this very machine.
 */
export function defaultDataFolder(): string {
  return envPaths('Ringdrop', { suffix: '' }).data
}

/** The project's folder: two up from both electron/headless/ and out/headless/. */
const projectFolder = fileURLToPath(new URL('../../', import.meta.url))

/** The built window. */
export const rendererFolder = resolve(projectFolder, 'out/renderer')

/** Version of the application, from its package.json. */
export function appVersion(): string {
  const parsed: unknown = JSON.parse(readFileSync(resolve(projectFolder, 'package.json'), 'utf8'))
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed && typeof parsed.version === 'string'
    ? parsed.version
    : '0.0.0'
}
