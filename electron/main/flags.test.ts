import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { parseFlags } from './flags.ts'

const flagsOf = (...argv: string[]) => {
  const parsed = parseFlags(argv)
  if (!parsed.ok) throw new Error(parsed.reason)
  return parsed.flags
}

test('nothing given leaves everything to the defaults', () => {
  expect(flagsOf()).toEqual({ dataFolder: null, host: null, port: null, discovery: null, hidden: false, link: null })
})

test('values come after a space or an equals sign', () => {
  expect(flagsOf('--data', 'here', '--port=0')).toMatchObject({ dataFolder: resolve('here'), port: 0 })
})

test("Chromium's and Electron's own switches are left alone", () => {
  const flags = flagsOf('--no-sandbox', '--remote-debugging-port=0', '--inspect=0', '.', '--no-discovery', '--hidden', 'ringdrop://join/x')
  expect(flags).toMatchObject({ dataFolder: null, port: null, discovery: false, hidden: true, link: 'ringdrop://join/x' })
})

test.each([
  [['--port', 'x'], '--port'],
  [['--port', '65536'], '--port'],
  [['--port=1e3'], '--port'],
  [['--port', '-1'], '--port'],
  [['--host', 'example.org'], '--host'],
  [['--data'], '--data'],
  [['--data', '--hidden'], '--data'],
])('%j is refused, naming the flag', (argv, named) => {
  const parsed = parseFlags(argv)
  expect(parsed.ok ? '' : parsed.reason).toContain(named)
})
