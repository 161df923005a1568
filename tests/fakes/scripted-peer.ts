/** The fake peer with what the command line and the browser need: bytes that come back, names, clashes, events on demand. */

import { createHash } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { AppError } from '../../shared/errors.ts'
import type { FileView, VersionView } from '../../shared/views.ts'
import type { PeerApi, RequestFilesOptions, RequestOptions, StoreFilesOptions, StoreOptions } from '../../electron/peer/peer-api.ts'
import type { PeerEvent } from '../../electron/peer/peer-events.ts'
import { createFakePeer, type FakePeer } from './fake-peer.ts'

export interface ScriptedPeer extends FakePeer {
  emit(event: PeerEvent): void
  /** A file that is stored, with its bytes. */
  put(name: string, bytes: Buffer): void
  /** More versions of a stored file, after its current one. */
  putVersions(name: string, contents: readonly { readonly bytes: Buffer; readonly state: VersionView['state'] }[]): void
  /** Bytes of a stored file. */
  bytesOf(name: string): Buffer | undefined
  /** Signals that were handed to requests, to see whether they were aborted. */
  readonly signals: readonly AbortSignal[]
  /** Requests wait until the signal is aborted. */
  hang: boolean
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

export function createScriptedPeer(dataFolder: string): ScriptedPeer {
  const fake = createFakePeer({ dataFolder })
  const files = new Map<string, Buffer>()
  const trash = new Map<string, Buffer>()
  const more = new Map<string, readonly VersionView[]>()
  const listeners = new Set<(event: PeerEvent) => void>()
  const signals: AbortSignal[] = []
  const calls = fake.calls as { what: string; args: readonly unknown[] }[]
  const holders = [{ machineId: fake.id, verifiedAt: 1_700_000_000_000, online: true }]
  const known = (name: string): Buffer => {
    const bytes = files.get(name)
    if (!bytes) throw new AppError('not-found', `${name} is not in the ring`, { name })
    return bytes
  }
  const version = (name: string): VersionView => versionOf(known(name))
  const versionOf = (bytes: Buffer): VersionView => {
    const digest = sha256(bytes)
    return {
      version: digest.slice(0, 40),
      state: 'current',
      sizeBytes: bytes.length,
      sha256: digest,
      storedAt: 1,
      writerId: fake.id,
      writerName: 'Desk',
      holders,
    }
  }
  const fileView = (name: string): FileView => {
    const { sizeBytes, sha256: digest, storedAt, writerId, writerName } = version(name)
    return {
      name,
      sizeBytes,
      storedAt,
      writerId,
      writerName,
      sha256: digest,
      state: 'safe',
      holders,
      copiesWanted: 2,
      here: true,
      liveVersions: 1,
    }
  }
  const scripted: Partial<ScriptedPeer> = {
    signals,
    hang: false,
    emit: (event) => listeners.forEach((listener) => listener(event)),
    put: (name, bytes) => void files.set(name, bytes),
    putVersions: (name, contents) =>
      void more.set(
        name,
        contents.map(({ bytes, state }) => ({ ...versionOf(bytes), state })),
      ),
    bytesOf: (name) => files.get(name),
    onEvent: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    expandPaths: async function* (paths: readonly string[]) {
      for (const path of paths) {
        if (!(await stat(path).catch(() => null))) throw new AppError('file-unreadable', `${path} is not there`, { path })
        yield { path, name: basename(path) }
      }
    },
    storeFile: async (path: string, options: StoreOptions = {}) => {
      calls.push({ what: 'storeFile', args: [path, { name: options.name, onClash: options.onClash }] })
      const name = options.name ?? basename(path)
      const bytes = await readFile(path)
      if (files.has(name) && !files.get(name)?.equals(bytes) && options.onClash !== 'replace') {
        throw new AppError('already-exists', `${name} is stored already with other content`, { name })
      }
      options.onProgress?.(bytes.length, bytes.length)
      files.set(name, bytes)
      const isPartial = name.startsWith('partial')
      return {
        name,
        sizeBytes: bytes.length,
        sha256: sha256(bytes),
        copies: isPartial ? 1 : 2,
        wanted: 2,
        state: isPartial ? 'partial' : 'stored',
        holders: [{ id: fake.id, name: 'Desk' }],
        route: [fake.id],
        seconds: 0.5,
      }
    },
    storeFiles: async (given: AsyncIterable<{ path: string; name: string }>, options: StoreFilesOptions) => {
      for await (const { path, name } of given) {
        const alone: StoreOptions = {
          name,
          onProgress: (doneBytes, totalBytes) => options.onProgress?.({ name }, doneBytes, totalBytes),
          ...(options.onClash ? { onClash: options.onClash } : {}),
        }
        const outcome = await fake.storeFile(path, alone).catch((thrown: unknown) => thrown as AppError)
        await options.onDone({ path, name }, outcome)
      }
    },
    requestFiles: async (names: readonly string[], options: RequestFilesOptions) => {
      for (const name of names) {
        const alone: RequestOptions = {
          out: options.folder,
          outlives: true,
          onProgress: (doneBytes, totalBytes) => options.onProgress?.(name, doneBytes, totalBytes),
          ...(options.signal ? { signal: options.signal } : {}),
        }
        const outcome = await fake.requestFile(name, alone).catch((thrown: unknown) => thrown as AppError)
        await options.onDone(name, outcome)
      }
    },
    requestFile: async (name: string, options: RequestOptions = {}) => {
      calls.push({
        what: 'requestFile',
        args: [name, { version: options.version, out: typeof options.out, namePrefix: options.namePrefix }],
      })
      if (options.signal) signals.push(options.signal)
      const bytes = known(name)
      const result = { name, sizeBytes: bytes.length, sha256: sha256(bytes), from: [], route: [fake.id], seconds: 0.5 }
      if (scriptedPeer.hang) {
        await new Promise<void>((resolve) => options.signal?.addEventListener('abort', () => resolve()))
        throw new AppError('cancelled', 'The request was cancelled')
      }
      if (typeof options.out === 'object') {
        await pipeline(Readable.from([bytes]), options.out)
        return { ...result, out: '-' }
      }
      let out = options.out ?? dataFolder
      if ((await stat(out).catch(() => null))?.isDirectory()) out = join(out, `${options.namePrefix ?? ''}${basename(name)}`)
      await writeFile(out, bytes)
      return { ...result, out }
    },
    whereIs: (name: string) =>
      Promise.resolve().then(() => {
        const removed = trash.get(name)
        const versions = removed ? [{ ...versionOf(removed), state: 'removed' as const }] : [version(name), ...(more.get(name) ?? [])]
        return { name, key: 'c3c3', keyPosition: 0.3, versions, route: [fake.id], lookupMs: 1 }
      }),
    removeFile: (name: string) =>
      Promise.resolve().then(() => {
        trash.set(name, known(name))
        files.delete(name)
      }),
    restoreFile: (name: string, wanted?: string) =>
      Promise.resolve().then(() => {
        calls.push({ what: 'restoreFile', args: [name, wanted] })
        const bytes = wanted === undefined ? trash.get(name) : known(name)
        if (!bytes) throw new AppError('not-found', `${name} is not in the trash`, { name })
        trash.delete(name)
        files.set(name, bytes)
      }),
    listRemoved: () =>
      [...trash].map(([name, bytes]) => ({ name, sizeBytes: bytes.length, removedAt: 1, removedBy: 'Laptop', daysLeft: 12 })),
    verify: async function* (name: string | null) {
      for (const each of await Promise.resolve(files.keys()))
        if (name === null || name === each) yield { name: each, good: !each.startsWith('bad') }
    },
    // two pages, as soon as there are two files
    files: (next: number | null) => {
      const all = [...files.keys()].map(fileView)
      const half = Math.ceil(all.length / 2)
      return next === null && half < all.length ? { files: all.slice(0, half), next: half } : { files: all.slice(next ?? 0), next: null }
    },
    leave: (options: Parameters<PeerApi['leave']>[0]) => {
      calls.push({ what: 'leave', args: [{ forget: options.forget }] })
      options.onProgress?.({ filesLeft: 0, filesTotal: 2, done: true })
      return Promise.resolve()
    },
  }
  const scriptedPeer: ScriptedPeer = Object.assign(fake, scripted) as ScriptedPeer
  return scriptedPeer
}
