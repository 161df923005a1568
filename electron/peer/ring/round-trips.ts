/** Round-trip times and the time-outs that follow from them (Jacobson 1988, RFC 6298: srtt + 4 rttvar). */

import type { Identifier } from '../protocol/identifier.ts'
import { timing } from './timing.ts'

interface Estimate {
  smoothed: number
  variation: number
  /** Of the last ping that it comes from. */
  sequence: number
}

export class RoundTrips {
  readonly #estimates = new Map<Identifier, Estimate>()

  /** `sequence`: grows from ping to ping. An answer overtaken by that to a later ping tells of a moment that has passed. */
  sample(id: Identifier, roundTripMs: number, sequence: number): void {
    const estimate = this.#estimates.get(id)
    if (!estimate) {
      this.#estimates.set(id, { smoothed: roundTripMs, variation: roundTripMs / 2, sequence })
      return
    }
    if (sequence < estimate.sequence) return
    estimate.sequence = sequence
    estimate.variation += (Math.abs(estimate.smoothed - roundTripMs) - estimate.variation) / 4
    estimate.smoothed += (roundTripMs - estimate.smoothed) / 8
  }

  /** Smoothed round-trip time in ms, or null when never measured. */
  of(id: Identifier): number | null {
    return this.#estimates.get(id)?.smoothed ?? null
  }

  /** Milliseconds to wait for a datagram's answer. */
  timeout(id: Identifier): number {
    const estimate = this.#estimates.get(id)
    if (!estimate) return timing.answerUnknownMs
    return clamp(estimate.smoothed + 4 * estimate.variation, timing.answerMinMs, timing.answerMaxMs)
  }

  /** Milliseconds to wait for an answer over a stream, which may have to be opened first. */
  streamTimeout(id: Identifier): number {
    const estimate = this.#estimates.get(id)
    if (!estimate) return timing.streamAnswerUnknownMs
    return clamp(3 * (estimate.smoothed + 4 * estimate.variation), timing.streamAnswerMinMs, timing.streamAnswerMaxMs)
  }

  forget(id: Identifier): void {
    this.#estimates.delete(id)
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}
