/** What the parts of repair share. */

import type { TransferContext } from '../transfer/transfer-context.ts'
import type { RingNow } from './copies.ts'
import type { Jobs } from './jobs.ts'
import type { OwnRecords } from './own-records.ts'
import type { Allowance } from './rate-cap.ts'
import type { RepairTimes } from './repair-times.ts'

export interface RepairContext {
  readonly context: TransferContext & RingNow
  readonly own: OwnRecords
  readonly jobs: Jobs
  readonly times: RepairTimes
  /** Monotonic clock in ms. */
  readonly now: () => number
  /** What a person leaves to copies that the ring makes by itself; absent: see rate-cap.ts. */
  readonly allowance?: () => Allowance
}
