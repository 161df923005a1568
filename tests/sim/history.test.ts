/** A run's history out of made-up snapshots, and its page. */

import { describe, expect, it } from 'vitest'
import { History } from './history.ts'
import { historyPage } from './history-page.ts'
import type { MachineState } from './observer.ts'

const machine = (name: string, state: MachineState, part?: number) => ({
  id: `id-${name}`,
  name,
  state,
  ...(part === undefined ? {} : { part }),
})

function sample(): History {
  const history = new History()
  const stored = { kind: 'store', text: 'stores <cat>.png', machine: 'm1' } as const
  history.add({ at: 0, machines: [machine('m1', 'member')], files: [] })
  history.add({
    at: 1000,
    machines: [machine('m1', 'member'), machine('m2', 'joining')],
    files: [{ name: '<cat>.png', holders: ['m1'] }],
    event: stored,
  })
  history.add({
    at: 2000,
    machines: [machine('m1', 'member', 1), machine('m2', 'member', 0)],
    files: [{ name: '<cat>.png', holders: ['m1', 'm2'] }],
  })
  history.add({
    at: 4000,
    machines: [machine('m1', 'down', 1), machine('m2', 'member', 0)],
    files: [{ name: '<cat>.png', holders: ['m2'] }],
  })
  history.add({
    at: 5000,
    machines: [machine('m1', 'member'), machine('m2', 'member')],
    files: [{ name: '<cat>.png', holders: ['m1', 'm2'] }],
  })
  return history
}

describe('a history', () => {
  it('has for each machine when it was how', () => {
    expect(sample().machines.get('id-m1')?.spans).toEqual([
      { from: 0, to: 2000, what: { state: 'member', part: null } },
      { from: 2000, to: 4000, what: { state: 'member', part: 1 } },
      { from: 4000, to: 5000, what: { state: 'down', part: 1 } },
      { from: 5000, to: 5000, what: { state: 'member', part: null } },
    ])
  })

  it('has for each file how many copies there were, and who had one when', () => {
    const file = sample().files.get('<cat>.png')
    expect(file?.copies.map(({ from, to, what }) => [from, to, what])).toEqual([
      [1000, 2000, 1],
      [2000, 4000, 2],
      [4000, 5000, 1],
      [5000, 5000, 2],
    ])
    const held = file?.holders.get('m1')?.filter((span) => span.what)
    expect(held?.map(({ from, to }) => [from, to])).toEqual([
      [1000, 4000],
      [5000, 5000],
    ])
  })
})

describe('a page', () => {
  const page = historyPage(sample(), { title: 'Seed 17', lines: ['2 peers & a file'], flaw: null })

  it('draws a lane for each machine and each copy, and tells the same in tables', () => {
    expect(page.match(/class="label"/g)).toHaveLength(2 + 1 + 2)
    expect(page.match(/<rect class="copy"/g)).toHaveLength(3)
    expect(page).toContain('<td>m1</td><td>id-m1</td><td>4.00 s</td><td>5.00 s</td><td>down, in part 2 of a split network</td>')
    expect(page).toContain('<td>1.00 s</td><td>m1</td><td>stores</td><td>stores &lt;cat&gt;.png</td>')
  })

  it('takes names as text, never as markup, and loads nothing', () => {
    expect(page).not.toContain('<cat>')
    expect(page).not.toMatch(/https?:|<script|<link/)
  })

  it('says a flaw', () => {
    expect(historyPage(sample(), { title: '', lines: [], flaw: 'two rings' })).toContain('<p class="flawed">two rings</p>')
  })
})
