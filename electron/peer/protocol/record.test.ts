import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hashOf, recordOf, versionOf } from '../../../tests/fakes/records.ts'
import { pick, pickNumber, Prng } from '../ring/prng.ts'
import { hasDot, unite } from './dots.ts'
import {
  decodeRecord,
  findVersion,
  highestKnown,
  isRemoved,
  liveVersions,
  mergeRecords,
  sameRecord,
  wantedContents,
  withVersion,
  type FileRecord,
  type Version,
} from './record.ts'

const dot = fc.record({ writerId: fc.constantFrom('a1', 'b2'), counter: fc.integer({ min: 1, max: 6 }) })

/** Few writers and counts, so that records overlap and supersede each other; the same count may even be given twice. */
const version: fc.Arbitrary<Version> = fc
  .record({ at: dot, content: fc.constantFrom('one', 'two', 'three'), supersedes: fc.array(dot, { maxLength: 3 }), deleted: fc.boolean() })
  .map(({ at, content, supersedes, deleted }) => versionOf(content, { ...at, lamport: at.counter, supersedes, deleted }))

const record: fc.Arbitrary<FileRecord> = fc
  .record({ versions: fc.array(version, { maxLength: 8 }), spelling: fc.constantFrom('\u00e9', 'e\u0301') })
  .map(({ versions, spelling }) => recordOf(spelling, ...versions))

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
        const superseded = unite([a.superseded, b.superseded])
        expect(merged.versions.filter((kept) => hasDot(superseded, kept))).toEqual([])
      }),
    )
  })
})

/** One machine's view of a name, and its own count. */
interface Replica {
  readonly writerId: string
  record: FileRecord | null
  counter: number
}

/** What a machine may do with a name: change it, remove it, take an earlier content back; seeing only what it knows. */
function change(replica: Replica, random: Prng, step: number): Version {
  const known = replica.record
  const old = (known?.versions ?? []).filter(() => random.next() < 0.9)
  const earlier = pick(random, known?.earlier ?? [])
  const content = earlier && random.next() < 0.3 ? earlier.sha256 : hashOf(String(random.next() < 0.2 ? pickNumber(random, 4) : step))
  const highest = highestKnown(known, replica.writerId)
  replica.counter = 1 + Math.max(replica.counter, highest.counter)
  const version = versionOf('', {
    sha256: content,
    writerId: replica.writerId,
    counter: replica.counter,
    lamport: 1 + highest.lamport,
    supersedes: old,
    deleted: random.next() < 0.15,
  })
  replica.record = withVersion(known, 'n', version)
  return version
}

describe('any history', () => {
  /** Machines change a name and tell each other at random. Result: every version there ever was, and every record on the way. */
  function history(seed: number): { readonly all: Version[]; readonly snapshots: FileRecord[] } {
    const random = new Prng(seed)
    const replicas: Replica[] = ['a1', 'b2', 'c3', 'd4'].map((writerId) => ({ writerId, record: null, counter: 0 }))
    const all: Version[] = []
    const snapshots: FileRecord[] = []
    for (let step = 0; step < 60; step++) {
      const one = pick(random, replicas)!
      const other = pick(random, replicas)!
      if (random.next() < 0.5) all.push(change(one, random, step))
      else if (other.record) one.record = one.record ? mergeRecords(one.record, other.record) : other.record
      if (one.record) snapshots.push(one.record)
    }
    if (random.next() < 0.3) {
      const last = replicas[0]!
      last.record = snapshots.reduce(mergeRecords)
      const supersedes = last.record.versions
      const removed = versionOf('', { writerId: last.writerId, counter: 100, lamport: 100, supersedes, deleted: true })
      all.push(removed)
      snapshots.push(withVersion(last.record, 'n', removed))
    }
    return { all, snapshots }
  }

  /** The definition, without merging: what nobody superseded lives; of the rest the newest five contents. */
  function expected(all: readonly Version[]): { readonly live: string[]; readonly earlier: string[] } {
    const gone = (version: Version): boolean => all.some((other) => hasDot(other.supersedes, version))
    const order = (v: Version): string => `${String(v.lamport).padStart(9, '0')} ${v.writerId} ${v.version}`
    const old = all.filter((v) => gone(v) && !v.deleted).sort((a, b) => (order(a) < order(b) ? 1 : -1))
    const contents = [...new Set(old.map((v) => v.sha256))].slice(0, 5)
    return {
      live: all.filter((v) => !gone(v)).map((v) => v.version).sort(), // prettier-ignore
      earlier: contents.map((sha256) => old.find((v) => v.sha256 === sha256)!.version),
    }
  }

  test('ends in the same record in whichever order it is merged, and it is the record that the definition asks for', () => {
    let removed = 0
    let conflicts = 0
    for (let seed = 1; seed <= 150; seed++) {
      const { all, snapshots } = history(seed)
      const random = new Prng(1_000 + seed)
      const results = Array.from({ length: 4 }, () => {
        const parts = [...snapshots]
        while (parts.length > 1) {
          const one = parts.splice(pickNumber(random, parts.length), 1)[0]!
          const at = pickNumber(random, parts.length)
          parts[at] = random.next() < 0.5 ? mergeRecords(parts[at]!, one) : mergeRecords(one, parts[at]!)
        }
        return parts[0]!
      })
      const [first] = results
      for (const result of results) expect(sameRecord(result, first!), `seed ${seed}`).toBe(true)
      expect({ live: first!.versions.map((v) => v.version), earlier: first!.earlier.map((v) => v.version) }, `seed ${seed}`).toEqual(
        expected(all),
      )
      expect(decodeRecord(JSON.stringify(first)), `seed ${seed}`).toEqual(first)
      if (isRemoved(first!)) removed++
      if (liveVersions(first!).length > 1) conflicts++
    }
    // or the histories would show little
    expect(removed).toBeGreaterThan(3)
    expect(conflicts).toBeGreaterThan(10)
  }, 60_000)

  test('of 100 000 changes in turn by two machines is as small as one of ten', () => {
    const base = versionOf('x')
    let known: FileRecord | null = null
    let sizeAfterTen = 0
    for (let i = 1; i <= 100_000; i++) {
      const writerId = i % 2 === 0 ? 'a'.repeat(40) : 'b'.repeat(40)
      const highest = highestKnown(known, writerId)
      const old: Version = known?.versions[0] ?? base
      const id = i.toString(16)
      const version: Version = {
        ...base,
        version: id.padStart(40, '0'),
        sha256: id.padStart(64, '0'),
        writerId,
        counter: highest.counter + 1,
        lamport: highest.lamport + 1,
        supersedes: known ? { [old.writerId]: [[old.counter, old.counter]] } : {},
      }
      known = withVersion(known, 'n', version)
      if (i === 10) sizeAfterTen = JSON.stringify(known).length
    }
    expect(known?.superseded).toEqual({ ['a'.repeat(40)]: [[1, 49_999]], ['b'.repeat(40)]: [[1, 50_000]] })
    expect(JSON.stringify(known?.superseded).length).toBeLessThan(200)
    // longer numbers only
    expect(JSON.stringify(known).length - sizeAfterTen).toBeLessThan(200)
    expect(known && liveVersions(known)[0]?.lamport).toBe(100_000)
    expect(decodeRecord(JSON.stringify(known))).toEqual(known)
  }, 60_000)
})

describe('liveVersions', () => {
  test('the highest lamport number comes first, whatever the clocks say', () => {
    const old = versionOf('old', { storedAt: 9, lamport: 1 })
    const young = versionOf('young', { writerId: 'b2', storedAt: 1, lamport: 2 })
    expect(liveVersions(recordOf('n', old, young)).map((live) => live.sha256)).toEqual([hashOf('young'), hashOf('old')])
  })
  test('the same content from two writers is one, and the next version takes the place of both', () => {
    const both = recordOf('n', versionOf('same'), versionOf('same', { writerId: 'b2' }))
    expect(both.versions).toHaveLength(2)
    expect(liveVersions(both)).toEqual([versionOf('same', { writerId: 'b2' })])
    const next = withVersion(both, 'n', versionOf('next', { counter: 2, supersedes: both.versions }))
    expect([liveVersions(next).length, next.earlier.length]).toEqual([1, 1])
  })
  test('a record with a delete alone is removed', () => {
    expect(isRemoved(recordOf('n', versionOf('gone', { deleted: true })))).toBe(true)
    expect(isRemoved(recordOf('n', versionOf('gone', { deleted: true }), versionOf('here', { writerId: 'b2' })))).toBe(false)
  })
})

describe('wantedContents', () => {
  const kinds = (found: FileRecord): [string, string][] => wantedContents(found).map((wanted) => [wanted.kind, wanted.sha256])

  test('names each content once: live, then what a delete holds, then what was superseded', () => {
    const first = versionOf('one')
    const second = versionOf('two', { counter: 2, lamport: 2, supersedes: [first] })
    const deleted = versionOf('three', { writerId: 'b2', deleted: true })
    const back = versionOf('one', { counter: 3, lamport: 3, supersedes: [second] })
    expect(kinds(recordOf('n', first, second, deleted, back))).toEqual([
      ['live', hashOf('one')],
      ['trash', hashOf('three')],
      ['earlier', hashOf('two')],
    ])
    expect(kinds(recordOf('n', first, versionOf('one', { counter: 2, deleted: true, supersedes: [first] })))).toEqual([
      ['trash', hashOf('one')],
    ])
  })
  test('keeps five earlier ones, the newest, and finds each by its id', () => {
    let kept: FileRecord = recordOf('n', versionOf('0'))
    for (let i = 1; i <= 7; i++) {
      const supersedes = kept.versions
      kept = withVersion(kept, 'n', versionOf(String(i), { counter: i + 1, lamport: i + 1, supersedes }))
    }
    expect(kinds(kept)).toEqual([['live', hashOf('7')], ...['6', '5', '4', '3', '2'].map((content) => ['earlier', hashOf(content)])])
    for (const { version } of wantedContents(kept)) expect(findVersion(kept, version.version)).toEqual(version)
    expect(findVersion(kept, 'f'.repeat(40))).toBeUndefined()
  })
})

describe('decodeRecord', () => {
  const good = recordOf('n', versionOf('one'), versionOf('two', { counter: 2, supersedes: [{ writerId: 'a1', counter: 1 }] }))
  const changed = (part: object): string => JSON.stringify({ ...good, ...part })
  const withLive = (part: object): string => changed({ versions: [{ ...good.versions[0], ...part }] })

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
  test('leaves out what it does not know', () => {
    expect(decodeRecord(JSON.stringify(good))).toEqual(good)
    expect(decodeRecord(withLive({ more: 1 }))).toEqual(good)
  })
  test.each([
    ['a name that is not in NFC', changed({ name: 'e\u0301', spelling: 'e\u0301' })],
    ['a spelling of another name', changed({ spelling: 'm' })],
    ['too long', JSON.stringify({ ...good, more: 'x'.repeat(1_048_576) })],
    ['a version id that is no hash', withLive({ version: 'x' })],
    ['a version without a manifest', withLive({ manifestSha256: '' })],
    ['a count of zero', withLive({ counter: 0 })],
    ['a writer that is no id', withLive({ writerId: '__proto__' })],
    ['a file that is too large', withLive({ sizeBytes: 2 ** 42 })],
    ['a set that is none', withLive({ supersedes: ['a1'] })],
    ['a superseded set that is none', changed({ superseded: [] })],
    ['six earlier versions', changed({ earlier: Array.from({ length: 6 }, () => good.earlier[0]) })],
    ['an earlier version that nothing superseded', changed({ earlier: good.versions })],
    ['a live version that was superseded', changed({ versions: good.earlier })],
    ['a version twice', changed({ versions: [good.versions[0], good.versions[0]] })],
    ['what a version supersedes, forgotten', changed({ superseded: {} })],
  ])('refuses %s', (_what, json) => {
    expect(decodeRecord(json)).toHaveProperty('reason')
  })
})
