/** One specification, two hosts, two products: see specification.ts. */

import { describe } from 'vitest'
import { findElectron, hasDisplay } from '../../scripts/find-electron.mjs'
import { findOrInstallBrowser } from '../window/browser.ts'
import { buildFakeProduct, buildRealProduct } from './products.ts'
import { launchElectron, launchStandin, runElectron, runStandin } from './shell-app.ts'
import { describeShell, type Product, type ShellHost } from './specification.ts'

const electron = findElectron()
const electronWhy = electron.why ?? (hasDisplay() ? null : 'there is no display (xvfb-run gives one)')
if (electronWhy !== null) {
  if (process.env['REQUIRE_ELECTRON'] === '1') throw new Error(`REQUIRE_ELECTRON=1, but ${electronWhy}`)
  process.stderr.write(`\n*** REAL ELECTRON NOT TESTED: ${electronWhy}. The stand-in runs the same specification. ***\n\n`)
}
const browser = findOrInstallBrowser()

const hosts: ShellHost[] = [
  { name: 'stand-in', program: browser.file, isStandin: true, launch: launchStandin, run: runStandin },
  { name: 'electron', program: electronWhy === null ? electron.file : null, isStandin: false, launch: launchElectron, run: runElectron },
]

let fake: Promise<string> | undefined
const products: Product[] = [
  { name: 'fake peer', isFake: true, main: () => (fake ??= buildFakeProduct()) },
  { name: 'as shipped', isFake: false, main: () => Promise.resolve(buildRealProduct()) },
]

for (const host of hosts) {
  for (const product of products) {
    describe.skipIf(host.program === null)(`${host.name}, ${product.name}`, () => {
      describeShell(host, product)
    })
  }
}
