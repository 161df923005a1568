/**
 * Where the control socket of a data folder is. `control.json` in the folder says so, with a secret that only its owner can
 * read: the same on every platform, whether the socket lies beside it, elsewhere (long paths), or is a named pipe.
 */

import { createHash, randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import * as v from 'valibot'
import { AppError } from '../../shared/errors.ts'

export interface ControlAddress {
  readonly path: string
  readonly secret: string
}

/** sockaddr_un takes 104 bytes on macOS and 108 on Linux, with the final zero. */
const socketPathBytesMax = 100
const addressSchema = v.object({ path: v.pipe(v.string(), v.minLength(1)), secret: v.pipe(v.string(), v.minLength(32)) })

const addressFile = (dataFolder: string): string => join(dataFolder, 'control.json')

/** The socket's place for a data folder; not looked at yet. */
export function socketPath(dataFolder: string, platform: NodeJS.Platform = process.platform): string {
  const hash = createHash('sha256').update(dataFolder).digest('hex').slice(0, 32)
  if (platform === 'win32') return `\\\\.\\pipe\\ringdrop-${hash}`
  const beside = join(dataFolder, 'control.sock')
  if (Buffer.byteLength(beside) <= socketPathBytesMax) return beside
  return join(tmpdir(), `ringdrop-${userInfo().uid}`, `${hash}.sock`)
}

/** Makes the folders private and chooses a fresh secret. Rejects when a stranger owns the socket's folder. */
export async function prepareAddress(dataFolder: string): Promise<ControlAddress> {
  await mkdir(dataFolder, { recursive: true, mode: 0o700 })
  const path = socketPath(dataFolder)
  if (process.platform !== 'win32') {
    await chmod(dataFolder, 0o700)
    if (dirname(path) !== dataFolder) await privateFolder(dirname(path))
  }
  return { path, secret: randomBytes(32).toString('hex') }
}

/** In a folder that everybody may write to, somebody else may have been there first: only our own, closed to others, will do. */
async function privateFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const found = await lstat(folder)
  if (!found.isDirectory() || found.uid !== userInfo().uid) {
    throw new AppError('internal', `The folder ${folder} belongs to somebody else; choose a shorter --data path`, { path: folder })
  }
  await chmod(folder, 0o700)
}

/** Tells commands where the socket is; replaces what a killed process left. */
export async function announceAddress(dataFolder: string, address: ControlAddress): Promise<void> {
  const partial = `${addressFile(dataFolder)}.${process.pid}.tmp`
  await writeFile(partial, `${JSON.stringify(address)}\n`, { mode: 0o600 })
  await rename(partial, addressFile(dataFolder))
}

export async function withdrawAddress(dataFolder: string, address: ControlAddress): Promise<void> {
  const current = await readAddress(dataFolder)
  if (current?.secret !== address.secret) return
  await rm(addressFile(dataFolder), { force: true })
  if (process.platform !== 'win32') await rm(address.path, { force: true })
}

/** The address of a data folder's peer, or null when none was announced. */
export async function readAddress(dataFolder: string): Promise<ControlAddress | null> {
  try {
    const parsed = v.safeParse(addressSchema, JSON.parse(await readFile(addressFile(dataFolder), 'utf8')))
    return parsed.success ? parsed.output : null
  } catch {
    return null
  }
}
