/** Trades an invite link for a ring: over TLS to one of the inviter's ways, its authority checked by the link's fingerprint. */

import { AppError } from '../../shared/errors.ts'
import { answer } from './transfer/exchange.ts'
import { parseContact } from './protocol/codec.ts'
import type { Contact } from './protocol/contact.ts'
import { IdentifierSpace } from './protocol/identifier.ts'
import { limits } from './protocol/limits.ts'
import { parseEnrollment, type RingState } from './ring-state.ts'
import type { RingSession } from './ring-session.ts'
import { decodeInvite, type Invite } from './trust/invite.ts'

/** The invite in a link. Throws `invite-invalid` with what is wrong. */
export function readInvite(link: string): Invite {
  const invite = decodeInvite(link)
  if ('reason' in invite) throw new AppError('invite-invalid', `This is no invite link: ${invite.reason}`)
  return invite
}

/** Uses the invite up. Throws `invite-expired`, `peer-unreachable` when none of its ways answers, `protocol`. */
export async function enroll(
  session: RingSession,
  invite: Invite,
  machineName: string,
): Promise<{ state: RingState; contacts: Contact[] }> {
  let failure: unknown = null
  for (const way of invite.ways) {
    try {
      const connection = await session.net.openStranger(way, invite.fingerprint)
      try {
        const nobody = session.space.fromBigInt(0n)
        const inviter = connection.peerId ?? nobody
        await connection.send({ command: 'enroll', token: invite.token, machineName, destination: inviter, source: nobody })
        const { bodyBytes } = await answer(connection, ['enrolled'])
        if (bodyBytes > limits.enrolledBytes) throw new AppError('protocol', 'The inviter answered with too much')
        return readEnrollment((await connection.readBodyBuffer(bodyBytes)).toString('utf8'))
      } finally {
        connection.destroy()
      }
    } catch (error) {
      if (!(error instanceof AppError) || error.code === 'invite-expired' || error.code === 'protocol') throw error
      failure = error
    }
  }
  const why = failure instanceof Error ? `: ${failure.message}` : ''
  throw new AppError(
    'peer-unreachable',
    `The machine that made this invite cannot be reached${why}. Check that it is on and in the same network`,
  )
}

function readEnrollment(json: string): { state: RingState; contacts: Contact[] } {
  const enrolled = parseEnrollment(json)
  if (!enrolled) throw new AppError('protocol', 'The inviter answered with something that is no ring')
  const { ringKey, ringName, parameters } = enrolled
  const space = new IdentifierSpace(parameters.bits)
  const contacts = enrolled.contacts.map((line) => parseContact(space, line)).filter((contact) => contact !== null)
  const members = enrolled.contacts.map((contact) => ({ contact, name: '' }))
  return { state: { ringKey, ringName, parameters, incarnation: 1, port: 0, members }, contacts }
}
