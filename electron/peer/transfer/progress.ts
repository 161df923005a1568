/** Speed and time left of one transfer, from its progress; injected clock. */

/** Weight of the newest sample: about the last three seconds count. */
const smoothing = 0.3
const sampleMs = 250
/** Time left is told only after so long and so many samples: earlier estimates jump. */
const trustedSamples = 8
/** ... and while samples differ from the speed by less than this part of it on average. */
const trustedDeviation = 0.6
/** A standstill: no bytes for so long, and for so many times the last gap between samples, since slow blocks come seldom. */
const stillMs = 3_000
const stillGaps = 3

export class Progress {
  readonly #now: () => number
  #doneBytes = 0
  #sampledBytes = 0
  #sampledAt: number
  #speed = 0
  /** How far samples lie from the speed, on average, in bytes a second. */
  #deviation = 0
  #samples = 0
  #gapMs = 0

  /** `now` in ms, monotonic; `keptBytes` were there before and say nothing of the speed. */
  constructor(now: () => number, keptBytes = 0) {
    this.#now = now
    this.#sampledAt = now()
    this.#doneBytes = this.#sampledBytes = keptBytes
  }

  update(doneBytes: number): void {
    this.#doneBytes = doneBytes
    const now = this.#now()
    const elapsed = now - this.#sampledAt
    if (elapsed < sampleMs) return
    const speed = ((doneBytes - this.#sampledBytes) / elapsed) * 1000
    this.#deviation = this.#deviation * (1 - smoothing) + Math.abs(speed - this.#speed) * smoothing
    if (this.#samples === 0) this.#deviation = 0
    this.#speed = this.#samples === 0 ? speed : this.#speed * (1 - smoothing) + speed * smoothing
    this.#samples++
    this.#gapMs = elapsed
    this.#sampledAt = now
    this.#sampledBytes = doneBytes
  }

  get doneBytes(): number {
    return this.#doneBytes
  }

  get bytesPerSecond(): number {
    return Math.max(0, this.#speed)
  }

  /** Whether no bytes have come for longer than the speed so far explains. */
  get isStill(): boolean {
    return this.#now() - this.#sampledAt > Math.max(stillMs, this.#gapMs * stillGaps)
  }

  /** Null until the estimate can be trusted. */
  secondsLeft(totalBytes: number): number | null {
    if (this.#samples < trustedSamples || this.#speed <= 0 || this.#deviation > this.#speed * trustedDeviation) return null
    return Math.max(0, totalBytes - this.#doneBytes) / this.#speed
  }
}
