/**
 * Many small files read or written whole, on a thread of their own. On the main thread each of a file's five system calls is handed to another
 * thread and back, which costs several times what the call does; here they follow one another, and one message has the results of many files.
 * Only syncs go to the system's threads, some at once: a disk takes several together for the price of one.
 */

import { AppError } from '../../../shared/errors.ts'
import { releaseBlock, takeBlock } from './blocks.ts'
import { diskError } from './disk-error.ts'
import type { NewFile, WholeFile, WholeFiles } from './disk.ts'
import { WorkerThread } from './worker-thread.ts'

/** Files that wait for their sync at once. */
const syncsAtOnce = 16
const digestBytes = 32

/**
 * Questions and answers: see `Read` and `Write`. A pipe is opened without waiting for whoever writes into it. A hidden file that lies there
 * is of a process that ended in the middle. A file gets its name by a link, which never replaces anything; where there are no links (FAT), an
 * empty file of ours claims the name, then gives way.
 */
const source = `
const fs = require('node:fs')
const { promisify } = require('node:util')
const { hash } = require('node:crypto')
const { parentPort } = require('node:worker_threads')

const fsync = promisify(fs.fsync)
const asReason = (error) => ({ code: error.code, message: error.message })

function forget(path) {
  try {
    fs.rmSync(path, { force: true })
  } catch {
    // it could not be made, either
  }
}

function readOne(path, space) {
  const fd = fs.openSync(path, fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0))
  try {
    const before = fs.fstatSync(fd)
    if (!before.isFile() || before.size > space.length) return null
    let done = 0
    for (let count = -1; count !== 0 && done < before.size; done += count) count = fs.readSync(fd, space, done, before.size - done, done)
    const after = fs.fstatSync(fd)
    const isSame = done === before.size && after.size === before.size && after.mtimeMs === before.mtimeMs
    return isSame ? done : { code: 'CHANGED', message: 'changed' }
  } finally {
    fs.closeSync(fd)
  }
}

function read({ paths, limitBytes, block }) {
  const digests = Buffer.allocUnsafeSlow(paths.length * ${digestBytes})
  const sizes = []
  let at = 0
  for (const [index, path] of paths.entries()) {
    if (at + limitBytes > block.length) break
    try {
      const size = readOne(path, block.subarray(at, at + limitBytes))
      sizes.push(size)
      if (typeof size !== 'number') continue
      hash('sha256', block.subarray(at, at + size), 'buffer').copy(digests, index * ${digestBytes})
      at += size
    } catch (error) {
      sizes.push(asReason(error))
    }
  }
  return { sizes, digests }
}

function openNew(part) {
  try {
    return fs.openSync(part, 'wx')
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    fs.unlinkSync(part)
    return fs.openSync(part, 'wx')
  }
}

function place(part, path) {
  try {
    fs.linkSync(part, path)
  } catch (error) {
    if (error.code === 'EEXIST') throw error
    fs.closeSync(fs.openSync(path, 'wx'))
    try {
      return fs.renameSync(part, path)
    } catch (failure) {
      forget(path)
      throw failure
    }
  }
  fs.unlinkSync(part)
}

async function writeOne({ part, path }, bytes) {
  try {
    if (fs.existsSync(path)) return { code: 'EEXIST', message: 'taken' }
    const fd = openNew(part)
    try {
      for (let done = 0; done < bytes.length; ) done += fs.writeSync(fd, bytes, done)
      await fsync(fd)
    } finally {
      fs.closeSync(fd)
    }
    place(part, path)
    return null
  } catch (error) {
    forget(part)
    return asReason(error)
  }
}

async function write({ files, block }) {
  const outcomes = []
  let next = 0
  let at = 0
  const work = async () => {
    while (next < files.length) {
      const index = next++
      const file = files[index]
      outcomes[index] = await writeOne(file, block.subarray(at, (at += file.sizeBytes)))
    }
  }
  await Promise.all(Array.from({ length: ${syncsAtOnce} }, work))
  return outcomes
}

parentPort.on('message', async ([id, question]) => {
  parentPort.postMessage([id, question.files ? await write(question) : read(question)])
})
`

/** Why not: as the system says, or CHANGED. */
interface Reason {
  readonly code: string
  readonly message: string
}

/** Of as many of the files as the block has room for. */
interface Read {
  /** For each file its size in bytes, null for what is none or larger, or why not. */
  readonly sizes: readonly (number | null | Reason)[]
  /** One for each file; of those that were not read it means nothing. */
  readonly digests: Uint8Array
}

type Write = readonly (Reason | null)[]

const thread = new WorkerThread('ringdrop files', source)
/** What goes to the thread, or comes from it, at once: as much as blocks of transfers, whose memory it is. */
const sharedBytes = 1_048_576

/** See Disk. */
export async function readWhole(paths: readonly string[], limitBytes: number): Promise<WholeFiles> {
  const files: (WholeFile | null | AppError)[] = []
  const blocks: Buffer[] = []
  while (files.length < paths.length) {
    const block = takeBlock(Math.max(sharedBytes, limitBytes))
    blocks.push(block)
    const rest = paths.slice(files.length)
    const { sizes, digests } = (await thread.ask({ paths: rest, limitBytes, block })) as Read
    let at = 0
    for (const [index, size] of sizes.entries()) {
      if (size === null) files.push(null)
      else if (typeof size !== 'number') files.push(asError(size, rest[index] ?? ''))
      else files.push({ bytes: block.subarray(at, (at += size)), sha256: digests.subarray(index * digestBytes, (index + 1) * digestBytes) })
    }
  }
  return { files, release: () => blocks.forEach(releaseBlock) }
}

/** See Disk. */
export async function writeWhole(files: readonly NewFile[]): Promise<(AppError | null)[]> {
  const outcomes: (AppError | null)[] = []
  while (outcomes.length < files.length) {
    const some = fitting(files.slice(outcomes.length))
    const block = takeBlock(Math.max(sharedBytes, bytesOf(some)))
    let at = 0
    for (const { bytes } of some) {
      block.set(bytes, at)
      at += bytes.length
    }
    const named = some.map(({ part, path, bytes }) => ({ part, path, sizeBytes: bytes.length }))
    const written = (await thread.ask({ files: named, block })) as Write
    releaseBlock(block)
    for (const [index, reason] of written.entries()) outcomes.push(reason && asError(reason, some[index]?.path ?? ''))
  }
  return outcomes
}

/** The first of them that go together, at least one. */
function fitting(files: readonly NewFile[]): readonly NewFile[] {
  let bytes = 0
  const end = files.findIndex((file, index) => (bytes += file.bytes.length) > sharedBytes && index > 0)
  return end < 0 ? files : files.slice(0, end)
}

function bytesOf(files: readonly NewFile[]): number {
  return files.reduce((sum, file) => sum + file.bytes.length, 0)
}

function asError({ code, message }: Reason, path: string): AppError {
  if (code === 'CHANGED') return new AppError('changed-while-reading', `${path} changed while it was read`, { path })
  return diskError(Object.assign(new Error(message), { code }), path)
}
