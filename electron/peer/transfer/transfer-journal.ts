/**
 * What people asked for and what is not ended yet, in a small file: after a crash or a restart it goes on by itself. Bytes are not
 * its business: blocks that arrived lie in the hidden file beside their target (disk/download-file.ts), copies under their hash.
 */

import * as v from 'valibot'
import type { StateFile, StateRead } from '../disk/state-file.ts'
import type { Timers } from '../ring/ports.ts'

const text = v.pipe(v.string(), v.minLength(1), v.maxLength(4096))
const onClash = v.picklist(['decline', 'replace', 'keep-both'])

const askSchema = v.variant('kind', [
  /** A file of this machine, stored under `name`. */
  v.object({ kind: v.literal('store'), path: text, name: text, onClash }),
  /** Files and folders given in one go: each of their files is a transfer once it is its turn. */
  v.object({ kind: v.literal('drop'), paths: v.pipe(v.array(text), v.maxLength(10_000)), onClash }),
  /** A file of the ring, to `out`, or into `folder` under its own name. */
  v.object({ kind: v.literal('request'), name: text, version: v.nullable(text), out: v.nullable(text), folder: text }),
])

const askedSchema = v.object({
  id: v.pipe(v.string(), v.minLength(1), v.maxLength(100)),
  /** Unix time in ms. */
  askedAt: v.pipe(v.number(), v.integer(), v.minValue(0)),
  paused: v.boolean(),
  ask: askSchema,
})

/** What a person asked for, with all that is needed to begin it again. */
export type Ask = v.InferOutput<typeof askSchema>
export type Asked = v.InferOutput<typeof askedSchema>

/** Work that is written down: more than a person gives in one go one by one; a folder of any size is one `drop`. */
const askedMax = 10_000
/** Characters of the file at most: far below what a state file may have, and a drop has 10 000 long paths at most. */
const textMax = 16 * 1_048_576
/** Changes are collected for so long: a transfer that ends within it costs no write, and a kill in it loses what was asked last. */
const writeAfterMs = 200

const journalSchema = v.pipe(v.array(v.unknown()), v.maxLength(askedMax))

/** For the state file: the list, without entries that are none; null when it is no list at all. */
export function parseJournal(value: unknown): readonly Asked[] | null {
  const list = v.safeParse(journalSchema, value)
  if (!list.success) return null
  const asked: Asked[] = []
  for (const entry of list.output) {
    const parsed = v.safeParse(askedSchema, entry)
    if (parsed.success) asked.push(parsed.output)
  }
  return asked
}

export class TransferJournal {
  readonly #file: StateFile<readonly Asked[]>
  readonly #timers: Timers
  readonly #onFailed: (error: unknown) => void
  readonly #asked = new Map<string, Asked>()
  #cancelWrite: (() => void) | null = null
  #closed = false

  /** @param onFailed a write failed (disk full): what is asked goes on, and is written at the next change */
  constructor(file: StateFile<readonly Asked[]>, timers: Timers, onFailed: (error: unknown) => void) {
    this.#file = file
    this.#timers = timers
    this.#onFailed = onFailed
  }

  /** What the last run left unended, oldest first; the note says what was wrong with the file. */
  async read(): Promise<StateRead<readonly Asked[]>> {
    const { value, note } = await this.#file.read()
    const asked = [...(value ?? [])].sort((a, b) => a.askedAt - b.askedAt)
    for (const entry of asked) this.#asked.set(entry.id, entry)
    return { value: asked, note }
  }

  put(asked: Asked): void {
    this.#asked.set(asked.id, asked)
    this.#writeSoon()
  }

  remove(id: string): void {
    if (this.#asked.delete(id)) this.#writeSoon()
  }

  /** Writes what is not written yet; nothing is taken from here on. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#cancelWrite?.()
    if (this.#cancelWrite) await this.#write()
  }

  #writeSoon(): void {
    if (this.#closed) return
    this.#cancelWrite ??= this.#timers.after(writeAfterMs, () => {
      this.#cancelWrite = null
      void this.#write()
    })
  }

  async #write(): Promise<void> {
    const kept: Asked[] = []
    let length = 0
    for (const asked of this.#asked.values()) {
      length += JSON.stringify(asked).length
      if (kept.length >= askedMax || length > textMax) break
      kept.push(asked)
    }
    await this.#file.write(kept).catch(this.#onFailed)
  }
}
