// @ts-check
/** The test's way in, like Playwright's `electronApp.evaluate`: runs a function in the main process and answers with its result. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { launchBrowser, profile } from './browser.mjs'

/** @param {Record<string, unknown>} electron */
export function openSideChannel(electron) {
  const send = process.send?.bind(process)
  if (!send) return
  process.on('message', async (/** @type {any} */ message) => {
    if (message?.standin !== 'evaluate') return
    try {
      const value = await (0, eval)(`(${message.fn})`)(electron, message.arg)
      send({ standin: message.id, value })
    } catch (error) {
      send({ standin: message.id, error: error instanceof Error ? error.stack : String(error) })
    }
  })
  // A listener keeps the channel, and with it the process, open: an app that ends by itself must be able to.
  process.channel?.unref()
  launchBrowser().then(
    () => send({ standin: 'up', port: readFileSync(join(profile, 'DevToolsActivePort'), 'utf8').split('\n')[0] }),
    (error) => send({ standin: 'up', error: String(error) }),
  )
}
