/** Answers that come in pages, for whoever wants all of them. */

import { setImmediate as nextTurn } from 'node:timers/promises'

export interface Page {
  /** What to ask with for the page that follows; null: this was the last. */
  readonly next: number | null
}

/** Each page in a turn of its own, so that others have theirs. `read` gets the `next` of the page before, null for the first one. */
export async function* everyPage<P extends Page>(read: (next: number | null) => P): AsyncGenerator<P> {
  let page = read(null)
  yield page
  while (page.next !== null) {
    await nextTurn()
    page = read(page.next)
    yield page
  }
}
