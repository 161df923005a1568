/**
 * Streams between simulated machines: a pair of duplexes with delay, order and backpressure. What is cut off waits, as TCP
 * repeats what was not acknowledged; a machine that dies resets its streams; one that sleeps reads nothing.
 */

import { Duplex } from 'node:stream'

export interface StreamWorld {
  readonly now: number
  after(delayMs: number, run: () => void): void
  /** Code above was called back: it may go on. */
  touch(): void
  delayMs(): number
}

/** One direction's way, asked at every delivery. */
export interface Route {
  /**
   * 'cut': nothing gets through now; 'gone': the sender is no more; 'unknown': who is there says that it knows no such connection; 'asleep':
   * the receiver reads nothing before `until`.
   */
  state(): { readonly kind: 'open' | 'cut' | 'gone' | 'unknown' } | { readonly kind: 'asleep'; readonly until: number }
}

/** On a connection that is silent the system asks after so many virtual ms whether it is known, as net/ has it do; who started again says no. */
const keepAliveMs = 30_000
/** Virtual ms between two tries to get through where the way is cut. */
const retryMs = 500
/** Bytes a virtual ms: 100 MB/s. */
const bytesPerMs = 100_000

interface Parcel {
  readonly bytes: Uint8Array | null
  readonly arrives: number
  readonly done: () => void
}

/** One end of a connection. */
export class SimStream extends Duplex {
  readonly #world: StreamWorld
  readonly #route: Route
  readonly #parcels: Parcel[] = []
  #other: SimStream | null = null
  #pumping = false
  #lastArrives = 0

  private constructor(world: StreamWorld, route: Route) {
    super({ allowHalfOpen: true, autoDestroy: true })
    this.#world = world
    this.#route = route
    // an error without a listener would end the process; whoever reads has its own
    this.on('error', () => undefined)
  }

  /** Both ends; `there` is the way from the first to the second, `back` the other. */
  static pair(world: StreamWorld, there: Route, back: Route): readonly [SimStream, SimStream] {
    const a = new SimStream(world, there)
    const b = new SimStream(world, back)
    a.#other = b
    b.#other = a
    a.#keepAlive()
    b.#keepAlive()
    return [a, b]
  }

  #keepAlive(): void {
    this.#world.after(keepAliveMs, () => {
      if (this.destroyed) return
      const { kind } = this.#route.state()
      if (kind === 'unknown') {
        this.#world.touch()
        this.reset()
      } else if (kind !== 'gone') this.#keepAlive()
    })
  }

  /** The connection breaks off: both ends learn of it, this one at once. */
  reset(): void {
    this.destroy(new Error('connection reset'))
  }

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    // the writer may use its memory again
    this.#send(Buffer.from(chunk), done)
  }

  override _final(done: () => void): void {
    this.#send(null, done)
  }

  override _read(): void {
    // what arrives is pushed
  }

  /** Its process was killed: the other end learns of it. Nobody is here any more who could. */
  abandon(): void {
    this.#breakOther()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#parcels.length = 0
    this.#breakOther()
    done(error)
  }

  #breakOther(): void {
    const other = this.#other
    if (!other || other.destroyed || (other.readableEnded && other.writableFinished)) return
    this.#world.after(this.#world.delayMs(), () => {
      // a process that ended must not go on with what it waited for
      if (other.destroyed || other.#route.state().kind === 'gone') return
      other.destroy(new Error('connection reset'))
      this.#world.touch()
    })
  }

  #send(bytes: Uint8Array | null, done: () => void): void {
    const arrives = Math.max(this.#world.now + this.#world.delayMs(), this.#lastArrives) + (bytes?.length ?? 0) / bytesPerMs
    this.#lastArrives = arrives
    this.#parcels.push({ bytes, arrives, done })
    if (this.#pumping) return
    this.#pumping = true
    this.#pumpAt(arrives)
  }

  #pumpAt(at: number): void {
    this.#world.after(Math.max(0, at - this.#world.now), () => this.#pump())
  }

  #pump(): void {
    const other = this.#other
    if (this.destroyed || !other) return
    const state = this.#route.state()
    if (state.kind === 'gone') return
    if (state.kind === 'unknown') return this.reset()
    if (state.kind !== 'open') {
      this.#pumpAt(state.kind === 'asleep' ? state.until + 1 : this.#world.now + retryMs)
      return
    }
    this.#world.touch()
    while (this.#parcels[0] && this.#parcels[0].arrives <= this.#world.now) {
      const parcel = this.#parcels.shift()
      if (!other.destroyed) other.push(parcel?.bytes ?? null)
      parcel?.done()
    }
    const next = this.#parcels[0]
    this.#pumping = next !== undefined
    if (next) this.#pumpAt(next.arrives)
  }
}
