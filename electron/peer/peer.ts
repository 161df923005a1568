/**
 * The peer: this machine's part of the ring, for the desktop app and headless alike. The facade composes what is below it:
 * the stores, the session in the present ring, files as transfers, the shared folder, discovery and the news.
 */

import type { Logger } from 'pino'
import type { FilesPage, News, Notice, OnClash } from '../../shared/contract.ts'
import { AppError } from '../../shared/errors.ts'
import type { Settings } from '../../shared/settings.ts'
import type {
  ActivityView,
  FileView,
  InviteView,
  LeavingView,
  NearbyRingView,
  RemovedView,
  RingView,
  SafetyView,
  StatusView,
  TransferView,
  WhatIfView,
  WhereView,
} from '../../shared/views.ts'
import { Activity } from './activity.ts'
import { classroomState, startClassroom } from './classroom-ring.ts'
import { expandPaths, type PathAndName } from './expand-paths.ts'
import { enroll, readInvite } from './join-by-link.ts'
import { logEvent, openLog } from './log.ts'
import { Discovery } from './net/discovery.ts'
import { RateLimit } from './net/rate-limit.ts'
import { systemTimers } from './net/system-timers.ts'
import { announcedWays } from './net/system.ts'
import { NewsDesk } from './news-desk.ts'
import type {
  PeerApi,
  RequestFilesOptions,
  RequestOptions,
  RequestResult,
  StoreFilesOptions,
  StoreOptions,
  StoreResult,
  VerifyResult,
} from './peer-api.ts'
import type { PeerEvent } from './peer-events.ts'
import { BurstRequests } from './peer-burst-requests.ts'
import { GatheredStores } from './gathered-stores.ts'
import { PeerBursts } from './peer-bursts.ts'
import { PeerFiles } from './peer-files.ts'
import type { PeerOptions } from './peer-options.ts'
import { verifyCopies } from './repair/verify.ts'
import { RingSession } from './ring-session.ts'
import type { RingState } from './ring-state.ts'
import { defaultParameters } from './ring/ring-options.ts'
import { SharedFolderHost } from './shared-folder-host.ts'
import { SpeedMeter } from './speed-meter.ts'
import { Stores } from './stores.ts'
import { chooseVersion, keepBothVersions, removeFile, restoreFile } from './transfer/change-record.ts'
import { TransferJournal } from './transfer/transfer-journal.ts'
import { Transfers } from './transfer/transfers.ts'
import { encodeInvite, inviteLifetimeMs } from './trust/invite.ts'
import { createRingKey } from './trust/ring-key.ts'
import { ViewBuilder } from './view-builder.ts'

const joinTimeoutMs = 20_000
/** Members change in bursts: they are written down a moment after. */
const rememberAfterMs = 500
/** When a calm ring's members were last there is written down so often: a crash tells nobody in time. */
const rememberEveryMs = 3_600_000
/** All interfaces, IPv6 and IPv4; where there is no IPv6, IPv4 alone. */
const defaultHost = '::'

/** Starts a peer: resumes the ring of its data folder, or founds one, or joins by `options.join`. Throws AppError. */
export async function startPeer(options: PeerOptions): Promise<PeerApi> {
  const stores = await Stores.open(options.dataFolder)
  try {
    const peer = new Peer(options, stores, await openLog(options.dataFolder, options.log ?? 'file'))
    await peer.start()
    return peer
  } catch (error) {
    await stores.close()
    throw error
  }
}

class Peer implements PeerApi {
  readonly #options: PeerOptions
  readonly #stores: Stores
  readonly #log: Logger
  readonly #journal: TransferJournal
  readonly #transfers: Transfers
  readonly #files: PeerFiles
  readonly #bursts: PeerBursts
  readonly #burstRequests: BurstRequests
  readonly #folder: SharedFolderHost
  readonly #desk: NewsDesk
  readonly #activity: Activity
  readonly #speeds = new SpeedMeter(() => this.#session.net.stats)
  readonly #listeners = new Set<(event: PeerEvent) => void>()
  /** Settings given with this start: they hold until a person changes them. */
  readonly #given: Partial<Settings>
  readonly #limits = { up: new RateLimit(), down: new RateLimit() }
  #session!: RingSession
  #views!: ViewBuilder
  #discovery: Discovery | null = null
  #nearby: NearbyRingView[] = []
  #remember: NodeJS.Timeout | null = null
  #meter: NodeJS.Timeout | null = null
  #rememberer: NodeJS.Timeout | null = null
  #stopping: Promise<void> | null = null

  constructor(options: PeerOptions, stores: Stores, log: Logger) {
    this.#options = options
    this.#stores = stores
    this.#given = settingsGiven(options)
    this.#log = log
    this.#journal = new TransferJournal(stores.asksFile, systemTimers, (error) => log.warn(error))
    this.#transfers = new Transfers({
      onChange: (id) => this.#desk.transferChanged(id),
      onEnd: () => undefined,
      onWait: (view) => this.#tellWaiting(view),
      journal: this.#journal,
    })
    const gathered = new GatheredStores({
      timers: systemTimers,
      store: (files, onDone) => this.#bursts.store(files, { onClash: 'replace-own', onDone }),
    })
    this.#folder = new SharedFolderHost({
      dataFolder: stores.folder,
      store: (path, name) => gathered.store({ path, name }),
      onNote: (text) => this.#onEvent({ kind: 'folder-note', text }),
    })
    this.#files = new PeerFiles({
      session: () => this.#session,
      transfers: this.#transfers,
      journal: this.#journal,
      isHeldBack: (direction) => this.#limits[direction].isHolding,
      downloadsFolder: () => this.settings().downloadsFolder,
      onEvent: (event) => this.#onEvent(event),
      onNotice: (notice) => this.#notice(notice),
      onWritten: (path) => this.#folder.written(path),
      storeMany: (files, options) => this.#bursts.store(files, options),
    })
    this.#bursts = new PeerBursts({
      session: () => this.#session,
      transfers: this.#transfers,
      onEvent: (event) => this.#onEvent(event),
      storeFile: ({ path, name }, { signal, onClash = 'decline', onProgress }) =>
        this.#files.storeFile(path, {
          name,
          onClash,
          outlives: true,
          ...(signal ? { signal } : {}),
          ...(onProgress ? { onProgress: (doneBytes, totalBytes) => onProgress({ name }, doneBytes, totalBytes) } : {}),
        }),
    })
    this.#burstRequests = new BurstRequests({
      session: () => this.#session,
      transfers: this.#transfers,
      onEvent: (event) => this.#onEvent(event),
      onWritten: (path) => this.#folder.written(path),
      requestFile: (name, out, { signal, onProgress }) =>
        this.#files.requestFile(name, {
          out,
          outlives: true,
          ...(signal ? { signal } : {}),
          ...(onProgress ? { onProgress: (doneBytes, totalBytes) => onProgress(name, doneBytes, totalBytes) } : {}),
        }),
    })
    this.#activity = new Activity((id) => this.#nameOf(id))
    this.#desk = new NewsDesk({
      ring: () => this.ring(),
      safety: () => this.safety(),
      file: (name) => this.#views.file(name),
      spelling: (name) => this.#session.catalogue.get(name)?.record.spelling ?? name,
      transfer: (id) => this.#transfers.view(id),
    })
  }

  async start(): Promise<void> {
    this.#limit()
    const { classroom } = this.#options
    const { value: remembered, note } = classroom ? { value: null, note: null } : await this.#stores.ringFile.read()
    const state = classroom ? await classroomState(classroom) : (remembered ?? this.#newRing())
    await this.#begin({ ...state, port: this.#options.port ?? state.port, incarnation: state.incarnation + 1 })
    for (const text of [...this.#stores.notes, ...(note === null ? [] : [note])]) {
      this.#notice({ tone: 'warning', text, error: null, actions: [], transferId: null })
      this.#onEvent({ kind: 'folder-note', text })
    }
    try {
      await this.#enter(state, remembered !== null)
    } catch (error) {
      await this.#session.stop()
      throw error
    }
    this.#meter = setInterval(() => {
      if (this.#speeds.sample()) this.#desk.safetyChanged()
      this.#transfers.look()
    }, 1000).unref()
    this.#rememberer = setInterval(() => this.#rememberSoon(), rememberEveryMs).unref()
    await this.#folder.follow(this.settings())
    this.#startDiscovery()
    await this.#goOn()
  }

  /** What the last run did not end goes on once the ring is there: before, a store would be kept by this machine alone. */
  async #goOn(): Promise<void> {
    if (this.#options.classroom) return
    const { value, note } = await this.#journal.read()
    if (note !== null) this.#notice({ tone: 'warning', text: note, error: null, actions: [], transferId: null })
    if (value === null || value.length === 0) return
    this.#session.member
      .settle()
      .then(() => this.#files.goOn(value))
      .catch((error: unknown) => this.#log.error(error))
  }

  #tellWaiting(view: TransferView): void {
    // one cause, one message: what else waits shows in the list
    if (this.#transfers.views().filter(({ waitsFor }) => waitsFor === 'machine').length > 1) return
    const text = `${view.error?.message ?? view.name}. It goes on by itself.`
    this.#notice({ tone: 'warning', text, error: view.error, actions: ['show-transfers'], transferId: view.id })
  }

  /** A place in the ring: by hand, remembered, by link, or alone. */
  async #enter(state: RingState, isRemembered: boolean): Promise<void> {
    const { classroom, join } = this.#options
    if (classroom) return startClassroom(this.#session, classroom)
    const resumes = this.#session.resume()
    if (!resumes) this.#session.ring.found()
    if (join !== undefined && readInvite(join).fingerprint !== this.#session.fingerprint) {
      if (isRemembered && resumes) {
        throw new AppError(
          'bad-argument',
          `This data folder belongs to the ring "${state.ringName}" already; use \`ringdrop join LINK\` to change rings`,
        )
      }
      await this.join(join, true)
    }
    await this.#saveState()
  }

  #newRing(): RingState {
    const { copies } = this.#options
    const parameters = { ...defaultParameters, ...(copies === undefined ? {} : { copies }) }
    return { ringKey: createRingKey().toString('base64'), ringName: this.#machineName(), parameters, incarnation: 0, port: 0, members: [] }
  }

  async #begin(state: RingState): Promise<void> {
    this.#session = await RingSession.start({
      state,
      identity: this.#stores.identity,
      chosenId: this.#options.classroom?.id ?? null,
      host: this.#options.host ?? defaultHost,
      announced: announcedWays(this.#options.announce ?? []),
      folder: this.#options.classroom ? null : this.#stores.folder,
      contents: this.#stores.contents,
      records: this.#stores.records,
      transfers: this.#transfers,
      machineName: () => this.#machineName(),
      repairDelayMs: () => this.settings().repairDelaySeconds * 1000,
      limits: this.#limits,
      allowance: () => {
        const { backgroundPercent, uploadLimit } = this.settings()
        return { share: backgroundPercent / 100, limitBytesPerSecond: uploadLimit }
      },
      onEvent: (event) => this.#onEvent(event),
      onRingChanged: () => this.#onRingChanged(),
      onRoundTrip: () => this.#desk.roundTrip(),
      onFileChanged: (name) => this.#desk.fileChanged(name),
    })
    this.#views = new ViewBuilder(this.#session)
  }

  #limit(): void {
    const { uploadLimit, downloadLimit } = this.settings()
    this.#limits.up.bytesPerSecond = uploadLimit
    this.#limits.down.bytesPerSecond = downloadLimit
  }

  #machineName(): string {
    return this.settings().machineName
  }

  #nameOf(id: string): string {
    const identifier = this.#session.space.parse(id)
    return identifier ? this.#session.nameOf(identifier) : id
  }

  #onEvent(event: PeerEvent): void {
    logEvent(this.#log, event)
    if (event.kind === 'alive') this.#transfers.lookAgain()
    const line = this.#activity.add(event, Date.now())
    if (line) this.#desk.activity(line)
    for (const listener of this.#listeners) listener(event)
  }

  #onRingChanged(): void {
    this.#desk.ringChanged()
    this.#announce()
    this.#rememberSoon()
  }

  #rememberSoon(): void {
    this.#remember ??= setTimeout(() => {
      this.#remember = null
      this.#saveState().catch((error: unknown) => this.#log.error(error))
    }, rememberAfterMs).unref()
  }

  async #saveState(): Promise<void> {
    if (!this.#options.classroom) await this.#stores.ringFile.write(this.#session.remembered())
  }

  #notice(notice: Notice): void {
    this.#desk.tell({ kind: 'notice', notice })
  }

  #startDiscovery(): void {
    if (!this.settings().discovery || this.#options.classroom) return
    this.#discovery = new Discovery({
      machineId: this.id,
      port: this.#session.net.port,
      onChange: (rings) => {
        this.#nearby = rings
          .filter((ring) => !this.#session.fingerprint.startsWith(ring.ringId))
          .map(({ ringId, name, machines, files }) => ({ ringId, name, machines, files }))
        this.#desk.tell({ kind: 'nearby', rings: this.#nearby })
      },
      // a member whose address changed while this machine's did, too
      onMachine: ({ ringId, machineId, ways }) => {
        if (this.#session.fingerprint.startsWith(ringId)) this.#session.meet(machineId, ways)
      },
      onNote: (text) => this.#onEvent({ kind: 'folder-note', text }),
    })
    this.#discovery.start()
    this.#announce()
  }

  #announce(): void {
    const { fingerprint, state } = this.#session
    this.#discovery?.announce({
      fingerprint,
      ringName: state.ringName,
      machines: this.#session.member.onlineIds().size,
      files: this.#session.catalogue.size,
    })
  }

  get id(): string {
    return this.#session.space.format(this.#session.ring.self.id)
  }

  get address(): string {
    return this.#session.net.ways[0] ?? ''
  }

  get dataFolder(): string {
    return this.#stores.folder
  }

  storeFiles(files: AsyncIterable<PathAndName>, options: StoreFilesOptions): Promise<void> {
    return this.#bursts.store(files, options)
  }

  storeFile(path: string, options: StoreOptions = {}): Promise<StoreResult> {
    return this.#files.storeFile(path, options)
  }

  expandPaths(paths: readonly string[]): AsyncIterable<PathAndName> {
    return expandPaths(paths)
  }

  queueStores(paths: readonly string[], onClash: OnClash): Promise<number> {
    return this.#files.queueStores(paths, onClash)
  }

  requestFiles(names: readonly string[], options: RequestFilesOptions): Promise<void> {
    return this.#burstRequests.request(names, options)
  }

  requestFile(name: string, options: RequestOptions = {}): Promise<RequestResult> {
    return this.#files.requestFile(name, options)
  }

  queueRequest(name: string, options: { readonly version?: string; readonly out?: string }): Promise<string> {
    return this.#files.queueRequest(name, options)
  }

  removeFile(name: string): Promise<void> {
    return removeFile(this.#session.context, name)
  }

  restoreFile(name: string, version?: string): Promise<void> {
    return restoreFile(this.#session.context, name, version ?? null)
  }

  listRemoved(): RemovedView[] {
    return this.#views.removed(Date.now())
  }

  chooseVersion(name: string, version: string): Promise<void> {
    return chooseVersion(this.#session.context, name, version)
  }

  keepBothVersions(name: string, version: string): Promise<string> {
    return keepBothVersions(this.#session.context, name, version)
  }

  whereIs(name: string): Promise<WhereView> {
    return this.#files.whereIs(name)
  }

  verify(name: string | null): AsyncIterable<VerifyResult> {
    return verifyCopies(this.#session.context, name)
  }

  files(next: number | null): FilesPage {
    return this.#views.files(next)
  }

  file(name: string): FileView | null {
    return this.#views.file(name)
  }

  transfers(): TransferView[] {
    return this.#transfers.views()
  }

  cancelTransfer(id: string | null): void {
    this.#transfers.cancel(id)
  }

  pauseTransfer(id: string | null): void {
    this.#transfers.pause(id)
  }

  resumeTransfer(id: string | null): void {
    this.#transfers.resume(id)
  }

  retryTransfer(id: string | null, onClash: OnClash): void {
    this.#transfers.retry(id, onClash)
  }

  clearFinished(): void {
    this.#transfers.clearEnded()
  }

  activity(limit: number): ActivityView[] {
    return this.#activity.last(limit)
  }

  ring(): RingView {
    return this.#views.ring()
  }

  safety(): SafetyView {
    return this.#views.safety(this.#speeds.speeds)
  }

  status(): StatusView {
    return this.#views.status(this.#speeds.speeds)
  }

  atRisk(): Promise<string[]> {
    return this.#views.atRisk(this.#speeds.speeds)
  }

  nearby(): NearbyRingView[] {
    return this.#nearby
  }

  whatIf(machineIds: readonly string[]): Promise<WhatIfView> {
    return this.#views.whatIf(machineIds)
  }

  invite(): Promise<InviteView> {
    const { net, fingerprint, state, invites } = this.#session
    if (this.#options.classroom)
      return Promise.reject(new AppError('bad-argument', 'A classroom ring is joined by `ringdrop classroom join`'))
    const expiresAt = Date.now() + inviteLifetimeMs
    const link = encodeInvite({ ways: net.ways.slice(0, 8), fingerprint, token: invites.create(), expiresAt, ringName: state.ringName })
    return Promise.resolve({ link, command: `ringdrop join ${link}`, expiresAt })
  }

  /** The old ring is left only after the new one's key is here. */
  async join(link: string, bringFiles: boolean): Promise<void> {
    if (this.#options.classroom) throw new AppError('bad-argument', 'A classroom peer cannot change rings')
    const invite = readInvite(link)
    if (invite.fingerprint === this.#session.fingerprint) throw new AppError('already-exists', 'This machine is in that ring already')
    const { state, contacts } = await enroll(this.#session, invite, this.#machineName())
    const port = this.#session.net.port
    if (this.#session.member.onlineIds().size > 1) {
      await this.#session.leave({
        onProgress: (leaving) => this.#desk.tell({ kind: 'leaving', leaving }),
        signal: new AbortController().signal,
      })
    }
    await this.#session.stop()
    if (!bringFiles && this.#session.catalogue.size > 0) await this.#stores.setAside()
    const incarnation = this.#session.remembered().incarnation + 1
    await this.#begin({ ...state, port, incarnation })
    await this.#stores.ringFile.write({ ...state, port, incarnation })
    await this.#session.member.join(contacts, joinTimeoutMs)
    await this.#session.member.settle()
    this.#onRingChanged()
    for (const file of this.#session.catalogue.names()) this.#desk.fileChanged(file)
    this.#session.member.passSoon()
  }

  settings(): Settings {
    return { ...this.#stores.settings.settings, ...this.#given }
  }

  async updateSettings(patch: Partial<Settings>): Promise<Settings> {
    this.#stores.settings.update(patch)
    // what a person sets now counts more than what this start was given
    for (const name of Object.keys(patch)) Reflect.deleteProperty(this.#given, name)
    const settings = this.settings()
    this.#stores.space.offeredBytes = settings.offeredBytes
    this.#limit()
    await this.#folder.follow(settings)
    this.#desk.tell({ kind: 'settings', settings })
    this.#desk.ringChanged()
    return settings
  }

  async leave(options: {
    readonly forget: boolean
    readonly onProgress?: (leaving: LeavingView) => void
    readonly signal?: AbortSignal
  }): Promise<void> {
    const tell = (leaving: LeavingView): void => {
      this.#desk.tell({ kind: 'leaving', leaving })
      options.onProgress?.(leaving)
    }
    await this.#folder.stop()
    let last: LeavingView = { filesLeft: 0, filesTotal: 0, done: false }
    await this.#session.leave({
      onProgress: (leaving) => {
        last = leaving
        tell(leaving)
      },
      signal: options.signal ?? new AbortController().signal,
    })
    tell({ ...last, done: true })
    const remembered = this.#session.remembered()
    await this.stop()
    if (options.forget) await this.#stores.ringFile.write({ ...this.#newRing(), incarnation: remembered.incarnation })
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    if (this.#remember) clearTimeout(this.#remember)
    if (this.#meter) clearInterval(this.#meter)
    if (this.#rememberer) clearInterval(this.#rememberer)
    await this.#folder.stop()
    await this.#saveState()
    this.#files.stop()
    await this.#journal.close()
    await this.#discovery?.stop()
    await this.#session.stop()
    this.#desk.close()
    await this.#stores.close()
  }

  onNews(listener: (news: News) => void): () => void {
    return this.#desk.subscribe(listener)
  }

  onEvent(listener: (event: PeerEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

function settingsGiven(options: PeerOptions): Partial<Settings> {
  const { machineName, sharedFolder, downloadsFolder, repairDelaySeconds, discovery } = options
  return {
    ...(machineName === undefined ? {} : { machineName }),
    ...(sharedFolder === undefined ? {} : { sharedFolder }),
    ...(downloadsFolder === undefined ? {} : { downloadsFolder }),
    ...(repairDelaySeconds === undefined ? {} : { repairDelaySeconds }),
    ...(discovery === undefined ? {} : { discovery }),
  }
}
