import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findLocalFile, parseClassroomLine, parseClassroomStart } from './classroom-input.ts'

describe('what is typed', () => {
  it.each([
    ['Store 2067', { kind: 'store', name: '2067' }],
    ['STORE 2067\r', { kind: 'store', name: '2067' }],
    ['  request   my file.txt  ', { kind: 'request', name: 'my file.txt' }],
    ['qUiT', { kind: 'quit' }],
    ['', { kind: 'nothing' }],
    ['   ', { kind: 'nothing' }],
  ])('%j is understood', (line, command) => {
    expect(parseClassroomLine(line)).toEqual(command)
  })

  it.each(['foo', 'Store', 'request  ', 'quit now', '/leave', `store ${'x'.repeat(300)}`, '\u0000'])(
    '%j is answered in one line',
    (line) => {
      const command = parseClassroomLine(line)
      expect(command.kind).toBe('bad')
      expect(command.kind === 'bad' && command.answer.includes('\n')).toBe(false)
    },
  )
})

describe('arguments', () => {
  it('of init and join', () => {
    expect(parseClassroomStart('init', ['2', '4', '5', '0.5'])).toEqual({ id: 2, successors: [4, 5], knownPeer: null, pingIntervalMs: 500 })
    expect(parseClassroomStart('join', ['15', '4', '10'])).toEqual({ id: 15, successors: null, knownPeer: 4, pingIntervalMs: 10_000 })
    expect(parseClassroomStart('init', ['0', '255', '255', '1']).successors).toEqual([255, 255])
  })

  it.each([
    ['256', '4', '5', '1'],
    ['-1', '4', '5', '1'],
    ['2', 'x', '5', '1'],
    ['2', '4', '5.5', '1'],
    ['2', '4', '5', '0'],
    ['2', '4', '5', '-3'],
    ['2', '4', '5', 'soon'],
    ['2', '4', '5', ''],
    ['2', '2', '5', '1'],
    ['2', '4', '2', '1'],
    ['1e1', '4', '5', '1'],
  ])('init %s %s %s %s is refused', (...texts) => {
    expect(() => parseClassroomStart('init', texts)).toThrow(expect.objectContaining({ code: 'bad-argument' }))
  })

  it('a peer does not join through itself', () => {
    expect(() => parseClassroomStart('join', ['7', '7', '1'])).toThrow(/through itself/)
  })
})

describe('the file that a name means', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ringdrop-test-'))
    await mkdir(join(folder, '9999.d'))
    for (const name of ['4103.pdf', '2067', '2067.txt', '1.a', '1.b']) await writeFile(join(folder, name), 'x')
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('is the name itself, else the one with an extension', async () => {
    expect(await findLocalFile(folder, '2067')).toBe(join(folder, '2067'))
    expect(await findLocalFile(folder, '4103')).toBe(join(folder, '4103.pdf'))
    expect(await findLocalFile(folder, '4103.pdf')).toBe(join(folder, '4103.pdf'))
  })

  it.each(['3000', '9999', '..', '1', '../x', 'a/b', 'a\\b'])('%s is refused', async (name) => {
    await expect(findLocalFile(folder, name)).rejects.toMatchObject({ name: 'AppError' })
  })
})
