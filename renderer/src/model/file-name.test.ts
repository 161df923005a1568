import { expect, test } from 'vitest'
import { foldName, quoteForShell, splitName } from './file-name.ts'

test('a name has a folder, a base and a kind', () => {
  expect(splitName('Notes/2026/Åpen hylle.md')).toEqual({ folder: 'Notes/2026/', base: 'Åpen hylle.md', kind: 'MD' })
  expect(splitName('.profile')).toEqual({ folder: '', base: '.profile', kind: '' })
  expect(splitName('4103')).toEqual({ folder: '', base: '4103', kind: '' })
})

test('a command can be pasted as it is', () => {
  expect(quoteForShell('a "b" $HOME `x`.txt')).toBe('"a \\"b\\" \\$HOME \\`x\\`.txt"')
})

test('both Unicode forms of a name are found', () => {
  expect(foldName('A\u030apen')).toBe(foldName('åpen'))
})
