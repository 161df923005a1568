/** A peer in memory, for tests of what lies above it: a believable ring of two, files that are kept, calls that are recorded. */

import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { News } from '../../shared/contract.ts'
import { AppError } from '../../shared/errors.ts'
import { settingsDefaults, type Settings } from '../../shared/settings.ts'
import type { FileView, LeavingView, MachineView, RemovedView, RingView, SafetyView, TransferView } from '../../shared/views.ts'
import type { PeerApi, StoreResult } from '../../electron/peer/peer-api.ts'
import type { PeerOptions } from '../../electron/peer/peer-options.ts'

export interface FakeCall {
  readonly what: string
  readonly args: readonly unknown[]
}

export interface FakePeer extends PeerApi {
  readonly calls: readonly FakeCall[]
  /** Sends news to whoever listens. */
  tell(news: News): void
}

/** Steps of a hand-over, and how long each takes: long enough to be seen, short enough for a test. */
const handOverFiles = 3
const handOverStepMs = 250
/** In a data folder named `…slow`: long enough that only giving up ends it. */
const slowStepMs = 120_000

const machine = (id: string, name: string, position: number): MachineView => ({
  id,
  name,
  state: 'online',
  isSelf: position === 0.1,
  position,
  address: `127.0.0.1:${position === 0.1 ? '4001' : '4002'}`,
  roundTripMs: position === 0.1 ? null : 3,
  lastHeardAt: null,
  awaySince: null,
  colour: position === 0.1 ? 0 : 1,
})

const self = machine('a1a1', 'Desk', 0.1)
const other = machine('b2b2', 'Laptop', 0.6)
const ring: RingView = {
  name: 'Desk',
  ringId: 'f4f4',
  selfId: self.id,
  copiesWanted: 2,
  bits: 160,
  machines: [self, other],
  neighbours: [
    { offset: -1, machineId: other.id },
    { offset: 1, machineId: other.id },
  ],
}

async function fileView(path: string): Promise<FileView> {
  const bytes = await readFile(path)
  const holders = [self, other].map((m) => ({ machineId: m.id, verifiedAt: Date.now(), online: true }))
  return {
    name: basename(path),
    sizeBytes: (await stat(path)).size,
    storedAt: Date.now(),
    writerId: self.id,
    writerName: self.name,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    state: 'safe',
    holders,
    copiesWanted: 2,
    here: true,
    liveVersions: 1,
  }
}

function removedView({ name, sizeBytes }: FileView): RemovedView {
  return { name, sizeBytes, removedAt: Date.now(), removedBy: self.name, daysLeft: 30 }
}

function storeTransfer(file: FileView, path: string): TransferView {
  return {
    id: `t-${file.sha256.slice(0, 8)}`,
    kind: 'store',
    name: file.name,
    state: 'done',
    waitsFor: null,
    pace: null,
    sizeBytes: file.sizeBytes,
    doneBytes: file.sizeBytes,
    bytesPerSecond: 0,
    secondsLeft: null,
    parts: [{ machineId: other.id, bytes: file.sizeBytes }],
    startedAt: file.storedAt,
    endedAt: file.storedAt,
    error: null,
    path,
  }
}

const wait = (milliseconds: number): Promise<void> =>
  new Promise((done) => {
    setTimeout(done, milliseconds)
  })

/** Starts a fake. As the real one does, it refuses a data folder named `…in-use` or `…corrupt`, so that start errors can be seen. */
export function startFakePeer(options: PeerOptions): Promise<FakePeer> {
  if (options.dataFolder.endsWith('in-use')) return Promise.reject(new AppError('peer-running', 'The data folder is in use'))
  if (options.dataFolder.endsWith('corrupt')) return Promise.reject(new AppError('corrupt', 'LOCK: bad magic'))
  return Promise.resolve(createFakePeer(options))
}

/** A fake peer; nothing of it touches the network. */
export function createFakePeer(options: PeerOptions): FakePeer {
  const calls: FakeCall[] = []
  const listeners = new Set<(news: News) => void>()
  const files = new Map<string, FileView>()
  const trash = new Map<string, FileView>()
  const transfers: TransferView[] = []
  let settings: Settings = { ...settingsDefaults, machineName: 'Desk', sharedFolder: null, downloadsFolder: options.dataFolder }
  const note = (what: string, ...args: unknown[]): void => void calls.push({ what, args })
  const tell = (news: News): void => listeners.forEach((listener) => listener(news))
  const safety = (): SafetyView => ({
    files: files.size,
    sizeBytes: [...files.values()].reduce((sum, file) => sum + file.sizeBytes, 0),
    machines: 2,
    machinesOnline: 2,
    mayFail: 1,
    copying: 0,
    atRisk: 0,
    outOfReach: 0,
    checking: false,
    downloadBytesPerSecond: 0,
    uploadBytesPerSecond: 0,
  })
  const known = (name: string): FileView => {
    const file = files.get(name)
    if (!file) throw new AppError('not-found', `There is no file named ${name} in the ring`, { name })
    return file
  }
  const storeFile = async (path: string): Promise<StoreResult> => {
    note('storeFile', path)
    const file = await fileView(path)
    files.set(file.name, file)
    transfers.push(storeTransfer(file, path))
    tell({ kind: 'files', changed: [file], removed: [] })
    tell({ kind: 'safety', safety: safety() })
    const holders = [self, other].map(({ id, name }) => ({ id, name }))
    return { ...file, copies: 2, wanted: 2, state: 'stored', holders, route: [self.id], seconds: 0 }
  }

  const requestFile: PeerApi['requestFile'] = (name) => {
    note('requestFile', name)
    const { sizeBytes, sha256 } = known(name)
    return Promise.resolve({ name, sizeBytes, sha256, out: '-', from: [], route: [], seconds: 0 })
  }

  return {
    calls,
    tell,
    id: self.id,
    address: '127.0.0.1:4001',
    dataFolder: options.dataFolder,
    storeFile,
    storeFiles: async (given, { onDone }) => {
      for await (const file of given) await onDone(file, await storeFile(file.path))
    },
    expandPaths: async function* (paths) {
      for (const path of paths) yield { path, name: basename(path) }
    },
    queueStores: async (paths, onClash) => {
      note('queueStores', paths, onClash)
      for (const path of paths) await storeFile(path)
      return paths.length
    },
    requestFiles: async (names, { onDone }) => {
      for (const name of names) {
        const outcome = await requestFile(name).catch((thrown: unknown) => thrown as AppError)
        await onDone(name, outcome)
      }
    },
    requestFile,
    queueRequest: (name, request) => {
      note('queueRequest', name, request)
      return Promise.resolve(`t-${known(name).sha256.slice(0, 8)}`)
    },
    removeFile: (name) => {
      note('removeFile', name)
      trash.set(name, known(name))
      files.delete(name)
      tell({ kind: 'files', changed: [], removed: [name] })
      return Promise.resolve()
    },
    restoreFile: (name, version) => {
      note('restoreFile', name, version)
      const file = trash.get(name) ?? known(name)
      trash.delete(name)
      files.set(name, file)
      tell({ kind: 'files', changed: [file], removed: [] })
      return Promise.resolve()
    },
    listRemoved: () => [...trash.values()].map(removedView),
    chooseVersion: (name, version) => {
      note('chooseVersion', name, version)
      return Promise.resolve()
    },
    keepBothVersions: (name, version) => {
      note('keepBothVersions', name, version)
      return Promise.resolve(`${name} (2)`)
    },
    whereIs: (name) =>
      Promise.resolve({ name: known(name).name, key: 'c3c3', keyPosition: 0.3, versions: [], route: [self.id], lookupMs: 1 }),
    verify: async function* () {
      for (const name of files.keys()) yield { name, good: true }
    },
    files: () => ({ files: [...files.values()], next: null }),
    file: (name) => files.get(name) ?? null,
    transfers: () => [...transfers],
    cancelTransfer: (id) => note('cancelTransfer', id),
    pauseTransfer: (id) => note('pauseTransfer', id),
    resumeTransfer: (id) => note('resumeTransfer', id),
    retryTransfer: (id) => note('retryTransfer', id),
    clearFinished: () => transfers.splice(0),
    activity: () => [],
    ring: () => ring,
    safety,
    status: () => ({
      id: self.id,
      name: self.name,
      ring: ring.name,
      copiesWanted: 2,
      predecessors: [other.id],
      successors: [other.id],
      peers: 2,
      files: files.size,
      bytes: safety().sizeBytes,
      mayFail: 1,
    }),
    atRisk: () => Promise.resolve([]),
    nearby: () => [],
    whatIf: () => Promise.resolve({ outOfReach: [], outOfReachCount: 0, oneCopyLeftCount: files.size }),
    invite: () =>
      Promise.resolve({ link: 'ringdrop://join/fake', command: 'ringdrop join ringdrop://join/fake', expiresAt: Date.now() + 600_000 }),
    join: (link, bringFiles) => {
      note('join', link, bringFiles)
      tell({ kind: 'ring', ring: { ...ring, name: `${link} ${bringFiles ? 'with' : 'without'} files` } })
      return Promise.resolve()
    },
    settings: () => settings,
    updateSettings: (patch) => {
      note('updateSettings', patch)
      settings = { ...settings, ...patch }
      tell({ kind: 'settings', settings })
      return Promise.resolve(settings)
    },
    leave: async ({ onProgress, signal }) => {
      note('leave')
      for (let left = handOverFiles; left >= 0; left--) {
        const leaving: LeavingView = { filesLeft: left, filesTotal: handOverFiles, done: left === 0 }
        onProgress?.(leaving)
        await wait(options.dataFolder.endsWith('slow') ? slowStepMs : handOverStepMs)
        if (signal?.aborted) throw new AppError('cancelled', 'The hand-over was stopped')
      }
    },
    stop: () => {
      note('stop')
      return Promise.resolve()
    },
    onNews: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    onEvent: () => () => undefined,
  }
}
