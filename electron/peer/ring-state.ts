/** The ring as a data folder remembers it: key, parameters and members. Secret: mode 0600. */

import * as v from 'valibot'
import type { RingParameters } from './ring/ring-options.ts'

export interface RingState {
  /** 32 bytes, base64. Whoever has it is a member. */
  readonly ringKey: string
  readonly ringName: string
  readonly parameters: RingParameters
  /** This machine's incarnation at its last run; the next run starts above it. */
  readonly incarnation: number
  /** Port of both servers at the last run. */
  readonly port: number
  readonly members: readonly RememberedMember[]
}

/** Another member, as the last run knew it. */
export interface RememberedMember {
  /** `id@way+way`. */
  readonly contact: string
  /** The name it told. */
  readonly name: string
  /** Unix ms when it was last there, 0 = never; absent in files of older versions. */
  readonly heardAt?: number
}

const whole = (min: number, max: number) => v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max))

export const parametersSchema: v.GenericSchema<unknown, RingParameters> = v.object({
  bits: whole(8, 160),
  keyRule: v.picklist(['hash', 'number']),
  copies: whole(1, 8),
  successors: whole(1, 32),
  viewCap: whole(0, 1_000_000),
  lookup: v.picklist(['asked', 'forwarded']),
  pingIntervalMs: whole(50, 3_600_000),
  pingedSuccessors: whole(1, 32),
  pingPredecessor: v.boolean(),
})

export const ringKeySchema = v.pipe(v.string(), v.regex(/^[A-Za-z0-9+/]{43}=$/))

const stateSchema: v.GenericSchema<unknown, RingState> = v.object({
  ringKey: ringKeySchema,
  ringName: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  parameters: parametersSchema,
  incarnation: whole(0, Number.MAX_SAFE_INTEGER),
  port: whole(0, 65_535),
  members: v.array(
    v.object({
      contact: v.pipe(v.string(), v.maxLength(2048)),
      name: v.pipe(v.string(), v.maxLength(64)),
      heardAt: v.exactOptional(whole(0, Number.MAX_SAFE_INTEGER)),
    }),
  ),
})

/** For the state file: the value when it is a ring state, else null. */
export function parseRingState(value: unknown): RingState | null {
  const parsed = v.safeParse(stateSchema, value)
  return parsed.success ? parsed.output : null
}

const enrolledSchema = v.object({
  ringKey: ringKeySchema,
  ringName: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  parameters: parametersSchema,
  contacts: v.pipe(v.array(v.pipe(v.string(), v.maxLength(2048))), v.maxLength(64)),
})

/** What an inviter hands over. */
export type Enrollment = v.InferOutput<typeof enrolledSchema>

export function parseEnrollment(json: string): Enrollment | null {
  try {
    const parsed = v.safeParse(enrolledSchema, JSON.parse(json))
    return parsed.success ? parsed.output : null
  } catch {
    return null
  }
}
