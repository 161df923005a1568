/**
 * What travels over the control socket: the arguments of each command, checked by the peer, and the objects that answer it,
 * which are what `--json` prints, to the letter of the manual.
 */

import * as v from 'valibot'
import type {
  ActivityView,
  FileView,
  MachineView,
  PaceView,
  RemovedView,
  StatusView,
  TransferView,
  VersionState,
} from '../../shared/views.ts'
import type { HolderRef } from '../peer/peer-api.ts'

const name = v.pipe(v.string(), v.minLength(1), v.maxLength(4096))
const path = v.pipe(v.string(), v.minLength(1), v.maxLength(4096))
/** A version's id or its beginning. */
const versionId = v.pipe(v.string(), v.minLength(1), v.maxLength(100))
const names = v.pipe(v.array(name), v.minLength(1), v.maxLength(10_000))
const paths = v.pipe(v.array(path), v.minLength(1), v.maxLength(10_000))

/** Its bounds are the settings' own. */
const rate = v.nullable(v.number())

export const controlSchemas = {
  store: v.object({ paths, as: v.nullable(name), replace: v.boolean() }),
  /** `out`: absolute path of a file or a folder; null = stream the bytes. */
  request: v.object({ names, out: v.nullable(path) }),
  list: v.object({ only: v.picklist(['all', 'here', 'mine']) }),
  /** `list --trash` */
  trash: v.object({}),
  where: v.object({ name }),
  versions: v.object({ name }),
  remove: v.object({ name }),
  /** `keepBoth`: the version gets a name of its own instead. */
  restore: v.object({ name, version: v.nullable(versionId), keepBoth: v.boolean() }),
  status: v.object({}),
  peers: v.object({}),
  transfers: v.object({}),
  /** Names or ids of transfers, or the beginning of an id; none = all. */
  hold: v.object({ what: v.picklist(['pause', 'resume', 'cancel', 'retry']), names: v.pipe(v.array(name), v.maxLength(10_000)) }),
  /** Bytes a second, null = no limit; percent. What is absent stays. */
  limits: v.object({ up: v.exactOptional(rate), down: v.exactOptional(rate), background: v.exactOptional(v.number()) }),
  log: v.object({ follow: v.boolean() }),
  whatif: v.object({ machines: names }),
  verify: v.object({ name: v.nullable(name) }),
  invite: v.object({}),
  join: v.object({ link: v.pipe(v.string(), v.minLength(1), v.maxLength(4096)), bringFiles: v.boolean() }),
  leave: v.object({ forget: v.boolean() }),
} as const

export type ControlName = keyof typeof controlSchemas
export type ControlArgument<K extends ControlName> = v.InferOutput<(typeof controlSchemas)[K]>

/** The shapes of the answers. */
export interface ControlItems {
  store: {
    name: string
    size: number
    sha256: string
    copies: number
    wanted: number
    state: 'stored' | 'partial'
    holders: readonly HolderRef[]
    route: readonly string[]
    seconds: number
  }
  request: {
    name: string
    size: number
    sha256: string
    out: string
    from: readonly { id: string; name: string; bytes: number }[]
    route: readonly string[]
    seconds: number
  }
  list: {
    name: string
    size: number
    sha256: string
    storedAt: number
    state: FileView['state']
    copies: number
    wanted: number
    here: boolean
    conflicts: number
    writer: HolderRef
    /** Those that are online first. */
    holders: (HolderRef & { online: boolean })[]
  }
  trash: Omit<RemovedView, 'sizeBytes'> & { size: number }
  /** The live versions; `versions` has the others as well. */
  where: { name: string; key: string; versions: { version: string; size: number; sha256: string; holders: HolderItem[] }[] }
  versions: {
    name: string
    version: string
    state: VersionState
    size: number
    sha256: string
    storedAt: number
    writer: HolderRef
    /** Copies on machines that are online. */
    copies: number
    holders: HolderItem[]
  }
  remove: { name: string; removed: true }
  /** `name`: the one that has the content now. */
  restore: { name: string; restored: true; version: string | null }
  status: StatusView & { readonly atRisk: readonly string[] }
  peers: Omit<MachineView, 'isSelf' | 'colour'> & { self: boolean }
  transfers: Omit<TransferView, 'sizeBytes' | 'doneBytes' | 'parts' | 'pace'> & {
    /** What sets the pace, with the machine when it is one; null when it is not clear. */
    pace: { what: PaceView['what']; machine: HolderRef | null } | null
    size: number
    done: number
    parts: { id: string; name: string; bytes: number }[]
  }
  hold: { id: string; name: string; what: 'pause' | 'resume' | 'cancel' | 'retry' }
  limits: { up: number | null; down: number | null; background: number }
  log: ActivityView
  whatif: { machines: HolderRef[]; outOfReach: readonly string[]; outOfReachCount: number; oneCopyLeftCount: number }
  verify: { name: string; good: boolean }
  invite: { link: string; expiresAt: number }
  join: { id: string; ring: string }
  leave: { left: true; forgot: boolean; filesLeft: number }
}
export interface HolderItem extends HolderRef {
  verifiedAt: number
}
