/**
 * A peer for the window alone: five machines, about 1 200 files, transfers that move, a ring that talks. Same seed, same data.
 * For screenshots, accessibility checks and work on the window without a ring; it keeps no bytes.
 */

import type { Api, CommandName, Commands, FilesPage, News, Outcome, Snapshot } from '../../shared/contract.ts'
import { AppError, toPlainError, type PlainError } from '../../shared/errors.ts'
import type { FileView, TransferView } from '../../shared/views.ts'
import { fewestCopies, judgeSafety } from '../../electron/peer/ring/safety.ts'
import { heldFile, makeScene, type Scene, type SceneName } from './fake-scenes.ts'
import { FakeVersions } from './fake-versions.ts'

export interface FakeOptions {
  readonly scene: SceneName
  readonly host: 'desktop' | 'browser'
  readonly theme: 'light' | 'dark' | 'system'
  /** Transfers and activity go on by themselves. */
  readonly live: boolean
}

export interface FakeApi extends Api {
  /** News as the peer would tell them. */
  tell(news: News): void
  readonly asked: readonly { readonly name: CommandName; readonly argument: unknown }[]
}

const filesAtOnce = 500

type Runners = { [K in CommandName]: (argument: Commands[K]['argument']) => Commands[K]['result'] }

export function createFakeApi(options: FakeOptions): FakeApi {
  const scene: Scene = makeScene(options.scene, Date.now())
  const files = new Map(scene.files.map((file) => [file.name, file]))
  const transfers = new Map(scene.transfers.map((transfer) => [transfer.id, transfer]))
  const self = { id: scene.ring.selfId, name: scene.settings.machineName }
  const versions = new FakeVersions((file) => scene.where(file).versions, self)
  const trash = new Map(scene.removed.map((removed) => [removed.name, removed]))
  const removedFiles = new Map<string, FileView>()
  const listeners = new Set<(news: News) => void>()
  const asked: { name: CommandName; argument: unknown }[] = []
  let settings = { ...scene.settings, theme: options.theme }
  let lastId = 1000

  const tell = (news: News): void => {
    for (const listener of listeners) listener(news)
  }
  const fail = (code: PlainError['code'], message: string, facts: Record<string, string> = {}): never => {
    throw new AppError(code, message, facts)
  }
  const changeTransfer = (transfer: TransferView): void => {
    transfers.set(transfer.id, transfer)
    tell({ kind: 'transfers', changed: [transfer], removed: [] })
  }
  const change = (file: FileView): void => {
    files.set(file.name, file)
    tell({ kind: 'files', changed: [file], removed: [] })
  }
  const known = (name: string): FileView => files.get(name) ?? fail('not-found', `No file called ${name} is in the ring`, { name })

  /** One by its id, whatever its state, or all that fit and that a person asked for. */
  function chosen(id: string | null, fits: (transfer: TransferView) => boolean): TransferView[] {
    if (id !== null) return [...transfers.values()].filter((transfer) => transfer.id === id)
    return [...transfers.values()].filter((transfer) => fits(transfer) && (transfer.kind === 'store' || transfer.kind === 'request'))
  }

  function request(name: string): { transferId: string } {
    const file = known(name)
    const id = `t${++lastId}`
    const parts = file.holders.map((holder) => ({ machineId: holder.machineId, bytes: 0 }))
    const started = {
      id,
      kind: 'request',
      name,
      state: 'running',
      waitsFor: null,
      pace: null,
      sizeBytes: file.sizeBytes,
      doneBytes: 0,
      bytesPerSecond: 84e6,
      secondsLeft: null,
    } as const
    changeTransfer({ ...started, parts, startedAt: Date.now(), endedAt: null, error: null, path: null })
    return { transferId: id }
  }

  function page(from: number): FilesPage {
    const end = from + filesAtOnce
    return { files: [...files.values()].slice(from, end), next: end < files.size ? end : null }
  }

  const runners: Runners = {
    open: (): Snapshot => ({
      ring: scene.ring,
      files: page(0),
      transfers: [...transfers.values()],
      activity: scene.activity,
      safety: scene.safety,
      settings,
      nearby: scene.nearby,
      host: options.host,
      version: '0.1.0',
    }),
    listFiles: ({ next }) => page(next),
    storePaths: ({ paths }) => ({ queued: paths.length }),
    pickAndStore: () => ({ queued: 2 }),
    requestFile: ({ name }) => request(name),
    requestFileAs: ({ name }) => request(name),
    removeFile: ({ name }) => {
      const { sizeBytes } = known(name)
      removedFiles.set(name, known(name))
      trash.set(name, { name, sizeBytes, removedAt: Date.now(), removedBy: self.name, daysLeft: 30 })
      files.delete(name)
      tell({ kind: 'files', changed: [], removed: [name] })
      return null
    },
    restoreFile: ({ name, version }) => {
      const removed = trash.get(name)
      if (!removed) change(versions.choose(known(name), version ?? fail('not-found', `${name} is not in the trash`, { name })))
      else {
        trash.delete(name)
        change(removedFiles.get(name) ?? { ...[...files.values()][0]!, name, sizeBytes: removed.sizeBytes })
      }
      return null
    },
    listRemoved: () => [...trash.values()].sort((a, b) => b.removedAt - a.removedAt),
    whereIs: ({ name }) => ({ ...scene.where(known(name)), versions: versions.of(known(name)) }),
    chooseVersion: ({ name, version }) => (change(versions.choose(known(name), version)), null),
    keepBothVersions: ({ name, version }) => {
      const { kept, other } = versions.keepBoth(known(name), version)
      change(kept)
      change(other)
      return { name: other.name }
    },
    verifyFile: ({ name }) => (known(name), null),
    cancelTransfer: ({ id }) => {
      const ended = { state: 'cancelled', waitsFor: null, endedAt: Date.now() } as const
      for (const transfer of chosen(id, isActive)) changeTransfer({ ...transfer, ...ended })
      return null
    },
    pauseTransfer: ({ id }) => {
      const paused = { state: 'paused', waitsFor: null, pace: null, bytesPerSecond: 0, secondsLeft: null, error: null } as const
      for (const transfer of chosen(id, isActive)) changeTransfer({ ...transfer, ...paused })
      return null
    },
    resumeTransfer: ({ id }) => {
      const running = { state: 'running', waitsFor: null, bytesPerSecond: 84e6, error: null } as const
      for (const transfer of chosen(id, isHeld)) changeTransfer({ ...transfer, ...running })
      return null
    },
    retryTransfer: ({ id }) => {
      const again = { state: 'running', doneBytes: 0, error: null, endedAt: null } as const
      for (const transfer of chosen(id, ({ state }) => state === 'failed')) changeTransfer({ ...transfer, ...again })
      return null
    },
    clearFinished: () => {
      const removed = [...transfers.values()].filter((t) => t.endedAt !== null).map((t) => t.id)
      for (const id of removed) transfers.delete(id)
      tell({ kind: 'transfers', changed: [], removed })
      return null
    },
    whatIf: ({ machineIds }) => {
      const online = scene.ring.machines.filter(({ state }) => state !== 'away').map(({ id }) => id)
      const left = new Set(online.filter((id) => !machineIds.includes(id)))
      const held = [...files.values()].map(heldFile)
      const { outOfReach, oneCopyLeft } = judgeSafety(held, left)
      const names = held.filter((file) => fewestCopies(file, left) === 0).map(({ name }) => name)
      return { outOfReach: names.slice(0, 100), outOfReachCount: outOfReach, oneCopyLeftCount: oneCopyLeft }
    },
    createInvite: () => {
      const token = 'b6Yt3Qw9rXk1ZpLm7Nc4Vd8Hs2Jf5Ga0EuTiOyPqRsA'
      const link = `ringdrop://join/1/${token}?at=192.168.1.20:41207&at=[fd12:3456::20]:41207`
      return { link, command: `ringdrop join "${link}"`, expiresAt: Date.now() + 600_000 }
    },
    joinRing: ({ link }) => (link.startsWith('ringdrop://') ? null : fail('invite-invalid', 'This is not an invite link')),
    updateSettings: (change) => {
      settings = { ...settings, ...change }
      tell({ kind: 'settings', settings })
      return settings
    },
    showInFolder: () => null,
    pickFolder: () => ({ path: '/home/you/Elsewhere' }),
    leaveAndQuit: () => {
      tell({ kind: 'leaving', leaving: { filesLeft: 12, filesTotal: 402, done: false } })
      return null
    },
  }

  async function run<K extends CommandName>(name: K, argument: Commands[K]['argument']): Promise<Outcome<K>> {
    asked.push({ name, argument })
    await Promise.resolve()
    try {
      return { ok: true, value: runners[name](argument) }
    } catch (error) {
      return { ok: false, error: toPlainError(error) }
    }
  }

  if (options.live) setInterval(() => moveOn([...transfers.values()], changeTransfer), 250)

  return {
    host: options.host,
    platform: 'linux',
    asked,
    tell,
    run,
    onNews: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    storeFiles: (dropped) => {
      const taken = dropped.find(({ relativePath }) => files.has(relativePath))
      if (!taken) return Promise.resolve({ ok: true, queued: dropped.length })
      const facts = { name: taken.relativePath }
      return Promise.resolve({
        ok: false,
        error: { code: 'already-exists', message: `${taken.relativePath} is in the ring already`, facts },
      })
    },
    downloadAddress: (name, version = '') =>
      options.host === 'browser' ? `/download?${new URLSearchParams({ name, version }).toString()}` : null,
  }
}

const isHeld = ({ state, waitsFor }: TransferView): boolean => state === 'paused' || waitsFor === 'machine'
const isActive = ({ state }: TransferView): boolean => state === 'running' || state === 'waiting' || state === 'paused'

/** A quarter of a second of progress for everything that runs. */
function moveOn(all: readonly TransferView[], change: (transfer: TransferView) => void): void {
  for (const transfer of all) {
    if (transfer.state !== 'running') continue
    const step = Math.max(transfer.sizeBytes / 160, Math.min(transfer.bytesPerSecond / 4, transfer.sizeBytes / 12))
    const doneBytes = Math.min(transfer.sizeBytes, transfer.doneBytes + step)
    const parts = transfer.parts.map((part, index) => ({ ...part, bytes: part.bytes + (step * (index + 1)) / 3 }))
    const done = doneBytes >= transfer.sizeBytes
    change({
      ...transfer,
      parts,
      doneBytes,
      state: done ? 'done' : 'running',
      endedAt: done ? Date.now() : null,
      path: done ? `/home/you/Downloads/${transfer.name}` : null,
    })
  }
}
