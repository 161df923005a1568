/** What may fail is said in four places: the footer, the window's what-if, `ringdrop status` and `ringdrop whatif`. They agree. */

import { beforeAll, describe, expect, it } from 'vitest'
import { runControl } from '../../electron/headless/control-commands.ts'
import { createCommandHost } from '../../electron/peer/command-host.ts'
import type { PeerApi } from '../../electron/peer/peer-api.ts'
import { IdentifierSpace, type Identifier } from '../../electron/peer/protocol/identifier.ts'
import type { Version } from '../../electron/peer/protocol/record.ts'
import { defaultParameters } from '../../electron/peer/ring/ring-options.ts'
import { Catalogue } from '../../electron/peer/transfer/catalogue.ts'
import { ViewBuilder } from '../../electron/peer/view-builder.ts'
import { sayHowSafe } from '../../renderer/src/model/safety-words.ts'
import type { StatusView, WhatIfView } from '../../shared/views.ts'
import { createFakePeer } from '../fakes/fake-peer.ts'
import { recordOf, versionOf } from '../fakes/records.ts'

const names = ['Desk', 'Laptop', 'Attic', 'Studio'] as const
type Name = (typeof names)[number]
const space = new IdentifierSpace(160)
const idOf = (name: Name): Identifier => space.fromHash(`${names.indexOf(name) + 1}`.repeat(64))
const quiet = { down: 0, up: 0 }

/** File name → its live contents → who holds each. */
type Scene = Readonly<Record<string, readonly (readonly Name[])[]>>

/** A peer that knows of this scene what a real one would: only the views are real, and they are what is tested. */
function peerOf(scene: Scene): PeerApi {
  const catalogue = new Catalogue()
  for (const [name, contents] of Object.entries(scene)) {
    const versions = contents.map((_, index) => versionOf(`${name} ${index}`, { writerId: `a${index}` }))
    const record = recordOf(name, ...versions)
    const holds = (machine: Name, { sha256 }: Version): boolean =>
      contents.some((holders, index) => versions[index]?.sha256 === sha256 && holders.includes(machine))
    for (const machine of names) {
      const held = versions.filter((version) => holds(machine, version)).map(({ sha256 }) => [sha256, 1] as const)
      catalogue.put(idOf(machine), { record, held })
    }
  }
  const contact = (name: Name) => ({ id: idOf(name), ways: ['127.0.0.1:1'] })
  const views = new ViewBuilder({
    ring: { self: contact('Desk'), predecessors: [], successors: [] },
    ringId: 'r',
    space,
    state: { ringName: 'Home', parameters: defaultParameters },
    catalogue,
    member: {
      machines: () =>
        names.map((name) => ({ contact: contact(name), incarnation: 1, state: 'alive' as const, roundTripMs: null, lastHeardAt: null })),
      onlineIds: () => new Set(names.map(idOf)),
      isChecking: () => false,
    },
    nameOf: (id) => names.find((name) => idOf(name) === id) ?? id,
    awaySince: () => undefined,
    wallTime: () => null,
  })
  return {
    ...createFakePeer({ dataFolder: '/nowhere' }),
    ring: () => views.ring(),
    safety: () => views.safety(quiet),
    status: () => views.status(quiet),
    atRisk: () => views.atRisk(quiet),
    whatIf: (ids) => views.whatIf(ids),
  }
}

/** What the command line answers, one object. */
async function cli(peer: PeerApi, name: string, argument: object): Promise<unknown> {
  const items: unknown[] = []
  const answer = {
    item: (value: unknown) => Promise.resolve(void items.push(value)),
    failed: () => Promise.resolve(),
    progress: () => undefined,
    bytes: () => process.stdout,
    signal: new AbortController().signal,
  }
  await runControl({ peer, leave: () => Promise.resolve() }, { name, argument }, answer)
  return items[0]
}

async function windowWhatIf(peer: PeerApi, machines: readonly Name[]): Promise<WhatIfView> {
  const host = createCommandHost(peer, { desktop: null, version: '0', quit: () => undefined })
  const outcome = await host.run('whatIf', { machineIds: machines.map(idOf) })
  if (!outcome.ok) throw new Error(outcome.error.message)
  return outcome.value as WhatIfView
}

const all = [...names]
const scenes: readonly (readonly [string, Scene, number])[] = [
  ['three copies of everything', { a: [['Desk', 'Laptop', 'Attic']], b: [['Laptop', 'Attic', 'Studio']] }, 2],
  ['one file with two copies', { a: [all], b: [['Laptop', 'Studio']] }, 1],
  ['a conflict whose other version has one copy', { a: [all], both: [['Desk', 'Laptop', 'Attic'], ['Studio']] }, 0],
  ['a conflict whose other version has two', { a: [all], both: [['Attic', 'Studio'], all] }, 1],
]

describe.each(scenes)('%s', (_, scene, mayFail) => {
  let peer: PeerApi
  beforeAll(() => {
    peer = peerOf(scene)
  })

  it(`status and footer say that any ${mayFail} may fail`, async () => {
    expect(((await cli(peer, 'status', {})) as StatusView).mayFail).toBe(mayFail)
    const sentence = sayHowSafe(peer.safety(), defaultParameters.copies)
    expect(sentence.rest).toBe(mayFail > 0 ? `Any ${mayFail} of 4 machines can fail.` : 'No machine can be spared yet.')
  })

  it('both what-ifs lose nothing with so many machines, and something with some choice of one more', async () => {
    const lost: number[] = []
    for (let choice = 1; choice < 2 ** names.length; choice++) {
      const machines = names.filter((_name, index) => choice & (1 << index))
      const inWindow = await windowWhatIf(peer, machines)
      expect(await cli(peer, 'whatif', { machines })).toMatchObject(inWindow)
      expect(inWindow.outOfReach).toHaveLength(inWindow.outOfReachCount)
      if (inWindow.outOfReachCount > 0) lost.push(machines.length)
    }
    expect(Math.min(...lost)).toBe(mayFail + 1)
  })
})

it('status names the files that nobody online has, what-if those that nobody would have', async () => {
  const many = Object.fromEntries(Array.from({ length: 1_200 }, (_, index) => [`f${index}`, [all]] as const))
  const peer = peerOf({ lost: [[]], ...many, both: [all, []], few: [['Attic']] })
  const status = (await cli(peer, 'status', {})) as { readonly atRisk: readonly string[] }
  expect(status.atRisk.toSorted()).toEqual(['both', 'lost'])
  const { outOfReach } = await windowWhatIf(peer, ['Attic'])
  expect(outOfReach.toSorted()).toEqual(['both', 'few', 'lost'])
})
