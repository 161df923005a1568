// @ts-check
/** What the app asked of the desktop, for tests to read: `standin.calls`, and the things no electron API gives back. */

/** @typedef {{ what: string, args: unknown[] }} Call */

export const standin = {
  /** @type {Call[]} */
  calls: [],
  /** @type {import('./desktop.mjs').Tray | null} */
  tray: null,
  /** @type {(what: string, ...args: unknown[]) => void} */
  log(what, ...args) {
    standin.calls.push({ what, args })
  },
}

/** An event that a listener may prevent. `extra` becomes part of it. @type {(extra?: object) => any} */
export function preventable(extra = {}) {
  const event = {
    ...extra,
    defaultPrevented: false,
    preventDefault() {
      event.defaultPrevented = true
    },
  }
  return event
}
