/** How long repair waits before it does what cannot be undone, and how often it looks. A simulator shortens them. */

const hourMs = 3_600_000
const dayMs = 24 * hourMs

export interface RepairTimes {
  /** A copy that is surplus here is kept for so long. Default 10 minutes: a machine that naps costs nothing. */
  readonly dropHysteresisMs: number
  /** Bytes of a removed file are kept for so long after this machine learnt of it. Default 30 days: until then it can be undone. */
  readonly keepTrashMs: number
  /**
   * A removed name is remembered for so long after its bytes went. Default 2 days: machines do not learn of a removal in the same moment,
   * and who forgets first must not be told of the file by who has not.
   */
  readonly forgetMarginMs: number
  /** Away from all others for longer: what this machine brings back is not pushed. Default 30 days; never more than `keepTrashMs`. */
  readonly quarantineMs: number
  /** Every copy is read and checked at least so often. Default 30 days. */
  readonly verifyEveryMs: number
  /** Part of a content whose sender went away is kept for so long. Default a day: who stores it again goes on from there. */
  readonly keepUnfinishedMs: number
  /** Between two comparisons of this machine's arc with its successors when nothing happens. Default 60 s. */
  readonly syncEveryMs: number
  /** Between two searches for contents that nobody wants. Default 10 minutes. */
  readonly sweepEveryMs: number
}

export const defaultTimes: RepairTimes = {
  dropHysteresisMs: 600_000,
  keepTrashMs: 30 * dayMs,
  forgetMarginMs: 2 * dayMs,
  quarantineMs: 30 * dayMs,
  verifyEveryMs: 30 * dayMs,
  keepUnfinishedMs: dayMs,
  syncEveryMs: 60_000,
  sweepEveryMs: 600_000,
}
