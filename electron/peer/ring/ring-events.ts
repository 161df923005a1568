/** The ring's news, and what it tells about its members. peer-events.ts has the same with ids as people see them. */

import type { Contact } from '../protocol/contact.ts'
import type { Identifier } from '../protocol/identifier.ts'
import type { DeclineReason, LookupPurpose, MemberState } from '../protocol/messages.ts'

export type RingEvent =
  /** One a round of pings, neighbours only; greetings, retries and probes are not told. */
  | { readonly kind: 'pings-sent'; readonly peers: readonly Identifier[] }
  | { readonly kind: 'ping-received'; readonly peer: Identifier }
  | { readonly kind: 'response-received'; readonly peer: Identifier; readonly roundTripMs: number }
  | { readonly kind: 'join-forwarded'; readonly joiner: Identifier }
  | { readonly kind: 'join-received'; readonly joiner: Identifier }
  | { readonly kind: 'join-accepted'; readonly route: readonly Identifier[] }
  | { readonly kind: 'join-declined'; readonly reason: DeclineReason | 'unreachable' }
  | { readonly kind: 'successor-change-received'; readonly from: Identifier }
  /** `previous` is empty for a peer that just joined. */
  | { readonly kind: 'successors'; readonly successors: readonly Identifier[]; readonly previous: readonly Identifier[] }
  | { readonly kind: 'predecessors'; readonly predecessors: readonly Identifier[] }
  | { readonly kind: 'departing'; readonly peer: Identifier }
  | { readonly kind: 'suspected'; readonly peer: Identifier }
  | { readonly kind: 'dead'; readonly peer: Identifier }
  | { readonly kind: 'alive'; readonly peer: Identifier }
  /** A member's catalogue has another revision than it last announced to this peer; told of the first one heard, too. */
  | { readonly kind: 'revision'; readonly peer: Identifier; readonly revision: number }
  /** At the requester, when the look-up leaves this peer. */
  | { readonly kind: 'lookup-started'; readonly purpose: LookupPurpose; readonly name: string }
  | { readonly kind: 'lookup-forwarded'; readonly purpose: LookupPurpose; readonly name: string; readonly from: Identifier }
  /** At the owner; `from` = the requester, who may be the owner itself. */
  | { readonly kind: 'lookup-accepted'; readonly purpose: LookupPurpose; readonly name: string; readonly from: Identifier }
  | {
      readonly kind: 'lookup-done'
      readonly purpose: LookupPurpose
      readonly name: string
      readonly owner: Identifier
      readonly route: readonly Identifier[]
    }

/** A member as this peer knows it. */
export interface MemberView {
  readonly contact: Contact
  readonly incarnation: number
  readonly state: MemberState
  /** Smoothed, or null when never measured. */
  readonly roundTripMs: number | null
  /** Clock ms of the last message from it, or null. */
  readonly lastHeardAt: number | null
}
