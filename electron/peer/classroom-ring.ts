/** The classroom's ring: given ids, loopback, port 12000 + id. All peers of one user share a key, so that TLS holds there too. */

import { mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import envPaths from 'env-paths'
import { AppError } from '../../shared/errors.ts'
import type { ClassroomOptions } from './peer-options.ts'
import type { Contact } from './protocol/contact.ts'
import type { RingSession } from './ring-session.ts'
import type { RingState } from './ring-state.ts'
import { classroomParameters } from './ring/ring-options.ts'
import { createRingKey } from './trust/ring-key.ts'

export const classroomHost = '127.0.0.1'
const firstPort = 12_000
const joinTimeoutMs = 30_000

export function classroomPort(id: number): number {
  return firstPort + id
}

/** The key that all classroom peers of this user share; the first one makes it. */
async function classroomKey(): Promise<string> {
  const folder = envPaths('Ringdrop', { suffix: '' }).data
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, 'classroom.key')
  for (let tries = 0; tries < 50; tries++) {
    const file = await open(path, 'wx', 0o600).catch(() => null)
    if (file) {
      const key = createRingKey().toString('base64')
      await file.writeFile(key)
      await file.sync()
      await file.close()
      return key
    }
    const key = await readFile(path, 'utf8')
    if (/^[A-Za-z0-9+/]{43}=$/.test(key)) return key
    // another peer is just writing it
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new AppError('corrupt', `${path} is damaged; delete it and start the classroom's peers again`, { path })
}

export async function classroomState(options: ClassroomOptions): Promise<RingState> {
  return {
    ringKey: await classroomKey(),
    ringName: 'Classroom',
    parameters: { ...classroomParameters, pingIntervalMs: options.pingIntervalMs },
    incarnation: 1,
    port: classroomPort(options.id),
    members: [],
  }
}

/** Takes the place that was given by hand, or joins through the known peer. Throws `id-taken`, `peer-unreachable`. */
export async function startClassroom(session: RingSession, options: ClassroomOptions): Promise<void> {
  const contact = (id: number): Contact => ({ id: session.space.fromBigInt(BigInt(id)), ways: [`${classroomHost}:${classroomPort(id)}`] })
  if (options.successors) session.ring.initialise(options.successors.map(contact))
  else if (options.knownPeer !== null) await session.member.join([contact(options.knownPeer)], joinTimeoutMs)
}
