import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Identifier } from '../protocol/identifier.ts'
import type { Version } from '../protocol/record.ts'
import { FileRows } from './file-row.ts'

const hex = (digits: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: digits, maxLength: digits })
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', 'report.pdf', 'Zoë', '报告', 'AB'))
const number = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(300),
  fc.double({ noNaN: true }),
  fc.constantFrom(0, 246, 247, 255, 256, 2 ** 48 - 1, 2 ** 48),
)
const writer = fc.constantFrom('1', '255', 'a'.repeat(40), 'b'.repeat(40))
const dots = fc.dictionary(writer, fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 3 }), {
  maxKeys: 3,
  noNullPrototype: true,
})
const version: fc.Arbitrary<Version> = fc.record({
  version: hex(40),
  sha256: hex(64),
  sizeBytes: number,
  manifestSha256: hex(64),
  lamport: number,
  counter: number,
  writerId: writer,
  writerName: text,
  storedAt: number,
  supersedes: dots,
  deleted: fc.boolean(),
  originalName: text,
})
const file = fc.record({
  name: text,
  spelling: fc.option(text),
  versions: fc.array(version, { maxLength: 3 }),
  earlier: fc.array(version, { maxLength: 2 }),
  superseded: dots,
  others: fc.dictionary(hex(64), number, { maxKeys: 2, noNullPrototype: true }),
  machines: fc.uniqueArray(hex(40), { maxLength: 3 }),
})

it('reads every file as it was written', () => {
  const rows = new FileRows()
  fc.assert(
    fc.property(file, ({ name, spelling, versions, earlier, superseded, others, machines }) => {
      const record = { name, spelling: spelling ?? name, versions, earlier, superseded }
      const own = versions.map(({ sha256 }, index) => [sha256, index + 0.5] as const)
      const written = {
        record,
        machines: new Map(machines.map((id, index) => [id as Identifier, index === 0 ? own : Object.entries(others)])),
      }
      expect(rows.decode(name, rows.encode(written))).toEqual(written)
    }),
  )
})

it('takes little for a common file', () => {
  const rows = new FileRows()
  const one: Version = {
    version: '0'.repeat(40),
    sha256: '1'.repeat(64),
    sizeBytes: 4096,
    manifestSha256: '2'.repeat(64),
    lamport: 1,
    counter: 1_780_000_001,
    writerId: '3'.repeat(40),
    writerName: 'Machine',
    storedAt: 1_780_000_000_000,
    supersedes: {},
    deleted: false,
    originalName: 'f1',
  }
  const record = { name: 'a/f1', spelling: 'a/f1', versions: [one], earlier: [], superseded: {} }
  const machines = new Map(['4', '5', '6'].map((digit) => [digit.repeat(40) as Identifier, [[one.sha256, 1_780_000_000_000]] as const]))
  expect(rows.encode({ record, machines }).length).toBeLessThanOrEqual(150)
})
