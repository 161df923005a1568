/**
 * News that a slow window has not taken yet, kept as small as the window's own state: of a kind where the latest wins only
 * the latest, of lists what changed since, of lines the last few. Pure: whoever owns a socket decides when to take.
 */

import type { News } from '../../shared/contract.ts'
import type { ActivityView, FileView, TransferView } from '../../shared/views.ts'

export const newsLimits = {
  /** Lines of activity that wait; older ones are dropped. */
  activityLines: 500,
  /** Notices and menu actions that wait. */
  notices: 20,
} as const

type Latest = Extract<News, { kind: 'ring' | 'safety' | 'settings' | 'nearby' | 'leaving' }>

class Changes<T> {
  readonly changed = new Map<string, T>()
  readonly removed = new Set<string>()

  add(changed: readonly T[], removed: readonly string[], keyOf: (item: T) => string): void {
    for (const item of changed) {
      this.removed.delete(keyOf(item))
      this.changed.set(keyOf(item), item)
    }
    for (const key of removed) {
      this.changed.delete(key)
      this.removed.add(key)
    }
  }

  take(): { changed: T[]; removed: string[] } | null {
    if (this.changed.size === 0 && this.removed.size === 0) return null
    const taken = { changed: [...this.changed.values()], removed: [...this.removed] }
    this.changed.clear()
    this.removed.clear()
    return taken
  }
}

export class NewsQueue {
  readonly #latest = new Map<Latest['kind'], Latest>()
  readonly #files = new Changes<FileView>()
  readonly #transfers = new Changes<TransferView>()
  #lines: ActivityView[] = []
  #notices: News[] = []

  add(news: News): void {
    switch (news.kind) {
      case 'ring':
      case 'safety':
      case 'settings':
      case 'nearby':
      case 'leaving':
        this.#latest.set(news.kind, news)
        return
      case 'files':
        this.#files.add(news.changed, news.removed, (file) => file.name)
        return
      case 'transfers':
        this.#transfers.add(news.changed, news.removed, (transfer) => transfer.id)
        return
      case 'activity':
        this.#lines = [...this.#lines, ...news.lines].slice(-newsLimits.activityLines)
        return
      case 'notice':
      case 'menu':
        this.#notices = [...this.#notices, news].slice(-newsLimits.notices)
        return
    }
  }

  /** Everything that waits, merged; the queue is empty afterwards. */
  take(): News[] {
    const taken: News[] = [...this.#latest.values()]
    this.#latest.clear()
    const files = this.#files.take()
    if (files) taken.push({ kind: 'files', ...files })
    const transfers = this.#transfers.take()
    if (transfers) taken.push({ kind: 'transfers', ...transfers })
    if (this.#lines.length > 0) taken.push({ kind: 'activity', lines: this.#lines })
    taken.push(...this.#notices)
    this.#lines = []
    this.#notices = []
    return taken
  }
}
