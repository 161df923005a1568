/** The ring's and the transfers' events as PeerEvents: the same, with ids as people see them. */

import type { PeerEvent } from './peer-events.ts'
import type { Identifier, IdentifierSpace } from './protocol/identifier.ts'
import type { RingEvent } from './ring/ring-events.ts'
import type { TransferNews } from './transfer/transfer-context.ts'

const idFields = new Set(['peer', 'joiner', 'from', 'owner'])
const idListFields = new Set(['peers', 'route', 'successors', 'previous', 'predecessors'])

/** Field by field: the two unions differ in how ids are written and in nothing else. */
export function toPeerEvent(space: IdentifierSpace, event: RingEvent): PeerEvent {
  const told: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(event)) {
    if (idFields.has(field)) told[field] = space.format(value as Identifier)
    else if (idListFields.has(field)) told[field] = (value as readonly Identifier[]).map((id) => space.format(id))
    else told[field] = value
  }
  return told as PeerEvent
}

export function fromTransfer(space: IdentifierSpace, news: TransferNews): PeerEvent {
  switch (news.kind) {
    case 'serving':
      return { kind: news.kind, name: news.name, to: space.format(news.peer) }
    case 'served':
      return { kind: news.kind, name: news.name, to: space.format(news.peer), bytes: news.bytes }
    case 'copy-kept':
    case 'receiving':
      return { kind: news.kind, name: news.name, from: space.format(news.peer) }
    case 'repaired':
      return { kind: news.kind, name: news.name, to: news.to.map((id) => space.format(id)) }
    case 'copy-dropped':
      return { kind: news.kind, name: news.name }
    case 'put-aside':
    case 'copy-damaged':
      return news
  }
}
