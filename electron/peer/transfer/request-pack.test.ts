import { describe, expect, it } from 'vitest'
import { ringOf, type FileRing } from '../../../tests/fakes/file-ring.ts'
import { rotSmall, smallCopies } from '../../../tests/fakes/small-places.ts'
import { requestPack } from './request-pack.ts'

const contentOf = (index: number): Buffer => Buffer.alloc(100 + index, `content ${index}`)
const namesOf = (count: number): string[] => Array.from({ length: count }, (_, index) => `${1001 + index}`)
const never = new AbortController().signal

/** Machines 2000 and 3000 keep files 1001 and on; 1000 holds none of them. */
async function stored(count: number): Promise<FileRing> {
  const ring = await ringOf([1000, 2000, 3000], { copies: 2, small: true })
  for (const [index, name] of namesOf(count).entries()) await ring.machine(1000).store(name, contentOf(index))
  await ring.run(1_000)
  ring.said()
  return ring
}

async function request(ring: FileRing, by: number, names: readonly string[]): Promise<[string, string, number][]> {
  const files = await requestPack(ring.machine(by).context, names, never)
  return files.map((file): [string, string, number] => [file.name, file.bytes.toString(), Number(ring.space.toBigInt(file.from))]).sort()
}

const expected = (count: number, from: number): [string, string, number][] =>
  namesOf(count).map((name, index): [string, string, number] => [name, contentOf(index).toString(), from])

describe('requesting many small files', () => {
  it('asks each machine once for records, and one of them once for all contents', async () => {
    const ring = await stored(40)
    expect(await request(ring, 1000, namesOf(40))).toEqual(expected(40, 2000))
    const said = ring.said()
    expect([said.get('names'), said.get('fetch'), said.get('record'), said.get('request')]).toEqual([2, 1, undefined, undefined])
    expect(ring.defects).toEqual([])
  })

  it('takes what this machine holds from its own disk', async () => {
    const ring = await stored(3)
    expect(await request(ring, 2000, namesOf(3))).toEqual(expected(3, 2000))
    expect(ring.said()).toEqual(new Map())
  })

  it('gets from the next holder what the first has damaged, and tells the first', async () => {
    const ring = await stored(3)
    const [rotten = ''] = smallCopies(ring.machine(2000))
    rotSmall(ring.machine(2000), rotten, 5)
    const files = await request(ring, 1000, namesOf(3))
    expect(files.map(([name, text]) => [name, text])).toEqual(expected(3, 0).map(([name, text]) => [name, text]))
    expect(files.map(([, , from]) => from).sort()).toEqual([2000, 2000, 3000])
    await ring.settle()
    expect(ring.said().get('damaged')).toBe(1)
  })

  it('goes on with others when a holder does not answer', async () => {
    const ring = await stored(3)
    ring.machine(2000).deaf = true
    expect(await request(ring, 1000, namesOf(3))).toEqual(expected(3, 3000))
  })

  it('leaves to others what is not there, or is no small file', async () => {
    const ring = await stored(2)
    await ring.machine(1000).store('1500', Buffer.alloc(40_000, 'x'))
    expect(await request(ring, 1000, [...namesOf(2), '1500', '1501'])).toEqual(expected(2, 2000))
  })

  it('asks again for what did not fit into one answer', async () => {
    const ring = await ringOf([1000, 2000], { copies: 1, small: true })
    const names = namesOf(40)
    for (const [index, name] of names.entries()) await ring.machine(1000).store(name, Buffer.alloc(32_768, `content ${index}`))
    ring.said()
    const files = await requestPack(ring.machine(1000).context, names, never)
    expect(files.map((file) => file.bytes.length)).toEqual(names.map(() => 32_768))
    expect(ring.said().get('fetch')).toBe(2)
  })

  it('stops when a person says so', async () => {
    const ring = await stored(2)
    await expect(requestPack(ring.machine(1000).context, namesOf(2), AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' })
  })
})
