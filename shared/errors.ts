/**
 * One error class for the whole project. Its code comes from a closed list, so every boundary (window, command line,
 * control socket) can decide on the code; only code, message and the facts a person needs ever cross a process border.
 */

export const errorCodes = [
  'already-exists', // the name is stored with other content
  'bad-argument', // a caller's value failed validation
  'cancelled', // the person, or a quit, stopped it
  'changed-while-reading', // the file changed or vanished while it was being stored
  'corrupt', // bytes do not match their hash
  'disk-full', // no room here
  'file-unreadable', // the local file cannot be opened or is not a regular file
  'id-taken', // another peer has this id
  'internal', // a defect of ours
  'invite-expired', // the link's token is used up or too old
  'invite-invalid', // the link cannot be read
  'not-a-member', // the other side is not of this ring, or we are not
  'not-found', // no such file in the ring
  'out-of-reach', // every holder is away
  'partly-stored', // fewer copies than wanted are durable
  'peer-unreachable', // a machine did not answer
  'port-in-use', // the wanted port is taken
  'peer-running', // the data folder is in use by another process
  'peer-not-running', // no peer serves this data folder
  'protocol', // the other side broke the protocol
] as const

export type ErrorCode = (typeof errorCodes)[number]

/** What crosses a process border of an error. `facts` are names a person needs: the file, the machine, the path. */
export interface PlainError {
  readonly code: ErrorCode
  readonly message: string
  readonly facts: Readonly<Record<string, string>>
}

export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly facts: Readonly<Record<string, string>>

  constructor(code: ErrorCode, message: string, facts: Readonly<Record<string, string>> = {}) {
    super(message)
    this.code = code
    this.facts = facts
  }

  toPlain(): PlainError {
    return { code: this.code, message: this.message, facts: this.facts }
  }

  static fromPlain(plain: PlainError): AppError {
    return new AppError(plain.code, plain.message, plain.facts)
  }
}

/** Anything thrown, as a plain error: an AppError keeps its code, all else is `internal`. */
export function toPlainError(thrown: unknown): PlainError {
  if (thrown instanceof AppError) return thrown.toPlain()
  return { code: 'internal', message: thrown instanceof Error ? thrown.message : String(thrown), facts: {} }
}

/** For what may fail and is tried again, or mended, later: passes over what an AppError says. Throws what is a defect. */
export function passOver(thrown: unknown): void {
  if (!(thrown instanceof AppError) || thrown.code === 'internal') throw thrown
}
