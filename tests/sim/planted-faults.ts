/**
 * Mistakes that a file store on a ring can make, each as a change of the shipped source (bundle.ts makes it on the way
 * into a bundle of the simulator). A simulator that does not find them would not find others of their kind either. Each is
 * the whole mistake: where the code has a second net under it, the net is taken away too, and the text says so.
 */

import type { Change } from './bundle.ts'
import type { Plan } from './plan.ts'

export interface PlantedFault {
  readonly name: string
  /** What the code then does, in one sentence. */
  readonly what: string
  readonly changes: readonly Change[]
  /** Plans in which it can show at all, where that is not any: a hunt counts the others as passed. */
  readonly shows?: (plan: Plan) => boolean
  /**
   * Seeds from 1 within which the tests want it found: ten times the median measured, at least 20, so that one change of the code in a
   * thousand has bad luck; a hunt ends with its catch, so that few are run.
   */
  readonly seeds: number
}

const isStrict = ({ kind }: Plan) => kind === 'strict'

const ring = 'electron/peer/ring'

export const plantedFaults: readonly PlantedFault[] = [
  {
    name: 'original-join',
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
    what: 'Contacts that died are forgotten after 30 s.',
    changes: [{ file: `${ring}/timing.ts`, find: 'rememberDeadMs: 7 * 24 * 3_600_000', replace: 'rememberDeadMs: 30_000' }],
    shows: ({ kind, chaosMs }) => kind === 'partition' && chaosMs > 40_000,
    seeds: 80,
  },
  {
    name: 'no-refutation',
    what: 'Who is thought gone says that it is there, and does not raise its incarnation.',
    changes: [{ file: `${ring}/gossip.ts`, find: 'core.incarnation = claim.incarnation + 1', replace: '' }],
    seeds: 20,
  },
]
