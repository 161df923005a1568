/**
 * A share of the bandwidth at most for copies that the ring makes by itself: told how fast transfers went and what a person allows, and
 * asked how long to wait. Pure arithmetic. Nothing was measured or limited yet: nothing is held back.
 */

import { TokenBucket } from '../net/rate-limit.ts'

/** What a person leaves to background work. */
export interface Allowance {
  /** Of the bandwidth, 0 to 1. */
  readonly share: number
  /** The person's own limit of all that is sent, or null. */
  readonly limitBytesPerSecond: number | null
}

/** Unless a person says otherwise. */
const defaultAllowance: Allowance = { share: 0.5, limitBytesPerSecond: null }
/** Transfers smaller than this measure round trips, not bandwidth. */
const measuredBytesMin = 1_048_576
/** A measurement counts for so long: networks change. */
const measuredForMs = 3_600_000
export class RateCap {
  #measurements: { readonly at: number; readonly bytesPerMs: number }[] = []
  readonly #bucket = new TokenBucket()
  readonly #allowance: () => Allowance

  constructor(allowance: () => Allowance = () => defaultAllowance) {
    this.#allowance = allowance
  }

  /** `bytes` went in `activeMs`, not counting the time they were held back. */
  measured(bytes: number, activeMs: number, now: number): void {
    if (bytes < measuredBytesMin || activeMs <= 0) return
    const bytesPerMs = bytes / activeMs
    // a slower and older one can never be the best again
    this.#measurements = this.#measurements.filter((known) => now - known.at <= measuredForMs && known.bytesPerMs > bytesPerMs)
    this.#measurements.push({ at: now, bytesPerMs })
  }

  /** Bytes a millisecond, or null when nothing was measured lately and nothing is limited. */
  allowed(now: number): number | null {
    const { share, limitBytesPerSecond } = this.#allowance()
    const measured = this.#measurements.find((known) => now - known.at <= measuredForMs)?.bytesPerMs ?? Infinity
    const whole = Math.min(measured, limitBytesPerSecond === null ? Infinity : limitBytesPerSecond / 1000)
    return whole === Infinity ? null : whole * share
  }

  /** Takes `bytes` out of the bucket. Result: how many ms to wait before they go. */
  take(bytes: number, now: number): number {
    const allowed = this.allowed(now)
    return allowed === null ? 0 : this.#bucket.take(bytes, { bytesPerMs: allowed, now })
  }
}
