/**
 * Exchanges about files between simulated machines: the shipped Connection and dispatcher at both ends of a simulated stream,
 * kept at rest between two exchanges as the real pool does. Only TLS is left out: who is who is known here.
 */

import { AppError } from '../../shared/errors.ts'
import { Connection } from '../../electron/peer/net/connection.ts'
import { dispatch } from '../../electron/peer/net/dispatcher.ts'
import type { Contact } from '../../electron/peer/protocol/contact.ts'
import type { Machine, Process } from './machine.ts'
import type { Simulator } from './simulator.ts'
import { SimStream, type Route, type StreamWorld } from './streams.ts'

/** What exchanges need of the world they happen in. */
export interface Between extends StreamWorld {
  readonly simulator: Simulator
  machineAt(contact: Contact): Machine | undefined
  isCut(from: Machine, to: Machine): boolean
  refused(machine: Machine, text: string): void
  line(ends: readonly [Machine, Machine], line: string): void
}

/** A dial that takes longer is given up, in virtual ms: as for real. */
const dialMs = 10_000
const idleMs = 120_000

/** Two machines, and what runs on them. */
interface Ends {
  readonly from: Machine
  readonly caller: Process
  readonly target: Machine
  readonly answerer: Process
}

export class Exchanges {
  readonly #world: Between

  constructor(world: Between) {
    this.#world = world
  }

  /** A connection at rest, or a new one. AppError('peer-unreachable'), ('cancelled'). */
  async open(from: Machine, to: Contact, signal: AbortSignal | undefined): Promise<Connection> {
    const caller = from.process
    if (!caller) return new Promise(() => undefined)
    for (let resting = caller.resting.get(to.id)?.pop(); resting; resting = caller.resting.get(to.id)?.pop()) {
      if (resting.idle) return resting
      resting.destroy()
    }
    // TCP's and TLS's greetings: three times there and back
    await caller.sleep(6 * this.#world.delayMs())
    if (signal?.aborted) throw new AppError('cancelled', 'Cancelled')
    const target = this.#world.machineAt(to)
    const answerer = target?.process
    if (!target || !answerer?.member) return this.#failed(caller, to, 'refused the connection')
    if (this.#world.isCut(from, target) || this.#world.isCut(target, from) || target.asleepUntil > this.#world.now) {
      await caller.sleep(dialMs)
      return this.#failed(caller, to, 'did not answer')
    }
    return this.#connect({ from, caller, target, answerer })
  }

  #failed(caller: Process, to: Contact, why: string): never {
    caller.member.ring.streamFailed(to.id)
    throw new AppError('peer-unreachable', `The other machine ${why}`)
  }

  /** Bytes that are no exchange come to `target`, as from a machine that then breaks off. They take no time and no chance of the run's. */
  litter(from: Machine, target: Machine, rubbish: { readonly bytes: Uint8Array; readonly delayMs: () => number }): void {
    const [caller, answerer] = [from.process, target.process]
    if (!caller || !answerer?.member) return
    const world = this.#world
    const { bytes, delayMs } = rubbish
    const slow: StreamWorld = {
      get now() {
        return world.now
      },
      after: (forMs, run) => world.after(forMs, run),
      touch: () => world.touch(),
      delayMs,
    }
    const near = this.#served({ from, caller, target, answerer }, slow)
    near.resume()
    near.write(bytes)
    world.after(10 * delayMs(), () => near.reset())
  }

  #connect(ends: Ends): Connection {
    const { from, caller, target } = ends
    const world = this.#world
    const { space } = world.simulator
    const near = this.#served(ends, world)
    return new Connection({
      stream: near,
      space,
      peerId: target.id,
      remoteAddress: target.name,
      timers: caller.timers,
      onLine: (direction, _peer, line) => world.line(direction === 'sent' ? [from, target] : [target, from], line),
      onRelease: (connection) => {
        const resting = caller.resting.get(target.id) ?? []
        resting.push(connection)
        caller.resting.set(target.id, resting)
      },
    })
  }

  /** The caller's end of a connection that `target` serves. */
  #served({ from, caller, target, answerer }: Ends, world: StreamWorld): SimStream {
    const [near, far] = SimStream.pair(world, this.#route(from, caller, target, answerer), this.#route(target, answerer, from, caller))
    for (const [process, stream] of [
      [caller, near],
      [answerer, far],
    ] as const) {
      process.streams.add(stream)
      stream.once('close', () => process.streams.delete(stream))
    }
    const { space } = this.#world.simulator
    const served = new Connection({ stream: far, space, peerId: from.id, remoteAddress: from.name, timers: answerer.timers })
    void dispatch(served, {
      self: target.id,
      idleMs,
      onRingMessage: () => undefined,
      onLinkMessage: () => 'nobody calls here',
      onExchange: (connection, message) => answerer.member.serve(connection, message),
      onRefused: (text) => {
        if (answerer.alive) this.#world.refused(target, text)
      },
    })
    return near
  }

  #route(from: Machine, sender: Process, to: Machine, receiver: Process): Route {
    const { contact } = to
    return {
      state: () => {
        if (!sender.alive) return { kind: 'gone' }
        if (this.#world.isCut(from, to)) return { kind: 'cut' }
        const until = to.asleepUntil
        if (until > this.#world.now) return { kind: 'asleep', until }
        if (receiver.alive) return { kind: 'open' }
        // a machine that runs again knows no connection of the time before, and says so; who is off or elsewhere is silent
        return { kind: this.#world.machineAt(contact) ? 'unknown' : 'cut' }
      },
    }
  }
}
