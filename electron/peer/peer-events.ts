/** What happens in a peer, as data: one union for logs, the activity feed, the classroom's wording and the tests. */

import type { PlainError } from '../../shared/errors.ts'
import type { LookupPurpose } from './protocol/messages.ts'

/** `peer`, `from`, `owner` … are ids as people see them. */
export type PeerEvent =
  | { readonly kind: 'pings-sent'; readonly peers: readonly string[] }
  | { readonly kind: 'ping-received'; readonly peer: string }
  | { readonly kind: 'response-received'; readonly peer: string; readonly roundTripMs: number }
  | { readonly kind: 'line'; readonly direction: 'sent' | 'received'; readonly peer: string; readonly line: string }
  | { readonly kind: 'join-forwarded'; readonly joiner: string }
  | { readonly kind: 'join-received'; readonly joiner: string }
  | { readonly kind: 'join-accepted'; readonly route: readonly string[] }
  | { readonly kind: 'join-declined'; readonly reason: string }
  | { readonly kind: 'successor-change-received'; readonly from: string }
  | { readonly kind: 'successors'; readonly successors: readonly string[]; readonly previous: readonly string[] }
  | { readonly kind: 'predecessors'; readonly predecessors: readonly string[] }
  | { readonly kind: 'departing'; readonly peer: string }
  | { readonly kind: 'suspected'; readonly peer: string }
  | { readonly kind: 'dead'; readonly peer: string }
  | { readonly kind: 'alive'; readonly peer: string }
  | { readonly kind: 'revision'; readonly peer: string; readonly revision: number }
  | { readonly kind: 'lookup-started'; readonly purpose: LookupPurpose; readonly name: string }
  | { readonly kind: 'lookup-forwarded'; readonly purpose: LookupPurpose; readonly name: string; readonly from: string }
  | { readonly kind: 'lookup-accepted'; readonly purpose: LookupPurpose; readonly name: string; readonly from: string }
  | {
      readonly kind: 'lookup-done'
      readonly purpose: LookupPurpose
      readonly name: string
      readonly owner: string
      readonly route: readonly string[]
    }
  | {
      readonly kind: 'stored'
      readonly name: string
      readonly holders: readonly string[]
      readonly wanted: number
      readonly route: readonly string[]
    }
  | { readonly kind: 'copy-kept'; readonly name: string; readonly from: string }
  | { readonly kind: 'copy-dropped'; readonly name: string }
  /** Known to this machine alone when it came back after a long absence: see repair/quarantine. */
  | { readonly kind: 'put-aside'; readonly name: string }
  | { readonly kind: 'copy-damaged'; readonly name: string }
  | { readonly kind: 'serving'; readonly name: string; readonly to: string }
  | { readonly kind: 'served'; readonly name: string; readonly to: string; readonly bytes: number }
  | { readonly kind: 'receiving'; readonly name: string; readonly from: string }
  | { readonly kind: 'requested'; readonly name: string; readonly path: string; readonly from: readonly string[] }
  | { readonly kind: 'repaired'; readonly name: string; readonly to: readonly string[] }
  | { readonly kind: 'folder-note'; readonly text: string }
  | { readonly kind: 'refused'; readonly text: string }
  | { readonly kind: 'error'; readonly what: string; readonly error: PlainError }
