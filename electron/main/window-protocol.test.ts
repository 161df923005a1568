import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as fc from 'fast-check'
import { createWindowProtocol, isWindowAddress, resolveWindowFile } from './window-protocol.ts'

let folder: string
let serve: (request: Request) => Promise<Response>
beforeAll(async () => {
  const outer = await mkdtemp(join(tmpdir(), 'window-protocol-'))
  folder = join(outer, 'renderer')
  await mkdir(join(folder, 'assets'), { recursive: true })
  await writeFile(join(outer, 'secret.json'), '{}')
  await writeFile(join(folder, 'index.html'), '<meta name="csp-nonce" content="__NONCE__"><style nonce="__NONCE__"></style>')
  await writeFile(join(folder, 'assets/main.js'), '1')
  serve = createWindowProtocol(folder)
})
afterAll(() => rm(resolve(folder, '..'), { recursive: true }))

test('the page carries a fresh nonce, in its policy and in its text', async () => {
  const nonces = new Set<string>()
  for (let round = 0; round < 2; round++) {
    const response = await serve(new Request('app://window/'))
    const nonce = /'nonce-([^']+)'/.exec(response.headers.get('content-security-policy') ?? '')?.[1] ?? ''
    expect(await response.text()).toBe(`<meta name="csp-nonce" content="${nonce}"><style nonce="${nonce}"></style>`)
    expect(response.headers.get('cache-control')).toBe('no-store')
    nonces.add(nonce)
  }
  expect(nonces.size).toBe(2)
})

test('files have their type and a policy without a nonce', async () => {
  const response = await serve(new Request('app://window/assets/main.js'))
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  expect(response.headers.get('content-security-policy')).toContain("style-src 'self';")
})

test('dots are folded away before the folder is looked at', () => {
  for (const address of ['app://window/../secret.json', 'app://window/%2e%2e/secret.json'])
    expect(resolveWindowFile(folder, address)).toBe(join(folder, 'secret.json'))
})

test.each([
  'app://window/..%2fsecret.json',
  'app://window/..%5csecret.json',
  'app://window/assets/..%2f..%2fsecret.json',
  'app://window/%00.js',
  'app://window/%zz.js',
  'app://window/C:/secret.json',
  'app://window/assets',
  'app://elsewhere/index.html',
  'https://window/index.html',
  'nonsense',
])('%s is not served', (address) => {
  expect(resolveWindowFile(folder, address)).toBeNull()
})

test('no address leads out of the folder', () => {
  const part = fc.oneof(fc.constantFrom('..', '.', '%2e%2e', '%2f', '%5c', '\\', '//', 'a', 'x.js', '%00'), fc.string())
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const file = resolveWindowFile('/srv/renderer', `app://window/${parts.join('/')}`)
      return file === null || file.startsWith('/srv/renderer/')
    }),
  )
})

test('only reading is answered', async () => {
  expect((await serve(new Request('app://window/', { method: 'POST' }))).status).toBe(405)
  expect((await serve(new Request('app://window/missing.js'))).status).toBe(404)
})

test('an address is ours by scheme and host, or by the dev server', () => {
  expect(isWindowAddress('app://window/index.html', null)).toBe(true)
  for (const address of ['app://other/', 'file:///index.html', 'https://window/', 'about:blank', 'data:text/html,x', ''])
    expect(isWindowAddress(address, null)).toBe(false)
  expect(isWindowAddress('http://localhost:5173/x', 'http://localhost:5173')).toBe(true)
  expect(isWindowAddress('http://localhost:5174/x', 'http://localhost:5173')).toBe(false)
})
