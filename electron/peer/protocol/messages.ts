/**
 * Every message of the ring, as one discriminated union. The codec beside it writes each as a line of text:
 * `/command [argument ...] <destination> <source>`; see docs/protocol.md. A body, where there is one, follows its line on
 * the same stream and its length stands in the line.
 */

import type { Contact } from './contact.ts'
import type { Identifier } from './identifier.ts'

/** What a look-up is for; shown to people, and `join` ends at the predecessor of the key instead of its owner. */
export type LookupPurpose = 'store' | 'request' | 'find'

export type MemberState = 'alive' | 'suspect' | 'dead' | 'left'

/** One member as gossip has it. The higher incarnation wins; at equal incarnation left > dead > suspect > alive. */
export interface Member {
  readonly contact: Contact
  readonly incarnation: number
  readonly state: MemberState
}

interface Between {
  readonly destination: Identifier
  readonly source: Identifier
}

// ---- Liveness, over UDP (and over TCP when a datagram stays unanswered)

/** `place`: the target's place in the sender's successor list from 1 on, or 0: tells the target who its predecessors are. */
export interface Ping extends Between {
  readonly command: 'ping'
  readonly sequence: number
  readonly incarnation: number
  readonly place: number
  /** Hash of the sender's table of members, 8 hexadecimal digits: unequal digests start a view exchange. */
  readonly viewDigest: string
  /** Number of the last change of the sender's records: others ask for its catalogue only when it differs from the one they have. */
  readonly revision: number
  readonly gossip: readonly Member[]
}
export interface Response extends Between {
  readonly command: 'response'
  readonly sequence: number
  readonly incarnation: number
  readonly viewDigest: string
  /** Hash of the sender's predecessor and successors: its predecessor asks for them only when they changed. */
  readonly listsDigest: string
  readonly revision: number
  readonly gossip: readonly Member[]
}
/** Indirect probe: "ping this one for me". */
export interface Probe extends Between {
  readonly command: 'probe'
  readonly sequence: number
  readonly target: Contact
}
export interface Probed extends Between {
  readonly command: 'probed'
  readonly sequence: number
  readonly target: Identifier
}

// ---- Membership, over TCP. `exchange` pairs an answer with its question.

export interface Join extends Between {
  readonly command: 'join'
  readonly exchange: number
  readonly joiner: Contact
  readonly incarnation: number
  readonly route: readonly Identifier[]
}
/** Taken in: the predecessor's own contact and its whole successor list. */
export interface Accept extends Between {
  readonly command: 'accept'
  readonly exchange: number
  readonly predecessor: Contact
  readonly successors: readonly Contact[]
  readonly route: readonly Identifier[]
}
export type DeclineReason = 'id-taken' | 'not-between' | 'not-ready' | 'wrong-version'
/** Refused; `better` is a peer to ask instead. */
export interface Decline extends Between {
  readonly command: 'decline'
  readonly exchange: number
  readonly reason: DeclineReason
  readonly better: Contact | null
  readonly route: readonly Identifier[]
}
/**
 * `ask` for, or `tell`, predecessor and successor list (stabilise); `notify` the head of the list that the sender may be
 * its predecessor (rectify); `change`: the sender's list changed, told to its predecessors.
 */
export interface Successor extends Between {
  readonly command: 'successor'
  readonly kind: 'ask' | 'tell' | 'notify' | 'change'
  readonly exchange: number
  readonly predecessor: Contact | null
  readonly successors: readonly Contact[]
}
/** A graceful departure: to both sides, with the lists that replace the leaver. */
export interface Leave extends Between {
  readonly command: 'leave'
  readonly incarnation: number
  readonly predecessor: Contact | null
  readonly successors: readonly Contact[]
}
/** A look-up, asked hop by hop (`forward` false) or passed from peer to peer to the owner, who answers `requester`. */
export interface Find extends Between {
  readonly command: 'find'
  readonly exchange: number
  readonly forward: boolean
  readonly purpose: LookupPurpose
  readonly key: Identifier
  /** The file's name, percent-encoded on the wire; empty when the look-up is not for a file. */
  readonly name: string
  readonly requester: Contact
  readonly route: readonly Identifier[]
}
/** "Mine", with the owner's successors. */
export interface Found extends Between {
  readonly command: 'found'
  readonly exchange: number
  readonly owner: Contact
  readonly successors: readonly Contact[]
  readonly route: readonly Identifier[]
}
/** Not mine: up to 3 closer contacts. */
export interface Closer extends Between {
  readonly command: 'closer'
  readonly exchange: number
  readonly contacts: readonly Contact[]
}
/** View exchange: `ask` carries the asker's table (a page of it), `tell` the answer's. */
export interface View extends Between {
  readonly command: 'view'
  readonly kind: 'ask' | 'tell'
  readonly exchange: number
  readonly members: readonly Member[]
}

// ---- Files, over TCP: a question and its answer on one connection, one after the other. Bodies are as long as `…Bytes` says.

/** Where a version goes. Body: `recordBytes` of the record with the version (JSON), then `manifestBytes` of its manifest. */
export interface Store extends Between {
  readonly command: 'store'
  readonly key: Identifier
  /** Copies wanted on the receiver and those after it. */
  readonly copies: number
  /** Who the receiver passes the bytes on to, best first; more than needed, so that one may fail. */
  readonly next: readonly Contact[]
  readonly recordBytes: number
  readonly manifestBytes: number
}
/**
 * Bytes of a file on their way before anybody knows what they hash to, so that a file is read only once; after `continue` the whole
 * content, then `noted`. The `/store` that follows finds its blocks here. What is not followed by one is dropped.
 */
export interface Stage extends Between {
  readonly command: 'stage'
  readonly copies: number
  readonly next: readonly Contact[]
  readonly sizeBytes: number
  readonly blockBytes: number
}
/**
 * "Send the bytes": the wanted blocks follow from the writer, in order. Body: which they are, a bit for each block of the manifest, the
 * lowest bit of the first byte first; without a body all are wanted.
 */
export interface Continue extends Between {
  readonly command: 'continue'
  readonly bodyBytes: number
}
/** Durable on `holders` (the answerer first). `failed` did not take it. */
export interface Stored extends Between {
  readonly command: 'stored'
  readonly holders: readonly Identifier[]
  readonly failed: readonly Identifier[]
}
export type RefuseReason = 'exists' | 'no-space' | 'not-found' | 'corrupt' | 'not-a-member' | 'expired' | 'busy' | 'failed'
/** A file command refused. `detail`, percent-encoded on the wire, is for people. */
export interface Refuse extends Between {
  readonly command: 'refuse'
  readonly reason: RefuseReason
  readonly detail: string
}
/**
 * Asks for `lengthBytes` of a content from `offsetBytes` on; a length of 0 asks for its manifest. Versions by different writers may have
 * the same content, so the content is what is asked for; `name` says what for, to people.
 */
export interface Request extends Between {
  readonly command: 'request'
  readonly name: string
  readonly sha256: string
  readonly offsetBytes: number
  readonly lengthBytes: number
}
/** The answer's body: `lengthBytes` of content, or the manifest when `manifest`. */
export interface Deliver extends Between {
  readonly command: 'deliver'
  readonly sha256: string
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly manifest: boolean
}
/** "What do you know of this name, and which versions do you hold?" Answered by Records with one entry or none. */
export interface RecordQuery extends Between {
  readonly command: 'record'
  readonly name: string
}
/** "Your records that changed since revision `since` (0 = all)." Answered by Records. */
export interface Catalogue extends Between {
  readonly command: 'catalogue'
  readonly since: number
}
/**
 * Body: one JSON object a line; the first tells the machine (name, space), then an entry a record. `revision`: of the sender's records as
 * they are told here; what was read up to a later one is newer. `more`: ask again from `revision`.
 * `synced`: the sender has compared the arc of the name that was asked for with others, so that not knowing it means something.
 */
export interface Records extends Between {
  readonly command: 'records'
  readonly revision: number
  readonly more: boolean
  readonly synced: boolean
  readonly bodyBytes: number
}
/** "My records changed: this is their revision now." Answered by Noted; the receiver reads the catalogue when it wants to. */
export interface Changed extends Between {
  readonly command: 'changed'
  readonly revision: number
}
export interface Noted extends Between {
  readonly command: 'noted'
}
/** Records without bytes (a delete, a merge). Body: the records (JSON), one a line. Answered by Stored. */
export interface Update extends Between {
  readonly command: 'update'
  readonly recordBytes: number
}
/** "Do you hold this content, durable and checked?" Answered by Holds. `sha256`: 64 hexadecimal digits. */
export interface Have extends Between {
  readonly command: 'have'
  readonly sha256: string
}
/** `verifiedAt`: Unix time in ms of the last check against the hash; 0 = not held. */
export interface Holds extends Between {
  readonly command: 'holds'
  readonly sha256: string
  readonly verifiedAt: number
}
/** "Bytes of this content that you gave me do not match their hash: look at your copy." Answered by Holds after that look. */
export interface Damaged extends Between {
  readonly command: 'damaged'
  readonly sha256: string
}

// ---- Many small files at once, over TCP: what a file each costs in round trips and syncs is shared by a pack.

/**
 * "What do you know of these names, and which versions do you hold?" Body: one JSON string a line. Answered by Known. What the receiver had of
 * the first `told` of them at its revision `since`, the sender knows.
 */
export interface Names extends Between {
  readonly command: 'names'
  readonly since: number
  readonly told: number
  readonly bodyBytes: number
}
/**
 * About the first `count` of the names; ask again for the rest. Body: as of Records, without a machine's line: one entry for each name that is
 * known. `revision`, `synced`: as in Records, for all names. Of the names `told`, the body of a synced answer has what changed: those that have
 * not after `since` are left out, those that are not known any more are named as absent.
 */
export interface Known extends Between {
  readonly command: 'known'
  readonly count: number
  readonly revision: number
  readonly synced: boolean
  readonly bodyBytes: number
}
/**
 * Where `files` versions go that belong on the same machines, none longer than one block. Body: for each the length of its record and of its
 * content (4 bytes each, big-endian), the record (JSON), the content. Answered by Packed.
 */
export interface Pack extends Between {
  readonly command: 'pack'
  /** As in Store. */
  readonly copies: number
  readonly next: readonly Contact[]
  readonly files: number
  /** Block size of the manifests, in bytes. */
  readonly blockBytes: number
  readonly bodyBytes: number
}
/**
 * What became of each file of a pack, in its order: who of `holders` has it durably, as a set of bits, the lowest for the first; or why nobody
 * has. `first`, `last`: revisions of the sender's records that are those of these files just as they came, and of nothing else; 0: there are none.
 */
export interface Packed extends Between {
  readonly command: 'packed'
  readonly holders: readonly Identifier[]
  /** Did not take the pack. */
  readonly failed: readonly Identifier[]
  readonly outcomes: readonly (number | RefuseReason)[]
  readonly first: number
  readonly last: number
}
/** Asks for small contents. Answered by Fetched. */
export interface Fetch extends Between {
  readonly command: 'fetch'
  readonly contents: readonly string[]
}
/** Sizes of the first of the contents, in bytes; `none`: not here. Body: their bytes, one after the other. Ask again for the rest. */
export interface Fetched extends Between {
  readonly command: 'fetched'
  readonly sizes: readonly (number | 'none')[]
  readonly bodyBytes: number
}

// ---- Arcs compared, over TCP. The short form is for the sender's own arc, (its predecessor, itself], so that equal arcs cost two short lines.

/** "This is the hash of my own arc: where it begins, and all that I know and hold there." Answered by Same or Differs. 16 hexadecimal digits. */
export interface Digest extends Between {
  readonly command: 'digest'
  readonly hash: string
}
export interface Same extends Between {
  readonly command: 'same'
}
export interface Differs extends Between {
  readonly command: 'differs'
}
/** "What are the hashes of your buckets of the arc (from, to]?" Answered by Hashes. */
export interface Buckets extends Between {
  readonly command: 'buckets'
  readonly from: Identifier
  readonly to: Identifier
}
/** Body: 8 bytes a bucket, 256 buckets. `synced`: the sender has compared this arc with others since it is responsible for it. */
export interface Hashes extends Between {
  readonly command: 'hashes'
  readonly synced: boolean
  readonly bodyBytes: number
}
/** "All that I have in (from, to]": body one JSON array `[name, digest]` a line. Answered by Compared. */
export interface Entries extends Between {
  readonly command: 'entries'
  readonly from: Identifier
  readonly to: Identifier
  readonly bodyBytes: number
}
/**
 * What differs in (from, upTo]; ask again from there when that is not the end. Body: one JSON object a line, an entry as in Records for a
 * name that the sender has otherwise or alone, `{"absent":name}` for one that it has not. `revision`: as in Records.
 */
export interface Compared extends Between {
  readonly command: 'compared'
  readonly upTo: Identifier
  readonly revision: number
  readonly bodyBytes: number
}

/** Trades an invite's token for the ring. The only command a stranger may send. `source` is all zeros. */
export interface Enroll extends Between {
  readonly command: 'enroll'
  readonly token: string
  readonly machineName: string
}
/** Body: JSON with ring key, parameters, ring name and contacts. */
export interface Enrolled extends Between {
  readonly command: 'enrolled'
  readonly bodyBytes: number
}

/** What the ring's state machine receives and sends. */
export type RingMessage = Ping | Response | Probe | Probed | Join | Accept | Decline | Successor | Leave | Find | Found | Closer | View

/** What files travel by. */
export type FileMessage =
  | Store
  | Stage
  | Continue
  | Stored
  | Refuse
  | Request
  | Deliver
  | RecordQuery
  | Catalogue
  | Records
  | Changed
  | Noted
  | Update
  | Have
  | Holds
  | Damaged
  | Enroll
  | Enrolled
  | PackMessage
  | ArcMessage

type PackMessage = Names | Known | Pack | Packed | Fetch | Fetched

/** Questions about arcs, and their answers. */
export type ArcQuestion = Digest | Buckets | Entries
type ArcMessage = ArcQuestion | Same | Differs | Hashes | Compared

// ---- Between transports, over the connections of the ring's lines

/** "I cannot dial you: dial me." `call` pairs it with Called, the first line of the new connection, on which the caller then asks. */
export interface Callback extends Between {
  readonly command: 'callback'
  readonly call: number
  readonly caller: Contact
}
export interface Called extends Between {
  readonly command: 'called'
  readonly call: number
}
/** What is neither of the ring nor of files. */
export type LinkMessage = Callback | Called

export type Message = RingMessage | FileMessage | LinkMessage
export type Command = Message['command']
export type MessageOf<C extends Command> = Extract<Message, { command: C }>
