/** Every bound of the protocol, in one place: name, unit, reason. Whatever exceeds one is refused, not cut. */

export const limits = {
  /** A line on a stream, in bytes: 64 contacts with three ways each, or a 4 096-byte name percent-encoded, with room. */
  lineBytes: 32_768,
  /** A sealed datagram, in bytes: fits the IPv6 minimum MTU with its headers. */
  datagramBytes: 1_200,
  /** Members piggybacked on one ping, so that it stays under `datagramBytes`. */
  gossipMembers: 6,
  /** Members in one view message. */
  viewMembers: 128,
  /** Successors kept or sent. */
  successors: 32,
  /** Ways of one contact. */
  ways: 8,
  /** One way, in characters. */
  wayLength: 128,
  /** Peers a message may pass: the classroom's 256 peers all round. */
  route: 256,
  /** Contacts in `closer`. */
  closer: 3,
  /** Candidates in `/store`. */
  next: 16,
  /** A file's name in the ring, in bytes of UTF-8. */
  nameBytes: 4_096,
  /** One segment of a name, in bytes of UTF-8: what file systems take. */
  nameSegmentBytes: 255,
  /** Details of a refusal, in characters. */
  detailLength: 1_000,
  /** A machine's name, in bytes of UTF-8: 64 characters of the widest kind. */
  machineNameBytes: 256,
  /** An invite's token as text: 128 bits, in hexadecimal or base64. */
  tokenBytes: 64,
  /** Files in one pack: a line that acknowledges, or asks for, each of them fits in `lineBytes`. */
  packFiles: 256,
  /** Content of one file in a pack, in bytes: what is larger gains nothing from company. */
  packedFileBytes: 32_768,
  /** Contents in one pack that is sent, in bytes, unless a single one is larger: what a machine holds in memory of it. */
  packContentBytes: 1_048_576,
  /** Record of one file in a pack, in bytes: a name of 4 096 twice, and some dozens of versions. */
  packedRecordBytes: 32_768,
  /** The body of a pack, in bytes: contents, and records that are mostly under 1 KB. */
  packBytes: 4 * 1_048_576,
  /** The body of a `/names` question, in bytes: 256 names of 4 096, in JSON. */
  namesBytes: 2 * 1_048_576,
  /** A record in JSON, in bytes: all of the next four at once. */
  recordBytes: 1_048_576,
  /** Versions of one name that supersede each other not. */
  versions: 256,
  /** Superseded versions of one name whose content is kept, so that a person can take one back. */
  keptEarlier: 5,
  /** Machines that ever changed one name. */
  writers: 4_096,
  /** Runs of superseded versions of one name: one a writer, and one more for each version that the ring never saw. */
  intervals: 8_192,
  /** A manifest in bytes: 32 bytes a block, 1 MiB a block: files to 2 TiB. */
  manifestBytes: 64 * 1_048_576 + 64,
  /** A block in bytes. */
  blockBytes: 16 * 1_048_576,
  /** Which blocks are wanted, in bytes: a bit for each block that a manifest may have. */
  wantedBytes: 262_144,
  /** A file in bytes. */
  fileBytes: 2 * 1024 ** 4,
  /** The body of one `/records` answer, in bytes. */
  catalogueBytes: 4 * 1_048_576,
  /** The body of a `/hashes` answer, in bytes: 256 buckets of 8. */
  hashesBytes: 2_048,
  /** An `/enrolled` answer, in bytes. */
  enrolledBytes: 65_536,
  /** Largest sequence, exchange or incarnation number. */
  counter: Number.MAX_SAFE_INTEGER,
} as const
