/**
 * `ringdrop://` links: an invite opened from a browser, a message or another program. Anyone can make a page that opens
 * one, so a link only ever leads to a question whose default answer is Cancel.
 */

/** The scheme of invite links, without the colon. */
export const deepLinkScheme = 'ringdrop'
/** Longest link looked at, in characters: the limit of the contract's `joinRing`. */
const linkLengthMax = 4096

/** The link in its canonical form, or null when it cannot be an invite. What it says is checked by the peer. */
export function parseDeepLink(text: string): string | null {
  if (text.length > linkLengthMax || !text.toLowerCase().startsWith(`${deepLinkScheme}://`)) return null
  // Printable ASCII without spaces and quotes: a link travels through shells, registries and desktop files.
  if (!/^[\x21\x23-\x26\x28-\x3b\x3d\x3f-\x7e]+$/.test(text)) return null
  return URL.canParse(text) ? text : null
}

/** The first link among a program's arguments, or null. */
export function findDeepLink(argv: readonly string[]): string | null {
  for (const word of argv) {
    const link = parseDeepLink(word)
    if (link !== null) return link
  }
  return null
}

export interface JoinQuestion {
  readonly message: string
  readonly detail: string
  readonly buttons: readonly string[]
  readonly cancelId: number
}

export type JoinAnswer = 'bring-files' | 'without-files' | 'cancel'

/** What a person is asked when a link was opened. `files`: how many files this machine's ring has now. */
export function joinQuestion(files: number): JoinQuestion {
  const message = 'Join the ring of this invite?'
  if (files === 0) {
    const detail = 'This computer leaves its own empty ring, and keeps copies of the other ring’s files from then on.'
    return { message, detail, buttons: ['Join', 'Cancel'], cancelId: 1 }
  }
  const noun = files === 1 ? 'its file' : `its ${String(files)} files`
  return {
    message,
    detail: `This computer has a ring of its own. You can bring ${noun} along.`,
    buttons: [`Join and bring ${noun} along`, 'Join without them', 'Cancel'],
    cancelId: 2,
  }
}

/** The meaning of the button that was pressed. */
export function joinAnswer(question: JoinQuestion, response: number): JoinAnswer {
  if (response === question.cancelId || response < 0 || response >= question.buttons.length) return 'cancel'
  return question.buttons.length === 3 && response === 0 ? 'bring-files' : 'without-files'
}
