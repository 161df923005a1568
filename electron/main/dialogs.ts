/** What the app asks or tells a person in a dialog of the system. */

import { app, dialog, type BrowserWindow } from 'electron'
import { joinAnswer, joinQuestion, type JoinAnswer } from './deep-links.ts'

/** Told once, when the window was closed for the first time. */
export async function explainClosing(): Promise<'keep-running' | 'quit'> {
  const { response } = await dialog.showMessageBox({
    type: 'info',
    title: 'Ringdrop keeps running',
    message: 'Ringdrop keeps running without its window',
    detail: 'So your files stay safe and in reach of your other machines. Open it again, or quit, from its icon in the tray.',
    buttons: ['Keep running', 'Quit Ringdrop'],
    defaultId: 0,
    cancelId: 0,
  })
  return response === 1 ? 'quit' : 'keep-running'
}

/** Asks about an invite link that was opened. `files`: how many files this machine's ring has now. */
export async function askToJoin(window: BrowserWindow | null, files: number): Promise<JoinAnswer> {
  const question = joinQuestion(files)
  const options = {
    type: 'question' as const,
    message: question.message,
    detail: question.detail,
    buttons: [...question.buttons],
    defaultId: question.cancelId,
    cancelId: question.cancelId,
  }
  const { response } = window ? await dialog.showMessageBox(window, options) : await dialog.showMessageBox(options)
  return joinAnswer(question, response)
}

export async function showAbout(): Promise<void> {
  const message = `${app.getName()} ${app.getVersion()}`
  await dialog.showMessageBox({
    type: 'none',
    title: app.getName(),
    message,
    detail: 'Keeps your files on the machines you own.',
    buttons: ['OK'],
  })
}
