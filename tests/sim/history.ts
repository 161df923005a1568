/** The history of a run, out of its snapshots: for each machine and each copy, from when to when it was how. */

import type { Happening, MachineMoment, MachineState, Snapshot } from './observer.ts'

/** A time in which nothing changed. Virtual ms. */
export interface Span<What> {
  readonly from: number
  to: number
  readonly what: What
}

export interface MachineLook {
  readonly state: MachineState
  /** Part of a split network, or null while it is whole. */
  readonly part: number | null
}

export interface MachineHistory {
  readonly id: string
  readonly name: string
  readonly spans: Span<MachineLook>[]
}

export interface FileHistory {
  readonly name: string
  /** Whole copies over time. */
  readonly copies: Span<number>[]
  /** By machine that ever had a copy: when it had one. */
  readonly holders: Map<string, Span<boolean>[]>
}

export interface Moment extends Happening {
  readonly at: number
}

export class History {
  readonly machines = new Map<string, MachineHistory>()
  readonly files = new Map<string, FileHistory>()
  readonly moments: Moment[] = []
  /** Virtual ms of the last snapshot. */
  end = 0

  add({ at, machines, files, event }: Snapshot): void {
    this.end = Math.max(this.end, at)
    for (const moment of machines) this.#addMachine(at, moment)
    for (const file of files ?? []) this.#addFile(at, file.name, file.holders)
    if (event) this.moments.push({ ...event, at })
  }

  #addMachine(at: number, { id, name, state, part }: MachineMoment): void {
    const machine = this.machines.get(id) ?? { id, name, spans: [] }
    this.machines.set(id, machine)
    const look = { state, part: part ?? null }
    extend(machine.spans, { at, what: look, isSame: (last) => last.state === look.state && last.part === look.part })
  }

  #addFile(at: number, name: string, holders: readonly string[]): void {
    const file = this.files.get(name) ?? { name, copies: [], holders: new Map<string, Span<boolean>[]>() }
    this.files.set(name, file)
    extend(file.copies, { at, what: holders.length, isSame: (last) => last === holders.length })
    for (const holder of holders) if (!file.holders.has(holder)) file.holders.set(holder, [])
    for (const [holder, spans] of file.holders) {
      const what = holders.includes(holder)
      extend(spans, { at, what, isSame: (last) => last === what })
    }
  }
}

/** Prolongs the last span up to now, and begins another when something else is true from now on. */
function extend<What>(spans: Span<What>[], now: { readonly at: number; readonly what: What; isSame(last: What): boolean }): void {
  const last = spans.at(-1)
  if (last) last.to = now.at
  if (!last || !now.isSame(last.what)) spans.push({ from: now.at, to: now.at, what: now.what })
}
