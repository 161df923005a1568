/**
 * Half of the bandwidth at most for copies that the ring makes by itself: a token bucket over bytes, told how fast transfers went and
 * asked how long to wait. Pure arithmetic. Nothing was measured yet: nothing is held back.
 */

/** Share of the best measured rate that repair may use. */
const share = 0.5
/** Transfers smaller than this measure round trips, not bandwidth. */
const measuredBytesMin = 1_048_576
/** A measurement counts for so long: networks change. */
const measuredForMs = 3_600_000
/** What may go at once after a pause, in ms of the allowed rate. */
const burstMs = 250

export class RateCap {
  #measurements: { readonly at: number; readonly bytesPerMs: number }[] = []
  /** When all that was taken so far will have gone at the allowed rate. */
  #paidUntil = -Infinity

  /** `bytes` went in `activeMs`, not counting the time they were held back. */
  measured(bytes: number, activeMs: number, now: number): void {
    if (bytes < measuredBytesMin || activeMs <= 0) return
    const bytesPerMs = bytes / activeMs
    // a slower and older one can never be the best again
    this.#measurements = this.#measurements.filter((known) => now - known.at <= measuredForMs && known.bytesPerMs > bytesPerMs)
    this.#measurements.push({ at: now, bytesPerMs })
  }

  /** Bytes a millisecond, or null when nothing was measured lately. */
  allowed(now: number): number | null {
    const best = this.#measurements.find((known) => now - known.at <= measuredForMs)
    return best ? best.bytesPerMs * share : null
  }

  /** Takes `bytes` out of the bucket. Result: how many ms to wait before they go. */
  take(bytes: number, now: number): number {
    const allowed = this.allowed(now)
    if (allowed === null) return 0
    const wait = Math.max(0, this.#paidUntil - now)
    this.#paidUntil = Math.max(this.#paidUntil, now - burstMs) + bytes / allowed
    return wait
  }
}
