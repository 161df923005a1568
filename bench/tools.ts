/** What the benches share: random files, a folder in RAM, rings whose bytes must travel. */

import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, open, rm, statfs, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Cluster, type JsonObject, type Machine, type StartOptions, until } from '../tests/cluster/processes.ts'

const ramFolder = '/dev/shm'
/** RAM where there is some to write to, so that no disk is measured. */
const fastFolder = existsSync(ramFolder) ? ramFolder : tmpdir()

const pieceBytes = 64 * 1024 * 1024
/** Ends a command that hangs; the largest transfer on a busy machine takes less. */
const commandTimeoutMs = 3_600_000

/** Why something cannot be measured here. */
export class Skipped extends Error {}

/** Runs `work` with a folder of its own, in RAM unless told otherwise, which goes at the end. Says why it was skipped. */
export async function inFolder(work: (folder: string) => Promise<void>, parent = fastFolder): Promise<void> {
  const folder = await mkdtemp(join(parent, 'ringdrop-bench-'))
  try {
    await work(folder)
  } catch (error) {
    if (!(error instanceof Skipped)) throw error
    process.stdout.write(`skipped: ${error.message}\n`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The number at this place of the command line, or what stands in for it. */
export function argument(place: number, standIn: number): number {
  return Number(process.argv[place + 1] ?? standIn)
}

/** Random, so that nothing on the way can be smart about it. */
export async function writeRandomFile(path: string, sizeBytes: number): Promise<void> {
  const file = await open(path, 'w')
  const piece = randomBytes(pieceBytes)
  try {
    for (let done = 0; done < sizeBytes;) {
      // every piece differs, and is cheaper to make than random bytes
      piece.writeBigUInt64LE(BigInt(done), 0)
      const { bytesWritten } = await file.write(piece, 0, Math.min(pieceBytes, sizeBytes - done))
      done += bytesWritten
    }
  } finally {
    await file.close()
  }
}

/** Of each such piece of RAM a page stays: Linux hands what is free to a virtual machine's host again, but whole stretches of 2 MiB only. */
const warmPieceBytes = 512 * 1024

/**
 * Fills as much RAM as a run will use, or half of what is free, and empties it but for a page here and there, which stay until the folder goes.
 * A virtual machine is given memory when it first touches it, which may cost several times a write, and gives back what was free for some
 * seconds: without this it would be the host that is measured.
 */
export async function warmMemory(folder: string, sizeBytes: number): Promise<void> {
  if (!folder.startsWith(ramFolder)) return
  const { bavail, bsize } = await statfs(folder)
  const path = join(folder, 'warm')
  const piece = Buffer.alloc(pieceBytes)
  for (let at = 0; at < pieceBytes; at += warmPieceBytes) piece[at] = 1
  const file = await open(path, 'w')
  for (let left = Math.min(sizeBytes, (bavail * bsize) / 2); left > 0; left -= pieceBytes) await file.write(piece)
  await file.close()
  const digging = spawn('fallocate', ['--dig-holes', path], { stdio: 'ignore' })
  const isDug = await new Promise<boolean>((resolve) => {
    digging.on('error', () => resolve(false)).on('exit', (code) => resolve(code === 0))
  })
  if (!isDug) await rm(path)
}

/** Files in one folder: more of them make the file system the limit. */
const filesPerFolder = 1000

/** Many small files of random bytes below `folder`, a thousand in each folder. */
export async function writeSmallFiles(folder: string, count: number, sizeBytes: number): Promise<void> {
  for (let first = 0; first < count; first += filesPerFolder) {
    const part = join(folder, String(first / filesPerFolder))
    await mkdir(part, { recursive: true })
    for (let number = first; number < Math.min(first + filesPerFolder, count); number++)
      await writeFile(join(part, `${number}.dat`), randomBytes(sizeBytes))
  }
}

/** Bytes after which `makeNew` makes a change: less than any block of a manifest. */
const changeEveryBytes = 65_536

/** Makes the file another content of the same size, in every part: who knows the old one must be sent all of the new. */
export async function makeNew(path: string): Promise<void> {
  const file = await open(path, 'r+')
  const { size } = await file.stat()
  const mark = randomBytes(8)
  for (let at = 0; at < size; at += changeEveryBytes) await file.write(mark, 0, Math.min(8, size - at), at)
  await file.close()
}

export interface RingPlan {
  readonly copies: number
  readonly machines: readonly StartOptions[]
}

/** A ring of its own, data in `folder`, whose machines all know each other. `work` gets them in order; all are ended after it. */
export async function withRing<T>(folder: string, plan: RingPlan, work: (machines: Machine[], cluster: Cluster) => Promise<T>): Promise<T> {
  const cluster = new Cluster(folder)
  try {
    for (const [index, options] of plan.machines.entries()) {
      const [first] = cluster.machines
      await cluster.start({
        commandTimeoutMs,
        ...options,
        args: [...(first ? [] : ['--copies', String(plan.copies)]), ...(options.args ?? [])],
        ...(first ? { join: await first.invite() } : {}),
        name: options.name ?? `Machine ${index + 1}`,
      })
    }
    for (const machine of cluster.machines) await until(() => knows(machine, plan.machines.length), `${machine.name} knows all`)
    return await work([...cluster.machines], cluster)
  } finally {
    await cluster.stop()
  }
}

async function knows(machine: Machine, count: number): Promise<boolean> {
  return (await machine.run('peers')).json.filter((peer) => peer['state'] === 'online').length === count
}

/** A name whose copies all belong on machines other than the first: those at and after the name's key. */
export function nameKeptByOthers([own, ...others]: readonly Machine[], copies: number, prefix: string): string {
  if (own === undefined || others.length < copies) throw new Error('Too few machines for so many copies')
  const ids = [own, ...others].map(({ id }) => id).sort()
  for (let number = 0; ; number++) {
    const name = `${prefix}-${number}.bin`
    const key = createHash('sha256').update(name).digest('hex').slice(0, 40)
    const first = Math.max(
      0,
      ids.findIndex((id) => id >= key),
    )
    const keepers = [...ids, ...ids].slice(first, first + copies)
    if (!keepers.includes(own.id)) return name
  }
}

/** Fails unless these machines of an answer are `count` others: else the bytes did not travel as they were meant to. */
export function mustBeOthers(own: Machine, answered: unknown, count: number): void {
  const ids = (answered as readonly JsonObject[]).map(({ id }) => String(id))
  if (ids.length !== count || ids.includes(own.id)) throw new Error(`The bytes went elsewhere: ${JSON.stringify(answered)}`)
}

/** Seconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return (performance.now() - startedAt) / 1000
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
