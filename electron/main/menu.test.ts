import type { MenuItemConstructorOptions } from 'electron'
import { expect, test } from 'vitest'
import { menuTemplate } from './menu.ts'

const itemsOf = (items: MenuItemConstructorOptions[]): MenuItemConstructorOptions[] =>
  items.flatMap((item) => [item, ...(Array.isArray(item.submenu) ? itemsOf(item.submenu) : [])])

function setUp(platform: string) {
  const acted: string[] = []
  const port = { act: (action: string) => acted.push(action), about: () => acted.push('about'), quit: () => acted.push('quit') }
  const items = itemsOf(menuTemplate(port, { platform, name: 'Ringdrop', development: false }))
  const click = (id: string) => items.find((item) => item.id === id)?.click?.(undefined as never, undefined, undefined as never)
  return { acted, items, click }
}

test.each(['linux', 'win32', 'darwin'])('on %s every entry has an id of its own, and no key does two things', (platform) => {
  const { items } = setUp(platform)
  const entries = items.filter((item) => item.type !== 'separator')
  expect(entries.filter((item) => item.id === undefined)).toEqual([])
  expect(new Set(entries.map((item) => item.id)).size).toBe(entries.length)
  const keys = entries.flatMap((item) => item.accelerator ?? [])
  expect(new Set(keys).size).toBe(keys.length)
})

test('views are on the digits, and entries do what they say', () => {
  const { acted, items, click } = setUp('linux')
  expect(items.find((item) => item.id === 'transfers')?.accelerator).toBe('CmdOrCtrl+3')
  for (const id of ['files', 'settings', 'add', 'invite', 'find', 'about', 'quit']) click(id)
  expect(acted).toEqual(['files', 'settings', 'add', 'invite', 'find', 'about', 'quit'])
})

test('a packed app has no developer tools', () => {
  expect(setUp('linux').items.some((item) => item.role === 'toggleDevTools' || item.role === 'reload')).toBe(false)
})
