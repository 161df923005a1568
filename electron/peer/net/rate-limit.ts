/** Bounds on bandwidth: a token bucket over bytes, told what goes and answering how long to wait. Nothing is buffered for it. */

/** What may go at once after a pause, in ms of the allowed rate. */
const burstMs = 250

/** The arithmetic alone; the clock is the caller's. */
export class TokenBucket {
  /** When all that was taken so far will have gone at the allowed rate. */
  #paidUntil = -Infinity

  /** Takes `bytes` out of the bucket. Result: how many ms to wait before they go. */
  take(bytes: number, { bytesPerMs, now }: { readonly bytesPerMs: number; readonly now: number }): number {
    const wait = Math.max(0, this.#paidUntil - now)
    this.#paidUntil = Math.max(this.#paidUntil, now - burstMs) + bytes / bytesPerMs
    return wait
  }

  /** Whether something waits, or would have to. */
  isEmpty(now: number): boolean {
    return this.#paidUntil > now
  }
}

/** Bytes that go in one turn at most, and at least: so that all connections get theirs often, and none waits for long. */
const pieceBytesMax = 128 * 1024
const pieceBytesMin = 4 * 1024
const pieceMs = 100

/** One direction's limit, shared by all connections of a peer. */
export class RateLimit {
  /** Null: no limit, and nothing to pay. */
  bytesPerSecond: number | null = null
  readonly #bucket = new TokenBucket()
  readonly #now: () => number

  /** @param now monotonic, in ms */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** How many ms to wait before `bytes` go; 0 without a limit. */
  take(bytes: number): number {
    if (this.bytesPerSecond === null) return 0
    return this.#bucket.take(bytes, { bytesPerMs: this.bytesPerSecond / 1000, now: this.#now() })
  }

  /** Bytes to take in one go, or null without a limit. */
  get pieceBytes(): number | null {
    if (this.bytesPerSecond === null) return null
    return Math.round(Math.min(pieceBytesMax, Math.max(pieceBytesMin, (this.bytesPerSecond * pieceMs) / 1000)))
  }

  /** Whether bytes are held back just now. */
  get isHolding(): boolean {
    return this.bytesPerSecond !== null && this.#bucket.isEmpty(this.#now())
  }
}

/** Of the bodies of files, not of the ring's own lines: a machine at its limit is no machine that is away. */
export interface RateLimits {
  readonly up: RateLimit
  readonly down: RateLimit
}
