/** Why work stops before its end without anybody having given it up: paused, the peer ends, the one who waited went away. */

import { AppError } from '../../../shared/errors.ts'

/** As the reason of an abort: what is on the disk already stays for the next try. Any other reason takes it away. */
export class Interrupted extends AppError {
  constructor(why: string) {
    super('cancelled', why)
  }
}

/** Whether what `signal` stopped may go on later. */
export function isInterrupted(signal: AbortSignal | undefined): boolean {
  return signal?.reason instanceof Interrupted
}
