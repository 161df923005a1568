/** What must be true when all faults are over: of the ring, of every name, of the bytes on every disk. */

import { createHash } from 'node:crypto'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import type { ControlItems } from '../../electron/headless/control-shapes.ts'
import type { LiveVersion } from './ledger.ts'
import { type Machines, untilCalm } from './machines.ts'

/** A name, as all machines agree on it. */
export interface Agreed {
  readonly versions: readonly LiveVersion[]
  /** Version id → numbers of the machines that hold it. */
  readonly holders: ReadonlyMap<string, readonly number[]>
}

export type World = ReadonlyMap<string, Agreed>

export interface WholeOptions {
  readonly machines: Machines
  readonly copies: number
  /** How long the ring may take; a failure says what was wrong last. */
  readonly timeoutMs: number
}

/** Waits until all machines see each other and the same files, every one safe. Result: what is still wrong after the time, or null. */
export function untilWhole({ machines, copies, timeoutMs }: WholeOptions): Promise<string | null> {
  return untilCalm(async () => {
    const lists: string[][] = []
    for (let number = 0; number < machines.count; number++) {
      const status = (await machines.ask(number, 'status', {})).items[0]
      if (status?.peers !== machines.count) return `M${number} sees ${status?.peers ?? 'nothing'} of ${machines.count} machines`
      const { items } = await machines.ask(number, 'list', { only: 'all' })
      const unsafe = items.filter((item) => item.state !== 'safe')
      if (unsafe.length > 0) return `at M${number}: ${unsafe.map(describe).join('; ')}`
      if (items.length > 0 && status.mayFail < copies - 1) return `M${number} says that ${status.mayFail} may fail`
      const short = number === 0 ? await shortVersions(machines, items, copies) : null
      if (short !== null) return short
      const trash = (await machines.ask(number, 'trash', {})).items.map(({ name }) => `trash: ${name}`)
      lists.push([...items.map(({ name, sha256, conflicts }) => `${name} ${sha256} ${conflicts}`), ...trash].sort())
    }
    const [first = []] = lists
    for (const [number, list] of lists.entries()) {
      const odd = [...list.filter((line) => !first.includes(line)), ...first.filter((line) => !list.includes(line))]
      if (odd.length > 0) return `M0 and M${number} differ in ${odd.join('; ')}`
    }
    return null
  }, timeoutMs)
}

/** Of names with several live versions, `list` shows one: the others must be kept as well, by machines that are there. */
async function shortVersions(machines: Machines, items: readonly ControlItems['list'][], copies: number): Promise<string | null> {
  const present = new Set(Array.from({ length: machines.count }, (_, number) => machines.id(number)))
  for (const { name } of items.filter((item) => item.conflicts > 0)) {
    for (const { sha256, holders } of (await machines.ask(0, 'where', { name })).items[0]?.versions ?? []) {
      const count = holders.filter((holder) => present.has(holder.id)).length
      if (count < copies) return `${name}: ${sha256}, one of several versions, is on ${count} of ${copies} machines`
    }
  }
  return null
}

const describe = ({ name, state, copies, holders }: ControlItems['list']): string =>
  `${name} is ${state} with ${copies} (${holders.map((holder) => holder.name).join(', ')})`

/** Every name with its live versions and their holders, the same at every machine, or what differs. */
export async function readWorld(machines: Machines): Promise<{ readonly world: World; readonly flaws: string[] }> {
  const flaws: string[] = []
  const world = new Map<string, Agreed>()
  const numbers = new Map(Array.from({ length: machines.count }, (_, number) => [machines.id(number), number]))
  const { items } = await machines.ask(0, 'list', { only: 'all' })
  for (const { name } of items) {
    const answers = await Promise.all(Array.from({ length: machines.count }, (_, number) => machines.ask(number, 'where', { name })))
    const seen = answers.map((answer) => (answer.items[0]?.versions ?? []).map(({ version }) => version).sort())
    const odd = seen.findIndex((ids) => ids.join() !== seen[0]!.join())
    if (odd >= 0) flaws.push(`${name}: M0 knows the versions ${seen[0]!.join(', ')}, M${odd} knows ${seen[odd]!.join(', ')}`)
    const versions = answers[0]!.items[0]?.versions ?? []
    world.set(name, {
      versions: versions.map(({ version, sha256 }) => ({ version, sha256 })),
      holders: new Map(
        versions.map(({ version, holders }) => [
          version,
          holders.map((holder) => numbers.get(holder.id)).filter((number) => number !== undefined),
        ]),
      ),
    })
  }
  return { world, flaws }
}

/** Every holder has, on its disk, the bytes that it says it has, and there are enough of them. */
export async function flawsOnDisk(machines: Machines, world: World, copies: number): Promise<string[]> {
  const flaws: string[] = []
  const disks = await Promise.all(Array.from({ length: machines.count }, (_, number) => DiskCopies.open(machines.data(number))))
  for (const [name, { versions, holders }] of world) {
    for (const { version, sha256 } of versions) {
      const numbers = holders.get(version) ?? []
      if (numbers.length < copies) flaws.push(`${name}: ${numbers.length} of ${copies} machines hold ${sha256}`)
      for (const number of numbers) {
        const bytes = (await disks[number]?.read(sha256)) ?? null
        const found = bytes && createHash('sha256').update(bytes).digest('hex')
        if (found !== sha256) flaws.push(`${name}: M${number} says that it holds ${sha256}, and has ${found ?? 'nothing'} on its disk`)
      }
    }
  }
  await Promise.all(disks.map((disk) => disk.close()))
  return flaws
}

/** The copies on a machine's disk, read past the machine: files under their hash, and volumes by the rows of a copy of its database, which it holds open. */
class DiskCopies {
  readonly #data: string
  readonly #rows: ClassicLevel<string, Buffer>

  private constructor(data: string, rows: ClassicLevel<string, Buffer>) {
    this.#data = data
    this.#rows = rows
  }

  static async open(data: string): Promise<DiskCopies> {
    const copy = await mkdtemp(join(tmpdir(), 'ringdrop-rows-'))
    await cp(join(data, 'records'), copy, { recursive: true })
    const rows = new ClassicLevel<string, Buffer>(copy, { valueEncoding: 'buffer' })
    await rows.open()
    return new DiskCopies(data, rows)
  }

  async read(sha256: string): Promise<Buffer | null> {
    const [sizeBytes, , volume, offsetBytes] = (await this.#rows.get(`z!${sha256}`))?.toString().split(' ').map(Number) ?? []
    if (sizeBytes !== undefined && offsetBytes !== undefined) {
      const bytes = await readFile(join(this.#data, 'content', 'small', String(volume))).catch(() => Buffer.alloc(0))
      return bytes.subarray(offsetBytes, offsetBytes + sizeBytes)
    }
    return readFile(join(this.#data, 'content', sha256.slice(0, 2), sha256)).catch(() => null)
  }

  async close(): Promise<void> {
    await this.#rows.close()
    await rm(this.#rows.location, { recursive: true, force: true })
  }
}
