/**
 * The contract onto a peer: validates what comes from a window, runs it, and turns what was thrown into an outcome.
 * Main process and web server share it; what only a desktop has (dialogs, folders) comes in as a port.
 */

import * as v from 'valibot'
import { commandNames, type CommandName, type Commands, type News, type Outcome, type Snapshot } from '../../shared/contract.ts'
import { AppError, toPlainError } from '../../shared/errors.ts'
import { validateSettings } from '../../shared/settings.ts'
import type { PeerApi } from './peer-api.ts'

/** What only a desktop can do. Null results: the person cancelled. */
export interface DesktopPort {
  pickFiles(): Promise<string[] | null>
  pickSavePath(name: string): Promise<string | null>
  pickFolder(title: string): Promise<string | null>
  showItemInFolder(path: string): void
}

export interface CommandHost {
  /** Runs any command from outside: never rejects, whatever it is given. */
  run(name: unknown, argument: unknown): Promise<Outcome<CommandName>>
  onNews(listener: (news: News) => void): () => void
}

export interface CommandHostOptions {
  readonly desktop: DesktopPort | null
  readonly version: string
  /** Called for `leaveAndQuit`. */
  readonly quit: () => void
}

const activityLines = 500
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(4096))
const id = v.pipe(v.string(), v.minLength(1), v.maxLength(100))
const path = v.pipe(v.string(), v.minLength(1), v.maxLength(4096))
const onClash = v.picklist(['decline', 'replace', 'keep-both'])
const nothing = v.pipe(
  v.unknown(),
  v.transform(() => null),
)

/** Every argument's shape. A command without one does not compile. */
const schemas: { [K in CommandName]: v.GenericSchema<unknown, Commands[K]['argument']> } = {
  open: nothing,
  listFiles: v.object({ next: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) }),
  storePaths: v.object({ paths: v.pipe(v.array(path), v.maxLength(10_000)), onClash }),
  pickAndStore: nothing,
  requestFile: v.object({ name, version: v.nullable(id) }),
  requestFileAs: v.object({ name }),
  removeFile: v.object({ name }),
  restoreFile: v.object({ name, version: v.exactOptional(id) }),
  listRemoved: nothing,
  whereIs: v.object({ name }),
  chooseVersion: v.object({ name, version: id }),
  keepBothVersions: v.object({ name, version: id }),
  verifyFile: v.object({ name }),
  cancelTransfer: v.object({ id: v.nullable(id) }),
  pauseTransfer: v.object({ id: v.nullable(id) }),
  resumeTransfer: v.object({ id: v.nullable(id) }),
  retryTransfer: v.object({ id: v.nullable(id), onClash }),
  clearFinished: nothing,
  whatIf: v.object({ machineIds: v.pipe(v.array(id), v.maxLength(4096)) }),
  createInvite: nothing,
  joinRing: v.object({ link: v.pipe(v.string(), v.maxLength(4096)), bringFiles: v.boolean() }),
  updateSettings: v.pipe(
    v.unknown(),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const { valid, invalid } = validateSettings(dataset.value)
      if (invalid.length === 0) return valid
      addIssue({ message: `not a valid value: ${invalid.join(', ')}` })
      return NEVER
    }),
  ),
  showInFolder: v.object({ path }),
  pickFolder: v.object({ title: v.pipe(v.string(), v.maxLength(200)) }),
  leaveAndQuit: nothing,
}

type Runners = { [K in CommandName]: (argument: Commands[K]['argument']) => Promise<Commands[K]['result']> | Commands[K]['result'] }

export function createCommandHost(peer: PeerApi, options: CommandHostOptions): CommandHost {
  const desktop = (): DesktopPort => {
    if (!options.desktop) throw new AppError('bad-argument', 'This works in the desktop app only')
    return options.desktop
  }
  const snapshot = (): Snapshot => ({
    ring: peer.ring(),
    files: peer.files(null),
    transfers: peer.transfers(),
    activity: peer.activity(activityLines),
    safety: peer.safety(),
    settings: peer.settings(),
    nearby: peer.nearby(),
    host: options.desktop ? 'desktop' : 'browser',
    version: options.version,
  })
  const done = (work: Promise<void>): Promise<null> => work.then(() => null)

  const runners: Runners = {
    open: snapshot,
    listFiles: (a) => peer.files(a.next),
    storePaths: async ({ paths, onClash: clash }) => {
      desktop()
      return { queued: await peer.queueStores(paths, clash) }
    },
    pickAndStore: async () => {
      const paths = await desktop().pickFiles()
      return { queued: paths ? await peer.queueStores(paths, 'decline') : 0 }
    },
    requestFile: async ({ name: wanted, version }) => ({
      transferId: await peer.queueRequest(wanted, version === null ? {} : { version }),
    }),
    requestFileAs: async ({ name: wanted }) => {
      const out = await desktop().pickSavePath(wanted)
      return out === null ? null : { transferId: await peer.queueRequest(wanted, { out }) }
    },
    removeFile: (a) => done(peer.removeFile(a.name)),
    restoreFile: (a) => done(peer.restoreFile(a.name, a.version)),
    listRemoved: () => peer.listRemoved(),
    whereIs: (a) => peer.whereIs(a.name),
    chooseVersion: (a) => done(peer.chooseVersion(a.name, a.version)),
    keepBothVersions: async (a) => ({ name: await peer.keepBothVersions(a.name, a.version) }),
    verifyFile: async (a) => {
      for await (const result of peer.verify(a.name)) {
        if (!result.good)
          throw new AppError('corrupt', `The copy of ${a.name} on this machine was damaged and is being replaced`, { name: a.name })
      }
      return null
    },
    cancelTransfer: (a) => {
      peer.cancelTransfer(a.id)
      return null
    },
    pauseTransfer: (a) => {
      peer.pauseTransfer(a.id)
      return null
    },
    resumeTransfer: (a) => {
      peer.resumeTransfer(a.id)
      return null
    },
    retryTransfer: (a) => {
      peer.retryTransfer(a.id, a.onClash)
      return null
    },
    clearFinished: () => {
      peer.clearFinished()
      return null
    },
    whatIf: (a) => peer.whatIf(a.machineIds),
    createInvite: () => peer.invite(),
    joinRing: (a) => done(peer.join(a.link, a.bringFiles)),
    updateSettings: (a) => peer.updateSettings(a),
    showInFolder: (a) => {
      desktop().showItemInFolder(a.path)
      return null
    },
    pickFolder: async (a) => {
      const picked = await desktop().pickFolder(a.title)
      return picked === null ? null : { path: picked }
    },
    leaveAndQuit: () => {
      options.quit()
      return null
    },
  }

  const runChecked = async <K extends CommandName>(command: K, argument: unknown): Promise<Outcome<K>> => {
    const parsed = v.safeParse(schemas[command], argument)
    if (!parsed.success) {
      const issue = parsed.issues[0]
      const where = v.getDotPath(issue)
      return { ok: false, error: { code: 'bad-argument', message: `${command}: ${where ? `${where}: ` : ''}${issue.message}`, facts: {} } }
    }
    return { ok: true, value: await runners[command](parsed.output) }
  }

  return {
    run: async (command, argument) => {
      try {
        const known = commandNames.find((candidate) => candidate === command)
        if (known === undefined) throw new AppError('bad-argument', 'There is no such command')
        return await runChecked(known, argument)
      } catch (thrown) {
        return { ok: false, error: toPlainError(thrown) }
      }
    },
    onNews: (listener) => peer.onNews(listener),
  }
}
