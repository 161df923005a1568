/** Bytes a second down and up, from the transport's counters, sampled by its owner once a second. */

export interface Speeds {
  readonly down: number
  readonly up: number
}

/** Slower than this is the ring's own talk: shown as nothing. */
const shownFromBytesPerSecond = 20_000

export class SpeedMeter {
  readonly #read: () => { readonly bytesIn: number; readonly bytesOut: number }
  #last = { bytesIn: 0, bytesOut: 0, at: performance.now() }
  speeds: Speeds = { down: 0, up: 0 }

  constructor(read: () => { readonly bytesIn: number; readonly bytesOut: number }) {
    this.#read = read
  }

  /** True when what is shown changed. */
  sample(): boolean {
    const { bytesIn, bytesOut } = this.#read()
    const at = performance.now()
    const seconds = (at - this.#last.at) / 1000
    // a new session's counters start anew
    const rate = (now: number, before: number): number => {
      const speed = Math.max(0, now - before) / seconds
      return speed < shownFromBytesPerSecond ? 0 : Math.round(speed)
    }
    const speeds = { down: rate(bytesIn, this.#last.bytesIn), up: rate(bytesOut, this.#last.bytesOut) }
    this.#last = { bytesIn, bytesOut, at }
    const changed = speeds.down !== this.speeds.down || speeds.up !== this.speeds.up
    this.speeds = speeds
    return changed
  }
}
