import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, test } from 'vitest'
import type { TransferView } from '../../../shared/views.ts'
import type { WindowApi } from '../api.ts'
import { useConnection } from '../stores/connection.ts'
import { useTransfers } from '../stores/transfers.ts'
import TransfersView from '../views/TransfersView.vue'
import TransferRow from './TransferRow.vue'

let asked: [name: string, argument: unknown][]

const running: TransferView = {
  id: 't1',
  kind: 'request',
  name: 'Film/Lofoten.mov',
  state: 'running',
  waitsFor: null,
  sizeBytes: 4e9,
  doneBytes: 1e9,
  bytesPerSecond: 80e6,
  secondsLeft: 37,
  pace: null,
  parts: [],
  startedAt: 1,
  endedAt: null,
  error: null,
  path: null,
}
const away = { code: 'out-of-reach', message: 'Film/Lofoten.mov is out of reach until Attic is back', facts: {} } as const
const waiting: TransferView = { ...running, id: 't2', state: 'waiting', waitsFor: 'machine', bytesPerSecond: 0, error: away }
const paused: TransferView = { ...running, id: 't3', state: 'paused', bytesPerSecond: 0, secondsLeft: null }
const repair: TransferView = { ...running, id: 't4', kind: 'repair' }
const failed: TransferView = {
  ...running,
  id: 't5',
  state: 'failed',
  endedAt: 2,
  error: { ...away, code: 'disk-full', message: 'No room' },
}

beforeEach(() => {
  setActivePinia(createPinia())
  asked = []
  const run = (name: string, argument: unknown): Promise<unknown> => {
    asked.push([name, argument])
    return Promise.resolve({ ok: true, value: null })
  }
  useConnection().api = {
    host: 'desktop',
    platform: 'linux',
    run: run as WindowApi['run'],
    onNews: () => () => undefined,
    storeFiles: () => Promise.resolve({ ok: true, queued: 0 }),
    downloadAddress: () => null,
  }
})

const row = (transfer: TransferView): VueWrapper => mount(TransferRow, { props: { transfer, now: 3 } })
const buttons = (wrapper: VueWrapper): string[] => wrapper.findAll('button').map((button) => button.text())
async function press(wrapper: VueWrapper, text: string): Promise<void> {
  await wrapper
    .findAll('button')
    .find((button) => button.text() === text)
    ?.trigger('click')
  await flushPromises()
}

describe('a row', () => {
  test('of what runs is paused and cancelled, by names that say of what', async () => {
    const wrapper = row(running)
    expect(buttons(wrapper)).toEqual(['Pause', 'Cancel'])
    expect(wrapper.findAll('button').map((button) => button.attributes('aria-label'))).toEqual([
      'Pause Film/Lofoten.mov',
      'Cancel Film/Lofoten.mov',
    ])
    await press(wrapper, 'Pause')
    await press(wrapper, 'Cancel')
    expect(asked).toEqual([
      ['pauseTransfer', { id: 't1' }],
      ['cancelTransfer', { id: 't1' }],
    ])
  })

  test('of what is paused shows how far it was, and resumes', async () => {
    const wrapper = row(paused)
    expect(wrapper.text()).toContain('Paused')
    expect(wrapper.text()).toContain('1.0 GB of 4.0 GB')
    expect(wrapper.find('[role=progressbar]').attributes('aria-valuenow')).toBe('25')
    await press(wrapper, 'Resume')
    expect(asked).toEqual([['resumeTransfer', { id: 't3' }]])
  })

  test('of what waits for a machine says for which, that it goes on by itself, and can be tried now', async () => {
    const wrapper = row(waiting)
    expect(wrapper.text()).toContain('Waiting for a machine. Film/Lofoten.mov is out of reach until Attic is back. It goes on by itself.')
    await press(wrapper, 'Try now')
    expect(asked).toEqual([['resumeTransfer', { id: 't2' }]])
  })

  test.each([
    [{ what: 'here', machineId: null }, 'This computer’s disk sets the pace'],
    [{ what: 'network', machineId: null }, 'The network sets the pace'],
    [{ what: 'own-limit', machineId: null }, 'Your bandwidth limit sets the pace'],
    [{ what: 'machine', machineId: 'a1' }, 'or the way to it, sets the pace'],
  ] as const)('tells that %o sets the pace', (pace, text) => {
    expect(
      row({ ...running, pace })
        .find('[data-testid=pace]')
        .text(),
    ).toContain(text)
  })

  test('tells no pace that is not clear, and offers no pause of what the ring does by itself', () => {
    expect(row(running).find('[data-testid=pace]').exists()).toBe(false)
    expect(buttons(row(repair))).toEqual(['Cancel'])
  })
})

describe('all of them', () => {
  test('are paused, resumed and tried again with one command each', async () => {
    useTransfers().fill([running, waiting, paused, repair, failed, { ...failed, id: 't6' }])
    const wrapper = mount(TransfersView)
    expect(wrapper.text()).toContain('2 now · 1 waiting · 1 paused')
    for (const text of ['Pause all', 'Resume all', 'Try all again']) await press(wrapper, text)
    expect(asked).toEqual([
      ['pauseTransfer', { id: null }],
      ['resumeTransfer', { id: null }],
      ['retryTransfer', { id: null, onClash: 'decline' }],
    ])
  })

  test('offer only what there is to do', () => {
    useTransfers().fill([repair, failed])
    expect(buttons(mount(TransfersView))).not.toEqual(expect.arrayContaining([expect.stringMatching(/all/)]))
  })

  test('are drawn a few at a time: the rest is counted, and there on request', async () => {
    useTransfers().fill(Array.from({ length: 70 }, (_, index) => ({ ...failed, id: `t${index}` })))
    const wrapper = mount(TransfersView)
    expect(wrapper.findAllComponents(TransferRow)).toHaveLength(20)
    await press(wrapper, 'Show 50 more')
    expect(wrapper.findAllComponents(TransferRow)).toHaveLength(40)
    await press(wrapper, 'Show 30 more')
    await press(wrapper, 'Show 10 more')
    expect(wrapper.findAllComponents(TransferRow)).toHaveLength(70)
    expect(wrapper.text()).not.toContain('more')
  })
})
