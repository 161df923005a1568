import { expect, test } from 'vitest'
import { pathsOfDrop } from './dropped-paths.ts'

test('single files are their own paths', () => {
  expect(
    pathsOfDrop([
      { path: '/a/x.txt', relativePath: 'x.txt' },
      { path: '/b/x.txt', relativePath: 'x.txt' },
    ]),
  ).toEqual(['/a/x.txt', '/b/x.txt'])
})

test('the files of a dropped folder are the folder, once', () => {
  const dropped = ['one.txt', 'sub/two.txt', 'sub/deep/three.txt'].map((below) => ({
    path: `/home/x/photos/${below}`,
    relativePath: `photos/${below}`,
  }))
  expect(pathsOfDrop(dropped)).toEqual(['/home/x/photos'])
})

test('paths of Windows, too, and names in either Unicode form', () => {
  expect(pathsOfDrop([{ path: 'C:\\x\\photos\\sub\\a.txt', relativePath: 'photos/sub/a.txt' }])).toEqual(['C:\\x\\photos'])
  expect(pathsOfDrop([{ path: '/x/photos/u\u0308.txt', relativePath: 'photos/\u00fc.txt' }])).toEqual(['/x/photos'])
})

test('a claim of the page that does not fit the path widens nothing', () => {
  expect(pathsOfDrop([{ path: '/home/x/.ssh/key', relativePath: 'a/b/c/d/e' }])).toEqual(['/home/x/.ssh/key'])
  expect(pathsOfDrop([{ path: '/x/a.txt', relativePath: '/x/x/x/a.txt' }])).toEqual(['/x/a.txt'])
})

test('what lies on no disk is left out', () => {
  expect(pathsOfDrop([{ path: '', relativePath: 'made.txt' }])).toEqual([])
})
