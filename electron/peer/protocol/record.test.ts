import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeRecord, isRemoved, liveVersions, mergeRecords, type FileRecord, type Version } from './record.ts'

const hex = (length: number) => fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length })
/** Few ids, so that records overlap and supersede each other. */
const versionId = fc.constantFrom(...'abcdef').map((digit) => digit.repeat(40))

const version: fc.Arbitrary<Version> = fc.record({
  version: versionId,
  sha256: hex(64),
  sizeBytes: fc.nat(),
  manifestSha256: hex(64),
  lamport: fc.nat(9),
  writerId: fc.constantFrom('w1', 'w2'),
  writerName: fc.constantFrom('Desk', 'Laptop'),
  storedAt: fc.nat(),
  supersedes: fc.uniqueArray(versionId, { maxLength: 3 }),
  deleted: fc.boolean(),
  originalName: fc.constant('n.txt'),
})

const record: fc.Arbitrary<FileRecord> = fc
  .record({
    versions: fc.array(version, { maxLength: 4 }),
    superseded: fc.uniqueArray(versionId, { maxLength: 2 }),
    spelling: fc.constantFrom('\u00e9', 'e\u0301'),
  })
  // a record as it exists: what a merge made
  .map(({ versions, superseded, spelling }) => {
    const empty: FileRecord = { name: '\u00e9', spelling, versions: [], superseded }
    return mergeRecords({ ...empty, versions }, empty)
  })

describe('mergeRecords', () => {
  test('is commutative', () => {
    fc.assert(
      fc.property(record, record, (a, b) => {
        expect(mergeRecords(a, b)).toEqual(mergeRecords(b, a))
      }),
    )
  })
  test('is associative', () => {
    fc.assert(
      fc.property(record, record, record, (a, b, c) => {
        expect(mergeRecords(mergeRecords(a, b), c)).toEqual(mergeRecords(a, mergeRecords(b, c)))
      }),
    )
  })
  test('is idempotent', () => {
    fc.assert(
      fc.property(record, (a) => {
        expect(mergeRecords(a, a)).toEqual(a)
      }),
    )
  })
  test('never brings a superseded version back', () => {
    fc.assert(
      fc.property(record, record, (a, b) => {
        const merged = mergeRecords(a, b)
        for (const id of [...a.superseded, ...b.superseded]) expect(merged.versions.map((kept) => kept.version)).not.toContain(id)
      }),
    )
  })
})

describe('liveVersions', () => {
  const make = (change: Partial<Version>): Version => ({
    version: 'a'.repeat(40),
    sha256: '0'.repeat(64),
    sizeBytes: 1,
    manifestSha256: '1'.repeat(64),
    lamport: 1,
    writerId: 'w',
    writerName: 'Desk',
    storedAt: 0,
    supersedes: [],
    deleted: false,
    originalName: 'n',
    ...change,
  })

  test('the highest lamport number comes first, whatever the clocks say', () => {
    const [old, young] = [make({ storedAt: 9, lamport: 1 }), make({ version: 'b'.repeat(40), storedAt: 1, lamport: 2 })]
    expect(liveVersions({ name: 'n', spelling: 'n', versions: [old, young], superseded: [] })[0]).toBe(young)
  })

  test('a record with a delete alone is removed', () => {
    expect(isRemoved({ name: 'n', spelling: 'n', versions: [make({ deleted: true })], superseded: [] })).toBe(true)
  })
})

describe('decodeRecord', () => {
  test('takes what it wrote', () => {
    fc.assert(
      fc.property(record, (a) => {
        expect(decodeRecord(JSON.stringify(a))).toEqual(a)
      }),
    )
  })
  test('never throws on rubbish', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(decodeRecord(text)).toHaveProperty('reason')
      }),
    )
  })
  test('refuses a name that is not in NFC', () => {
    expect(decodeRecord(JSON.stringify({ name: 'e\u0301', spelling: 'e\u0301', versions: [], superseded: [] }))).toHaveProperty('reason')
  })
})
