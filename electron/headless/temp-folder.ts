/** A folder for a peer that leaves nothing behind. What a killed process left is removed by the next one of its kind. */

import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Makes a folder of this process in the system's temporary folder. */
export async function makeTempFolder(kind: string): Promise<string> {
  await removeAbandoned(kind)
  return mkdtemp(join(tmpdir(), `ringdrop-${kind}-${process.pid}-`))
}

export function removeTempFolder(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true, maxRetries: 5 })
}

async function removeAbandoned(kind: string): Promise<void> {
  const pattern = new RegExp(`^ringdrop-${kind}-([0-9]+)-`)
  for (const entry of await readdir(tmpdir()).catch(() => [])) {
    const pid = Number(pattern.exec(entry)?.[1] ?? Number.NaN)
    // Somebody else's folder cannot be removed and is no business of ours.
    if (!Number.isNaN(pid) && !isRunning(pid)) await removeTempFolder(join(tmpdir(), entry)).catch(() => undefined)
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
