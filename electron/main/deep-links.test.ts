import { expect, test } from 'vitest'
import { findDeepLink, joinAnswer, joinQuestion, parseDeepLink } from './deep-links.ts'

test.each(['ringdrop://join/abc-DEF_123', 'RINGDROP://join/x?a=b&c=d#e', 'ringdrop://192.0.2.7:4000/k'])('%s is a link', (link) => {
  expect(parseDeepLink(link)).toBe(link)
})

test.each([
  '',
  'https://example.org',
  'ringdrop:join',
  'ringdrop://a b',
  'ringdrop://a"b',
  "ringdrop://a'b",
  'ringdrop://a\nb',
  'ringdrop://ü',
  `ringdrop://${'a'.repeat(5000)}`,
])('%j is none', (text) => {
  expect(parseDeepLink(text)).toBeNull()
})

test('a link is found among other arguments', () => {
  expect(findDeepLink(['--no-sandbox', '.', 'ringdrop://x', 'ringdrop://y'])).toBe('ringdrop://x')
  expect(findDeepLink(['--flag'])).toBeNull()
})

test('a machine without files is asked once, with files what to do with them; the default cancels', () => {
  const empty = joinQuestion(0)
  expect(empty.buttons[empty.cancelId]).toBe('Cancel')
  expect(joinAnswer(empty, 0)).toBe('without-files')
  const full = joinQuestion(14)
  expect(full.buttons[0]).toBe('Join and bring its 14 files along')
  expect([0, 1, 2, -1, 9].map((response) => joinAnswer(full, response))).toEqual([
    'bring-files',
    'without-files',
    'cancel',
    'cancel',
    'cancel',
  ])
})
