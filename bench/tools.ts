/** What the benches share: a file of fresh random bytes in RAM, a ring of two whose bytes must travel, medians, a table. */

import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { Cluster, type Machine } from '../tests/cluster/processes.ts'

/** RAM where there is some to write to, so that no disk is measured. */
export const fastFolder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

const pieceBytes = 64 * 1024 * 1024

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

/** Makes the file another content, of the same size. */
export async function makeNew(path: string): Promise<void> {
  const file = await open(path, 'r+')
  await file.write(randomBytes(64), 0, 64, 0)
  await file.close()
}

export interface Pair {
  readonly cluster: Cluster
  /** Stores and requests. */
  readonly near: Machine
  /** Keeps. */
  readonly far: Machine
}

/** A ring of two with one copy of each file, data in `folder`. */
export async function startPair(
  folder: string,
  nodeArgs: { readonly near?: readonly string[]; readonly far?: readonly string[] } = {},
): Promise<Pair> {
  const cluster = new Cluster(folder)
  try {
    const near = await cluster.start({ name: 'Near', args: ['--copies', '1'], nodeArgs: nodeArgs.near ?? [] })
    const far = await cluster.start({ name: 'Far', join: await near.invite(), nodeArgs: nodeArgs.far ?? [] })
    return { cluster, near, far }
  } catch (error) {
    await cluster.stop()
    throw error
  }
}

/** A name whose only copy belongs on `owner`: the first machine at or after the name's key. */
export function nameOwnedBy(owner: Machine, other: Machine, prefix: string): string {
  for (let number = 0; ; number++) {
    const name = `${prefix}-${number}.bin`
    const key = createHash('sha256').update(name).digest('hex').slice(0, 40)
    const ids = [owner.id, other.id].sort()
    if ((ids.find((id) => id >= key) ?? ids[0]) === owner.id) return name
  }
}

export async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return (performance.now() - startedAt) / 1000
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

export function say(text = ''): void {
  process.stdout.write(`${text}\n`)
}

/** Columns as wide as their widest cell; the first to the left, numbers to the right. */
export function sayTable(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  for (const row of rows)
    say(row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '))
}
