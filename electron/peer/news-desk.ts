/** News for windows: collected and sent at most four times a second, the latest of each kind. */

import type { News } from '../../shared/contract.ts'
import type { ActivityView, FileView, RingView, SafetyView, TransferView } from '../../shared/views.ts'

const flushEveryMs = 250
/** Round-trip times are another with every ping: so seldom they go out when there is no other news. */
const roundTripsEveryMs = 5_000
/** Activity lines in one piece of news. */
const linesMax = 200

/** Where the latest is read when news goes out. */
export interface NewsSources {
  ring(): RingView
  safety(): SafetyView
  file(name: string): FileView | null
  /** The name as the window shows it. */
  spelling(name: string): string
  transfer(id: string): TransferView | null
}

export class NewsDesk {
  readonly #sources: NewsSources
  readonly #listeners = new Set<(news: News) => void>()
  readonly #files = new Set<string>()
  readonly #transfers = new Set<string>()
  #lines: ActivityView[] = []
  #ring = false
  #safety = false
  #timer: NodeJS.Timeout | null = null
  /** Is in no hurry: other news goes out before. */
  #laterTimer: NodeJS.Timeout | null = null

  constructor(sources: NewsSources) {
    this.#sources = sources
  }

  subscribe(listener: (news: News) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Sent at once: rare, and a person waits for it. */
  tell(news: News): void {
    for (const listener of this.#listeners) listener(news)
  }

  fileChanged(name: string): void {
    this.#safety = true
    this.#mark(() => this.#files.add(name))
  }

  transferChanged(id: string): void {
    this.#mark(() => this.#transfers.add(id))
  }

  ringChanged(): void {
    this.#safety = true
    this.#mark(() => {
      this.#ring = true
    })
  }

  /** A round-trip time is another. */
  roundTrip(): void {
    if (this.#listeners.size === 0) return
    this.#laterTimer ??= setTimeout(() => {
      this.#laterTimer = null
      this.#mark(() => {
        this.#ring = true
      })
    }, roundTripsEveryMs).unref()
  }

  safetyChanged(): void {
    this.#mark(() => {
      this.#safety = true
    })
  }

  activity(line: ActivityView): void {
    this.#mark(() => {
      this.#lines.push(line)
      if (this.#lines.length > linesMax) this.#lines.shift()
    })
  }

  close(): void {
    if (this.#timer) clearTimeout(this.#timer)
    if (this.#laterTimer) clearTimeout(this.#laterTimer)
    this.#listeners.clear()
  }

  #mark(note: () => void): void {
    // nobody looks: nothing is collected, a window that opens reads everything anyway
    if (this.#listeners.size === 0) return
    note()
    this.#timer ??= setTimeout(() => this.#flush(), flushEveryMs).unref()
  }

  #flush(): void {
    this.#timer = null
    if (this.#ring) this.tell({ kind: 'ring', ring: this.#sources.ring() })
    if (this.#files.size > 0) this.tell(this.#filesNews())
    if (this.#transfers.size > 0) this.tell(this.#transfersNews())
    if (this.#lines.length > 0) this.tell({ kind: 'activity', lines: this.#lines })
    if (this.#safety) this.tell({ kind: 'safety', safety: this.#sources.safety() })
    this.#ring = this.#safety = false
    this.#lines = []
    this.#files.clear()
    this.#transfers.clear()
  }

  #filesNews(): News {
    const changed: FileView[] = []
    const removed: string[] = []
    for (const name of this.#files) {
      const view = this.#sources.file(name)
      if (view) changed.push(view)
      else removed.push(this.#sources.spelling(name))
    }
    return { kind: 'files', changed, removed }
  }

  #transfersNews(): News {
    const changed: TransferView[] = []
    const removed: string[] = []
    for (const id of this.#transfers) {
      const view = this.#sources.transfer(id)
      if (view) changed.push(view)
      else removed.push(id)
    }
    return { kind: 'transfers', changed, removed }
  }
}
