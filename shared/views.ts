/** Plain data that a window or the command line shows. Structured-clonable, no methods. Ids are text as people see them. */

import type { PlainError } from './errors.ts'

/** A machine as others see it. */
export interface MachineView {
  readonly id: string
  readonly name: string
  /** `leaving` while it hands its files over; `away` = silent or gone without leaving, may come back. */
  readonly state: 'online' | 'suspect' | 'away' | 'leaving'
  readonly isSelf: boolean
  /** Place on the circle, clockwise from the top, 0 <= position < 1. */
  readonly position: number
  readonly address: string | null
  /** Round-trip time of the last answered ping, or null when never measured. */
  readonly roundTripMs: number | null
  /** Unix time in ms of the last message from it, or null. */
  readonly lastHeardAt: number | null
  /** Unix time in ms since when it is away, or null. */
  readonly awaySince: number | null
  /** Machines keep one colour everywhere: an index into the palette, stable for an id. */
  readonly colour: number
}

/** One row of the neighbours table. `offset` -2 = second predecessor, -1 = predecessor, 1 = first successor … */
export interface NeighbourView {
  readonly offset: number
  readonly machineId: string
}

export interface RingView {
  readonly name: string
  readonly ringId: string
  readonly selfId: string
  readonly copiesWanted: number
  /** Bits of an identifier; 8 = a classroom ring. */
  readonly bits: number
  /** All machines known, in clockwise order from position 0. */
  readonly machines: readonly MachineView[]
  readonly neighbours: readonly NeighbourView[]
}

export type FileState = 'safe' | 'copying' | 'at-risk' | 'out-of-reach' | 'checking'

export interface HolderView {
  readonly machineId: string
  /** Unix time in ms when the holder last checked the copy against its hash. */
  readonly verifiedAt: number
  readonly online: boolean
}

/**
 * `current`: what the name stands for; `conflict`: another live version beside it, until a person decides; `earlier`: was
 * superseded, kept to be restored; `removed`: was current when the name was removed, kept as long as the trash.
 */
export type VersionState = 'current' | 'conflict' | 'earlier' | 'removed'

export interface VersionView {
  readonly version: string
  readonly state: VersionState
  readonly sizeBytes: number
  readonly sha256: string
  readonly storedAt: number
  readonly writerId: string
  readonly writerName: string
  readonly holders: readonly HolderView[]
}

/** A row of the file list: the default version of a name. */
export interface FileView {
  readonly name: string
  readonly sizeBytes: number
  readonly storedAt: number
  readonly writerId: string
  readonly writerName: string
  readonly sha256: string
  readonly state: FileState
  /** Machines with a durable copy, online ones first. */
  readonly holders: readonly HolderView[]
  readonly copiesWanted: number
  /** This machine holds a copy in its store. */
  readonly here: boolean
  /** Live versions of the name: 1 in the normal case; more are a conflict that a person decides. */
  readonly liveVersions: number
}

/** A name in the trash. */
export interface RemovedView {
  readonly name: string
  readonly sizeBytes: number
  /** Unix time in ms at the machine that removed it. */
  readonly removedAt: number
  /** Name of the machine that removed it. */
  readonly removedBy: string
  /** Days until it is gone for good, rounded up: 1 on the last day. */
  readonly daysLeft: number
}

/** Everything about one name, for the details pane and `ringdrop where`. */
export interface WhereView {
  readonly name: string
  readonly key: string
  /** Place of the key on the circle, 0 <= position < 1. */
  readonly keyPosition: number
  /** The current one and those in conflict with it first, then the earlier ones, newest first; of a removed name, the removed one first. */
  readonly versions: readonly VersionView[]
  /** Ids that the last look-up of this name passed, from this machine to the owner. */
  readonly route: readonly string[]
  readonly lookupMs: number
}

/**
 * What sets the pace: `here` this machine (its disk), `machine` that one or the way to it, `network` what all of them share,
 * `own-limit` the person's bandwidth limit.
 */
export interface PaceView {
  readonly what: 'here' | 'machine' | 'network' | 'own-limit'
  readonly machineId: string | null
}

export interface TransferView {
  readonly id: string
  readonly kind: 'store' | 'request' | 'repair' | 'hand-over'
  readonly name: string
  readonly state: 'waiting' | 'running' | 'paused' | 'done' | 'partial' | 'failed' | 'cancelled'
  /** While it waits: its turn in the queue, or a machine that is away; then `error` says which and why, and it goes on by itself. */
  readonly waitsFor: 'turn' | 'machine' | null
  readonly sizeBytes: number
  readonly doneBytes: number
  readonly bytesPerSecond: number
  /** Only when the estimate is trusted, else null. */
  readonly secondsLeft: number | null
  /** While it runs and only when it is clear, else null. */
  readonly pace: PaceView | null
  /** Which machine gave or took how many bytes, in order of first byte. */
  readonly parts: readonly { readonly machineId: string; readonly bytes: number }[]
  readonly startedAt: number
  readonly endedAt: number | null
  readonly error: PlainError | null
  /** Where a requested file was put, or the path that is stored. */
  readonly path: string | null
}

/** One line of the activity feed. */
export interface ActivityView {
  readonly sequence: number
  readonly at: number
  readonly kind: 'ring' | 'file' | 'transfer' | 'repair' | 'folder' | 'security' | 'error'
  /** A readable sentence. */
  readonly text: string
  /** The protocol line as it travelled, when there is one. */
  readonly line: string | null
  readonly machineId: string | null
  readonly name: string | null
}

/** The footer, computed from the copies that are confirmed. */
export interface SafetyView {
  readonly files: number
  readonly sizeBytes: number
  /** Machines that belong to the ring, online or away. */
  readonly machines: number
  readonly machinesOnline: number
  /** Any so many of the machines may fail and nothing is lost. */
  readonly mayFail: number
  readonly copying: number
  readonly atRisk: number
  readonly outOfReach: number
  readonly checking: boolean
  readonly downloadBytesPerSecond: number
  readonly uploadBytesPerSecond: number
}

export interface WhatIfView {
  /** Files with no copy on any other machine that is online. */
  readonly outOfReach: readonly string[]
  readonly outOfReachCount: number
  /** Files that would be left with one copy. */
  readonly oneCopyLeftCount: number
}

export interface InviteView {
  readonly link: string
  /** The command that joins from another machine. */
  readonly command: string
  readonly expiresAt: number
}

/** A hand-over while this machine leaves. */
export interface LeavingView {
  /** Not handed over; when it is done: those that no machine took. */
  readonly filesLeft: number
  readonly filesTotal: number
  readonly done: boolean
}

/** A ring announced on the local network. */
export interface NearbyRingView {
  readonly ringId: string
  readonly name: string
  readonly machines: number
  readonly files: number
}

export interface StatusView {
  readonly id: string
  readonly name: string
  readonly ring: string
  readonly copiesWanted: number
  readonly predecessors: readonly string[]
  readonly successors: readonly string[]
  readonly peers: number
  readonly files: number
  readonly bytes: number
  readonly mayFail: number
}
