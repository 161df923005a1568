/** What somebody who watches a run may be told: lines to read, and moments of which a picture can be drawn. Watching changes no run. */

export interface Observer {
  /** One line of what happened: the time in seconds, who, what. */
  readonly trace?: (line: string) => void
  /** Something changed: how everything stands now. */
  readonly history?: (snapshot: Snapshot) => void
}

/** `joining`: runs, and is not in the ring yet. `left`: took its leave; `down`: crashed. */
export type MachineState = 'joining' | 'member' | 'asleep' | 'down' | 'left'

export interface MachineMoment {
  readonly id: string
  /** Short and the same over its whole life, restarts included. */
  readonly name: string
  readonly state: MachineState
  /** Number of the part of a split network that it is in; absent while the network is whole. */
  readonly part?: number
}

export interface FileMoment {
  readonly name: string
  /** Names of the machines with a durable copy. */
  readonly holders: readonly string[]
}

/** `phase`: where the run stands (faults begin, faults end, ideal). `fault`: something bad that was planned. */
export type HappeningKind = 'phase' | 'join' | 'leave' | 'fault' | 'store' | 'request' | 'remove' | 'flaw'

export interface Happening {
  readonly kind: HappeningKind
  readonly text: string
  /** Name of the machine that it happened to; absent = all of them. */
  readonly machine?: string
}

export interface Snapshot {
  /** Virtual ms since the start. */
  readonly at: number
  readonly machines: readonly MachineMoment[]
  /** Absent in runs without files. */
  readonly files?: readonly FileMoment[]
  readonly event?: Happening
}
