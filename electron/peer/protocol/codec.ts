/**
 * Messages as lines of text: `/command [argument ...] <destination> <source>`. One table gives each command its arguments,
 * in the order they are written; the compiler holds the table against the union in messages.ts, field by field. A command
 * is added there and here, and nowhere else.
 */

import type { Contact } from './contact.ts'
import { contact, type Field, flag, hex, identifier, list, member, nullable, number, numberOr, text, word } from './fields.ts'
import type { IdentifierSpace } from './identifier.ts'
import { limits } from './limits.ts'
import type { Command, Message, MessageOf } from './messages.ts'

type Arguments<M extends Message> = { readonly [K in Exclude<keyof M, 'command' | 'destination' | 'source'>]: Field<M[K]> }

const counter = number(limits.counter)
const contacts = list(contact, limits.successors)
const route = list(identifier, limits.route)
const name = text(limits.nameBytes)
const fileSize = number(limits.fileBytes)
const recordSize = number(limits.recordBytes)
const digest = hex(8)
const sha256 = hex(64)
const gossip = list(member, limits.gossipMembers)

const refuseReasons = ['exists', 'no-space', 'not-found', 'corrupt', 'not-a-member', 'expired', 'busy', 'failed'] as const

/** Order of keys = order of arguments on the line. */
const commands: { readonly [C in Command]: Arguments<MessageOf<C>> } = {
  ping: { sequence: counter, incarnation: counter, place: number(limits.successors), viewDigest: digest, revision: counter, gossip },
  response: { sequence: counter, incarnation: counter, viewDigest: digest, listsDigest: digest, revision: counter, gossip },
  probe: { sequence: counter, target: contact },
  probed: { sequence: counter, target: identifier },

  join: { exchange: counter, joiner: contact, incarnation: counter, route },
  accept: { exchange: counter, predecessor: contact, successors: contacts, route },
  decline: { exchange: counter, reason: word(['id-taken', 'not-between', 'not-ready', 'wrong-version']), better: nullable(contact), route },
  successor: { kind: word(['ask', 'tell', 'notify', 'change']), exchange: counter, predecessor: nullable(contact), successors: contacts },
  leave: { incarnation: counter, predecessor: nullable(contact), successors: contacts },
  find: { exchange: counter, forward: flag, purpose: word(['store', 'request', 'find']), key: identifier, name, requester: contact, route },
  found: { exchange: counter, owner: contact, successors: contacts, route },
  closer: { exchange: counter, contacts: list(contact, limits.closer) },
  view: { kind: word(['ask', 'tell']), exchange: counter, members: list(member, limits.viewMembers) },

  store: {
    key: identifier,
    copies: number(limits.next + 1),
    next: list(contact, limits.next),
    recordBytes: recordSize,
    manifestBytes: number(limits.manifestBytes),
  },
  stage: { copies: number(limits.next + 1), next: list(contact, limits.next), sizeBytes: fileSize, blockBytes: number(limits.blockBytes) },
  continue: { bodyBytes: number(limits.wantedBytes) },
  stored: { holders: list(identifier, limits.next + 1), failed: list(identifier, limits.next + 1) },
  refuse: {
    reason: word(refuseReasons),
    detail: text(4 * limits.detailLength),
  },
  request: { name, sha256, offsetBytes: fileSize, lengthBytes: fileSize },
  deliver: { sha256, offsetBytes: fileSize, lengthBytes: fileSize, manifest: flag },
  record: { name },
  catalogue: { since: counter },
  records: { revision: counter, more: flag, synced: flag, bodyBytes: number(limits.catalogueBytes) },
  changed: { revision: counter },
  noted: {},
  update: { recordBytes: recordSize },
  have: { sha256 },
  holds: { sha256, verifiedAt: counter },
  damaged: { sha256 },
  names: { since: counter, told: number(limits.packFiles), bodyBytes: number(limits.namesBytes) },
  known: { count: number(limits.packFiles), revision: counter, synced: flag, bodyBytes: number(limits.catalogueBytes) },
  pack: {
    copies: number(limits.next + 1),
    next: list(contact, limits.next),
    files: number(limits.packFiles),
    blockBytes: number(16 * 1_048_576),
    bodyBytes: number(limits.packBytes),
  },
  packed: {
    holders: list(identifier, limits.next + 1),
    failed: list(identifier, limits.next + 1),
    outcomes: list(numberOr(2 ** (limits.next + 1) - 1, refuseReasons), limits.packFiles),
    first: counter,
    last: counter,
  },
  fetch: { contents: list(sha256, limits.packFiles) },
  fetched: { sizes: list(numberOr(limits.packedFileBytes, ['none']), limits.packFiles), bodyBytes: number(limits.packBytes) },
  digest: { hash: hex(16) },
  same: {},
  differs: {},
  buckets: { from: identifier, to: identifier },
  hashes: { synced: flag, bodyBytes: number(limits.hashesBytes) },
  entries: { from: identifier, to: identifier, bodyBytes: number(limits.catalogueBytes) },
  compared: { upTo: identifier, revision: counter, bodyBytes: number(limits.catalogueBytes) },
  callback: { call: counter, caller: contact },
  called: { call: counter },

  enroll: { token: text(limits.tokenBytes), machineName: text(limits.machineNameBytes) },
  enrolled: { bodyBytes: number(limits.enrolledBytes) },
}

type NamedField = readonly [string, Field<unknown>]
const ends: readonly NamedField[] = [
  ['destination', identifier],
  ['source', identifier],
]
/** The table as the two functions below walk it: command to its named fields, in order, and its two ends. */
const table: ReadonlyMap<string, readonly NamedField[]> = new Map(
  Object.entries(commands).map(([command, fields]) => [command, [...(Object.entries(fields) as [string, Field<unknown>][]), ...ends]]),
)

/** The line of `message`, without its newline. ASCII only. */
export function encodeMessage(space: IdentifierSpace, message: Message): string {
  const values = message as unknown as Readonly<Record<string, unknown>>
  let line = `/${message.command}`
  for (const [name, field] of table.get(message.command) ?? []) line += ` ${field.write(values[name], space)}`
  return line
}

/** The message in `line` (without its newline), or the reason why there is none. Never throws. */
export function decodeMessage(space: IdentifierSpace, line: string): Message | { readonly reason: string } {
  if (line.length > limits.lineBytes) return { reason: 'line too long' }
  const words = line.split(' ')
  const command = words[0] ?? ''
  const fields = command.startsWith('/') ? table.get(command.slice(1)) : undefined
  if (!fields) return { reason: 'unknown command' }
  if (words.length !== fields.length + 1)
    return { reason: `${command} takes ${fields.length - ends.length} arguments, a destination and a source` }
  const message: Record<string, unknown> = { command: command.slice(1) }
  let index = 1
  for (const [name, field] of fields) {
    const value = field.read(words[index++] ?? '', space)
    if (value === undefined) return { reason: `${command}: bad ${name}` }
    message[name] = value
  }
  return message as unknown as Message
}

/** `id@way[+way...]`, as it stands in lines and in files. */
export function formatContact(space: IdentifierSpace, value: Contact): string {
  return contact.write(value, space)
}

/** The contact written in `line`, or null. */
export function parseContact(space: IdentifierSpace, line: string): Contact | null {
  return contact.read(line, space) ?? null
}
