import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fitBounds, freshState, openWindowState, parseWindowState } from './window-state.ts'

const screen = { x: 0, y: 0, width: 1920, height: 1080 }
const left = { x: -1280, y: 0, width: 1280, height: 1024 }
const box = (x: number, y: number, [width, height]: readonly [number, number] = [1040, 680]) => ({ x, y, width, height })

test('a place on a display that is there is kept', () => {
  expect(fitBounds(box(100, 80), [screen])).toEqual(box(100, 80))
  expect(fitBounds(box(-1200, 80), [screen, left])).toEqual(box(-1200, 80))
})

test('a place on a display that is gone is forgotten', () => {
  expect(fitBounds(box(-1200, 80), [screen])).toBeNull()
  expect(fitBounds(box(1850, 80), [screen])).toBeNull()
  expect(fitBounds(box(100, 1070), [screen])).toBeNull()
  expect(fitBounds(box(100, -500), [screen])).toBeNull()
  expect(fitBounds(null, [screen])).toBeNull()
})

test('a size is brought between the least and the display', () => {
  expect(fitBounds(box(0, 0, [9000, 9000]), [screen])).toEqual(box(0, 0, [1920, 1080]))
  expect(fitBounds(box(0, 0, [200, 10]), [screen])).toEqual(box(0, 0, [480, 420]))
})

test.each(['', 'nonsense', '[]', 'null', '{"bounds":{"x":"1"}}', '{"bounds":{"x":1,"y":1,"width":1}}'])(
  '%j falls back to the defaults',
  (text) => {
    expect(parseWindowState(text)).toEqual(freshState)
  },
)

test('the state survives a restart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'window-state-'))
  const file = join(folder, 'window.json')
  const store = await openWindowState(file)
  expect(store.get()).toEqual(freshState)
  store.update({ bounds: box(1, 2) })
  store.update({ closingExplained: true })
  await store.flush()
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ bounds: box(1, 2), maximized: false, closingExplained: true })
  expect((await openWindowState(file)).get()).toEqual(store.get())
  await rm(folder, { recursive: true })
})

test('a state that cannot be written stops nothing', async () => {
  const store = await openWindowState(join(tmpdir(), 'no-such-folder-here', 'window.json'))
  store.update({ maximized: true })
  await store.flush()
  expect(store.get().maximized).toBe(true)
})
