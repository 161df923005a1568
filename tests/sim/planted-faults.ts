/**
 * Mistakes that a file store on a ring can make, each as a change of the shipped source (bundle.ts makes it on the way
 * into a bundle of the simulator). A simulator that does not find them would not find others of their kind either. Each is
 * the whole mistake: where the code has a second net under it, the net is taken away too, and the text says so.
 */

import type { Change } from './bundle.ts'
import type { Draw } from './draws.ts'
import type { Plan } from './plan.ts'

export interface PlantedFault {
  readonly name: string
  /** What the code then does, in one sentence. */
  readonly what: string
  readonly changes: readonly Change[]
  /** The plans that it is hunted in. */
  readonly draw: Draw
  /** Plans in which it can show at all, where that is not any: a hunt counts the others as passed. */
  readonly shows?: (plan: Plan) => boolean
  /**
   * Seeds from 1 within which the tests want it found: ten times the median measured, at least 20, so that one change of the code in a
   * thousand has bad luck; a hunt ends with its catch, so that few are run.
   */
  readonly seeds: number
}

const isStrict = ({ kind }: Plan) => kind === 'strict'

const peer = 'electron/peer'
const ring = `${peer}/ring`

export const plantedFaults: readonly PlantedFault[] = [
  {
    name: 'original-join',
    draw: 'ring',
    what: "A joiner takes its first successor and nothing else, as in Chord's paper of 2001: no list, no predecessor.",
    changes: [
      {
        file: `${ring}/ring.ts`,
        find: 'this.#stabilizer.begin(message.predecessor, [...message.successors, message.predecessor], { quiet: false })',
        replace: 'this.#stabilizer.begin(null, [message.successors[0] ?? message.predecessor], { quiet: false })',
      },
    ],
    shows: isStrict,
    seeds: 150,
  },
  {
    name: 'predecessor-unverified',
    draw: 'ring',
    what: "Stabilise takes the head's predecessor for the new head without asking whether it is there.",
    changes: [
      {
        file: `${ring}/stabilize.ts`,
        find: 'between(self.id, nearer.id, head.id)) this.#consider(nearer)',
        replace: "between(self.id, nearer.id, head.id)) this.#replace([nearer], 'adopted')",
      },
    ],
    shows: isStrict,
    seeds: 250,
  },
  {
    name: 'list-padded',
    draw: 'ring',
    what: 'In rings smaller than the list, the list is filled up with the peer itself.',
    changes: [
      {
        file: `${ring}/neighbours.ts`,
        find: '  return list\n}',
        replace: '  while (list.length < length && list.length > 0) list.push({ id: self, ways: list[0]!.ways })\n  return list\n}',
      },
    ],
    seeds: 30,
  },
  {
    name: 'forgotten-notify',
    draw: 'ring',
    what: 'Nobody tells its head that it is the predecessor, neither by a notify nor by its place in a ping.',
    changes: [
      {
        file: `${ring}/stabilize.ts`,
        find: "this.#core.send(head, 'stream', { ...this.#ownLists(), kind: 'notify', exchange: 0 })",
        replace: 'void head',
      },
      {
        file: `${ring}/ring.ts`,
        find: 'if (reachable && message.place === 1) this.#stabilizer.rectify(sender)',
        replace: '',
      },
    ],
    seeds: 20,
  },
  {
    name: 'dead-forgotten',
    draw: 'ring',
    what: 'Contacts that died are forgotten after 30 s.',
    changes: [{ file: `${ring}/timing.ts`, find: 'rememberDeadMs: 7 * 24 * 3_600_000', replace: 'rememberDeadMs: 30_000' }],
    shows: ({ kind, chaosMs }) => kind === 'partition' && chaosMs > 40_000,
    seeds: 80,
  },
  {
    name: 'no-refutation',
    draw: 'ring',
    what: 'Who is thought gone says that it is there, and does not raise its incarnation.',
    changes: [{ file: `${ring}/gossip.ts`, find: 'core.incarnation = claim.incarnation + 1', replace: '' }],
    seeds: 20,
  },
  {
    name: 'one-copy-acknowledged',
    draw: 'files',
    what: 'A store is acknowledged once a single machine has the bytes.',
    changes: [
      {
        file: `${peer}/transfer/distribute.ts`,
        find: 'return Math.min(context.parameters.copies, context.ringSize())',
        replace: 'return 1',
      },
    ],
    seeds: 20,
  },
  {
    name: 'no-fsync',
    draw: 'files',
    what: 'A copy counts as durable although its bytes were never synced to the disk.',
    changes: [{ file: `${peer}/disk/block-writer.ts`, find: 'await this.#file.sync()', replace: '' }],
    seeds: 20,
  },
  {
    name: 'naive-drop',
    draw: 'files',
    what: 'A machine drops its copy once any k others say that they have one, wherever they and it stand.',
    changes: [
      {
        file: `${peer}/repair/drop-rule.ts`,
        find: '.filter((confirmation) => question.distance(confirmation.machine) < own)',
        replace: '',
      },
      // a second net: else only who stands beyond the k nearest would think of it
      {
        file: `${peer}/repair/drops.ts`,
        find: 'onlineHolders.includes(self) && !replicaSet.includes(self)',
        replace: 'onlineHolders.includes(self) && onlineHolders.length > this.#repair.context.parameters.copies',
      },
      {
        file: `${peer}/repair/drops.ts`,
        find: 'const nearest = context.replicaSet(key, copies)',
        replace: 'const nearest = context.online()',
      },
    ],
    seeds: 200,
  },
  {
    name: 'last-writer-wins',
    draw: 'files',
    what: 'Of versions that do not know of each other, the one with the latest clock time is kept.',
    changes: [
      {
        file: `${peer}/protocol/record.ts`,
        find: 'versions: known.filter((version) => !hasDot(superseded, version)).sort((x, y) => (x.version < y.version ? -1 : 1)),',
        replace: `versions: known
          .filter((version) => !hasDot(superseded, version))
          .sort((x, y) => y.storedAt - x.storedAt)
          .slice(0, 1),`,
      },
    ],
    seeds: 20,
  },
  {
    name: 'tombstone-dropped',
    draw: 'season',
    what: 'A removed name is forgotten after six days, whoever is away, and nothing remembers that it was.',
    changes: [
      {
        file: `${peer}/repair/sweep.ts`,
        find: '!this.#mayForget() || own.removedForMs(name) < times.keepTrashMs + times.forgetMarginMs',
        replace: 'own.removedForMs(name) < times.keepTrashMs / 5',
      },
      {
        file: `${peer}/repair/sweep.ts`,
        find: 'now - since < times.keepTrashMs + times.forgetMarginMs',
        replace: 'now - since < times.keepTrashMs / 5',
      },
      {
        file: `${peer}/disk/record-store.ts`,
        find: '(this.#pending.get(record.name)?.forgotten ?? forgottenRecord(this.#store, record))',
        replace: 'null',
      },
    ],
    seeds: 40,
  },
  {
    name: 'unsynced-not-found',
    draw: 'files',
    what: 'The owner of a name is believed that there is no such file, though it is new there and has not asked anybody.',
    changes: [
      {
        file: `${peer}/transfer/read-record.ts`,
        find: 'const waiting = candidatesOf(context, located, name)',
        replace: 'const waiting = candidatesOf(context, located, name).slice(0, 1)',
      },
      {
        file: `${peer}/transfer/read-record.ts`,
        find: 'if (answers.filter((answer) => answer.synced).length >= context.parameters.copies) return true',
        replace: 'if (answers.some((answer) => !answer.silent)) return true',
      },
    ],
    seeds: 200,
  },
  {
    name: 'surplus-kept',
    draw: 'files',
    what: 'A copy that other machines should keep is never let go.',
    changes: [
      {
        file: `${peer}/repair/drops.ts`,
        find: 'filter(([, since]) => now() - since >= times.dropHysteresisMs)',
        replace: 'filter(() => false)',
      },
    ],
    seeds: 20,
  },
  {
    name: 'never-freed',
    draw: 'files',
    what: 'Bytes that no name wants any more stay.',
    changes: [{ file: `${peer}/repair/sweep.ts`, find: 'if (isWanted() || jobs.stopped) return', replace: 'if (true) return' }],
    seeds: 20,
  },
  {
    name: 'parts-kept',
    draw: 'files',
    what: 'Parts of contents whose sender went away are never given up.',
    changes: [
      {
        file: `${peer}/repair/sweep.ts`,
        find: 'await context.contents.dropUnfinished(context.wallClock() - times.keepUnfinishedMs)',
        replace: '',
      },
    ],
    seeds: 100,
  },
  {
    name: 'waits-for-ever',
    draw: 'files',
    what: 'Repair waits for copies of contents that no name wants any more.',
    changes: [{ file: `${peer}/repair/repair.ts`, find: 'this.#forgetUnwanted(waiting)', replace: '' }],
    seeds: 40,
  },
  {
    name: 'rows-kept',
    draw: 'files',
    what: 'Catalogues keep the rows of machines that left.',
    changes: [
      {
        file: `${peer}/repair/repair.ts`,
        find: 'for (const machine of this.#goneFrom(file, attendance)) catalogue.release(machine, name)',
        replace: '',
      },
    ],
    seeds: 40,
  },
]
