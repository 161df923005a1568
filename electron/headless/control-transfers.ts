/** What the command line does with transfers and their bandwidth. */

import { AppError } from '../../shared/errors.ts'
import type { TransferView } from '../../shared/views.ts'
import type { PeerApi } from '../peer/peer-api.ts'
import type { Answer } from './control-answer.ts'
import type { ControlArgument } from './control-shapes.ts'

type What = ControlArgument<'hold'>['what']

/** Digits of an id that are enough to mean it. */
const idLengthMin = 4

const isAsked = ({ kind }: TransferView): boolean => kind === 'store' || kind === 'request'

/** Transfers that `what` concerns when no name is given, and those that it can be done to at all. */
const concerns: Record<What, { readonly all: (view: TransferView) => boolean; readonly one: (view: TransferView) => boolean }> = {
  pause: {
    all: (view) => isAsked(view) && view.endedAt === null && view.state !== 'paused',
    one: (view) => view.endedAt === null && view.state !== 'paused',
  },
  resume: {
    all: ({ state }) => state === 'paused',
    one: ({ state, waitsFor }) => state === 'paused' || waitsFor === 'machine',
  },
  cancel: { all: () => false, one: ({ endedAt }) => endedAt === null },
  retry: { all: ({ state }) => state === 'failed', one: ({ state }) => ['failed', 'partial', 'cancelled'].includes(state) },
}

/** Does `what` to each; a name that fits nothing is answered as failed. */
export async function holdTransfers(peer: PeerApi, { what, names }: ControlArgument<'hold'>, answer: Answer): Promise<void> {
  const act: Record<What, (id: string) => void> = {
    pause: (id) => peer.pauseTransfer(id),
    resume: (id) => peer.resumeTransfer(id),
    cancel: (id) => peer.cancelTransfer(id),
    retry: (id) => peer.retryTransfer(id, 'decline'),
  }
  const views = peer.transfers()
  const done = async (chosen: readonly TransferView[]): Promise<void> => {
    for (const { id, name } of chosen) {
      act[what](id)
      await answer.item({ id, name, what })
    }
  }
  if (names.length === 0) return done(views.filter(concerns[what].all))
  for (const wanted of names) {
    const fits = ({ id, name }: TransferView): boolean => name === wanted || (wanted.length >= idLengthMin && id.startsWith(wanted))
    const chosen = views.filter((view) => fits(view) && concerns[what].one(view))
    if (chosen.length > 0) await done(chosen)
    else {
      const message = `There is no transfer of ${wanted} to ${what}; see: ringdrop transfers`
      await answer.failed(new AppError('not-found', message, { name: wanted }).toPlain(), wanted)
    }
  }
}

/** Sets what is given, and answers with all of them. */
export async function setLimits(peer: PeerApi, { up, down, background }: ControlArgument<'limits'>, answer: Answer): Promise<void> {
  const patch = {
    ...(up === undefined ? {} : { uploadLimit: up }),
    ...(down === undefined ? {} : { downloadLimit: down }),
    ...(background === undefined ? {} : { backgroundPercent: background }),
  }
  const settings = Object.keys(patch).length === 0 ? peer.settings() : await peer.updateSettings(patch)
  await answer.item({ up: settings.uploadLimit, down: settings.downloadLimit, background: settings.backgroundPercent })
}
