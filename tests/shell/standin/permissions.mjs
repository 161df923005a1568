// @ts-check
/** What the app's permission handler answers, told to Chromium before the page loads: CDP has no question to hand on. */

/** Electron's names, and the names of the same in the web's Permissions API. */
const names = /** @type {const} */ ([
  ['geolocation', 'geolocation'],
  ['notifications', 'notifications'],
  ['media', 'camera'],
  ['media', 'microphone'],
  ['midi', 'midi'],
  ['clipboard-read', 'clipboard-read'],
])

/** @type {(cdp: import('playwright-core').CDPSession, contents: import('./web-contents.mjs').WebContents) => Promise<void>} */
export async function applyPermissions(cdp, contents) {
  const { permission } = contents.session
  if (!permission) return
  for (const [asked, name] of names) {
    const granted = await new Promise((answer) => permission(contents, asked, answer, {}))
    await cdp.send('Browser.setPermission', { permission: { name }, setting: granted ? 'granted' : 'denied' })
  }
}
