import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Discovery, ringOf, ringsOf, textOf, type NearbyRing } from './discovery.ts'

const announcement = { fingerprint: 'ab'.repeat(32), ringName: 'Home', machines: 3, files: 12 }

it('reads back what a ring announces', () => {
  const service = { txt: textOf(announcement, 'me'), port: 4000, addresses: ['192.0.2.1', 'fe80::1', '2001:db8::1'] }
  expect(ringOf(service)).toEqual({
    ringId: 'ab'.repeat(8),
    name: 'Home',
    machines: 3,
    files: 12,
    ways: ['192.0.2.1:4000', '[2001:db8::1]:4000'],
  })
})

it('believes nothing of what strangers announce', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('ring', 'name', 'machines', 'files', 'x'), fc.anything()), (txt) => {
      const ring = ringOf({ txt, port: 1 })
      if (ring) expect(Number.isSafeInteger(ring.machines + ring.files)).toBe(true)
    }),
  )
  const ring = ringOf({ txt: { ring: 'ab'.repeat(8), name: `a\u202e\n${'b'.repeat(200)}`, machines: '-1', files: '1e9' }, port: 1 })
  expect(ring).toMatchObject({ machines: 0, files: 0 })
  expect(ring?.name).toMatch(/^ab{63}$/)
})

it('shows a ring once, however many of its machines announce it', () => {
  const one: NearbyRing = { ringId: '1', name: 'Home', machines: 2, files: 5, ways: ['192.0.2.1:1'] }
  const other: NearbyRing = { ringId: '2', name: 'Attic', machines: 1, files: 0, ways: ['192.0.2.9:1'] }
  expect(ringsOf([one, other, { ...one, machines: 3, files: 4, ways: ['192.0.2.2:1'] }])).toEqual([
    other,
    { ...one, machines: 3, ways: ['192.0.2.1:1', '192.0.2.2:1'] },
  ])
})

it('starts, announces and stops whatever the network allows', async () => {
  const discovery = new Discovery({
    machineId: 'me',
    port: 4000,
    onChange: () => undefined,
    onMachine: () => undefined,
    onNote: () => undefined,
  })
  discovery.announce(announcement)
  discovery.start()
  discovery.announce(announcement)
  discovery.refresh()
  await discovery.stop()
  await discovery.stop()
})
