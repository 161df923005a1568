// @ts-check
/** What the launching test says to the stand-in, through its environment. */

import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const root = process.cwd()
export const manifest = /** @type {{ name: string, productName?: string, version: string }} */ (
  JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
)

/** Chromium's profile and the app's folders; given, or made for this run and removed at its end. */
export const givenScratch = process.env.STANDIN_SCRATCH
export const scratch = givenScratch ?? mkdtempSync(join(tmpdir(), 'standin-'))
export const chromiumPath = process.env.STANDIN_CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((file) => existsSync(file))
export const headed = process.env.STANDIN_HEADED === '1'
