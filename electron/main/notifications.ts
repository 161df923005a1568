/** Which news become a notification: a request that ended, and files at risk. Once each, and only when the person wants them. */

import type { News } from '../../shared/contract.ts'
import { formatCount } from '../../shared/units.ts'
import type { TransferView } from '../../shared/views.ts'

export interface NotificationText {
  readonly title: string
  readonly body: string
  /** What a click does: show this file in its folder, or open the window. */
  readonly path: string | null
}

export interface NotificationPort {
  /** The settings allow it. */
  wanted(): boolean
  /** The person is looking at the window: what is on it needs no notification. */
  watching(): boolean
  show(text: NotificationText): void
}

/** Ended transfers that are remembered, so that a repeated piece of news is not shown twice. */
const rememberedMax = 1000

function textOf(transfer: TransferView): NotificationText | null {
  if (transfer.kind !== 'request') return null
  if (transfer.state === 'done') return { title: `${transfer.name} is here`, body: transfer.path ?? '', path: transfer.path }
  if (transfer.state !== 'failed') return null
  return { title: `${transfer.name} could not be fetched`, body: transfer.error?.message ?? '', path: null }
}

/** `earlier`: transfers that had ended before this start. Returns the listener for the peer's news. */
export function createNotifier(port: NotificationPort, earlier: readonly TransferView[]): (news: News) => void {
  const told = new Set(earlier.filter((t) => t.endedAt !== null).map((t) => t.id))
  let atRisk = 0

  const transferNews = (changed: readonly TransferView[]): void => {
    for (const transfer of changed) {
      const text = textOf(transfer)
      if (!text) {
        // Running again after a retry: its next end is news.
        told.delete(transfer.id)
        continue
      }
      if (told.has(transfer.id)) continue
      told.add(transfer.id)
      const oldest = told.values().next()
      if (told.size > rememberedMax && !oldest.done) told.delete(oldest.value)
      if (port.wanted() && !port.watching()) port.show(text)
    }
  }

  return (news) => {
    if (news.kind === 'transfers') transferNews(news.changed)
    if (news.kind !== 'safety' || news.safety.checking) return
    // A ring of one has one copy of everything: that is not news.
    const now = news.safety.machines > 1 ? news.safety.atRisk : 0
    const rose = atRisk === 0 && now > 0
    atRisk = now
    if (!rose || !port.wanted()) return
    const body = 'Only one copy is left. Bring a machine back, or add one, and it is copied again.'
    port.show({ title: now === 1 ? '1 file is at risk' : `${formatCount(now)} files are at risk`, body, path: null })
  }
}
