/** What a person may type at a classroom peer, and which local file a name means. Pure but for reading one folder. */

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../shared/errors.ts'

export type ClassroomCommand =
  | { readonly kind: 'store' | 'request'; readonly name: string }
  | { readonly kind: 'quit' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'bad'; readonly answer: string }

const commandsHelp = 'the commands are Store NAME, Request NAME and Quit'
const nameBytesMax = 255

/** One line of input, in any case. Never throws. */
export function parseClassroomLine(line: string): ClassroomCommand {
  const match = /^(\S+)(?:\s+(.*))?$/s.exec(line.trim())
  if (!match) return { kind: 'nothing' }
  const word = (match[1] ?? '').toLowerCase()
  const rest = (match[2] ?? '').trim().normalize('NFC')
  if (word === 'quit') return rest === '' ? { kind: 'quit' } : { kind: 'bad', answer: 'Quit takes no argument' }
  if (word !== 'store' && word !== 'request')
    return { kind: 'bad', answer: `Unknown command ${(match[1] ?? '').slice(0, 40)}; ${commandsHelp}` }
  const title = word === 'store' ? 'Store' : 'Request'
  if (rest === '') return { kind: 'bad', answer: `${title} needs the name of a file: ${title} NAME` }
  if (Buffer.byteLength(rest) > nameBytesMax) return { kind: 'bad', answer: `${title}: that name is too long` }
  return { kind: word, name: rest }
}

/** The file that `Store NAME` means: NAME in the folder, or the one NAME with an extension. Rejects with AppError. */
export async function findLocalFile(folder: string, name: string): Promise<string> {
  if (/[/\\]/.test(name)) throw new AppError('bad-argument', `${name}: a file's name has no slashes; files are looked for in ${folder}`)
  const isFile = async (entry: string): Promise<boolean> => (await stat(join(folder, entry)).catch(() => null))?.isFile() === true
  if (await isFile(name)) return join(folder, name)
  const entries = await readdir(folder).catch(() => [])
  const fitting: string[] = []
  for (const entry of entries.toSorted()) {
    if (entry.normalize('NFC').startsWith(`${name}.`) && (await isFile(entry))) fitting.push(entry)
  }
  const [found] = fitting
  if (found === undefined) throw new AppError('file-unreadable', `There is no file ${name} in ${folder}`)
  if (fitting.length > 1)
    throw new AppError('bad-argument', `Several files fit ${name}: ${fitting.slice(0, 5).join(', ')}; give the whole name`)
  return join(folder, found)
}

export interface ClassroomStart {
  readonly id: number
  readonly successors: readonly [number, number] | null
  readonly knownPeer: number | null
  readonly pingIntervalMs: number
}

/** Longest ping interval in seconds. */
const pingIntervalMax = 3600

/** Arguments of `classroom init` and `classroom join`. Throws AppError `bad-argument`. */
export function parseClassroomStart(kind: 'init' | 'join', texts: readonly string[]): ClassroomStart {
  const ids = texts.slice(0, -1).map(parseId)
  const [id = 0, second = 0, third = 0] = ids
  const pingIntervalMs = parseInterval(texts.at(-1) ?? '')
  if (kind === 'join') {
    if (second === id) throw new AppError('bad-argument', `Peer ${id} cannot join through itself; give another peer's id`)
    return { id, successors: null, knownPeer: second, pingIntervalMs }
  }
  if (second === id || third === id) throw new AppError('bad-argument', `Peer ${id} cannot be its own successor; give two other peers' ids`)
  return { id, successors: [second, third], knownPeer: null, pingIntervalMs }
}

function parseId(text: string): number {
  const id = Number(text)
  if (!/^[0-9]{1,3}$/.test(text) || id > 255)
    throw new AppError('bad-argument', `${text.slice(0, 40)} is not a peer's id; ids are whole numbers from 0 to 255`)
  return id
}

function parseInterval(text: string): number {
  const seconds = Number(text)
  if (!/^[0-9]{1,6}(\.[0-9]{1,6})?$/.test(text) || seconds < 0.01 || seconds > pingIntervalMax) {
    throw new AppError(
      'bad-argument',
      `${text.slice(0, 40)} is not a ping interval; it is a number of seconds from 0.01 to ${pingIntervalMax}`,
    )
  }
  return Math.round(seconds * 1000)
}
