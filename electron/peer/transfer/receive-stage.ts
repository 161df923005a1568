/** The holder's side of staging: blocks are hashed, laid aside and passed on; the `/store` that follows finds them. */

import { AppError } from '../../../shared/errors.ts'
import { releaseBlock, takeBlock } from '../disk/blocks.ts'
import { InFlight } from '../disk/in-flight.ts'
import type { StagedContent } from '../disk/staged-content.ts'
import type { Connection } from '../net/connection.ts'
import { limits } from '../protocol/limits.ts'
import { blockBytesMin } from '../protocol/manifest.ts'
import type { Stage } from '../protocol/messages.ts'
import { leaving } from './intake.ts'
import { offerStage } from './staging.ts'
import { PassOn } from './pass-on.ts'
import { refuseCopy } from './receive-store.ts'
import { between, type TransferContext } from './transfer-context.ts'

/** How long staged bytes wait for the store that names them: the writer only has to finish its hash. */
const waitMs = 600_000
/** Blocks of one content in memory: one arrives, others are hashed, written and passed on. Fewer let busy cores rest. */
const blocksAtOnce = 6

/** Handles one `/stage`. A broken connection ends it and leaves nothing behind. Throws as an exchange does. */
export async function receiveStage(context: TransferContext, connection: Connection, stage: Stage): Promise<void> {
  if (stage.blockBytes < blockBytesMin || stage.sizeBytes > limits.fileBytes) throw new AppError('protocol', 'No such blocks')
  if (!context.intake.isOpen) return refuseCopy(context, connection, leaving(context.machineName))
  let staged: StagedContent
  try {
    staged = await context.contents.stage(stage)
  } catch (error) {
    return refuseCopy(context, connection, error)
  }
  const passOn = await PassOn.start(context, {
    copies: stage.copies - 1,
    next: stage.next,
    offer: (to) => offerStage(context, stage, to),
    end: 'noted',
  })
  try {
    await connection.send({ command: 'continue', bodyBytes: 0, ...between(context, stage.source) })
    await takeBlocks(connection, stage, { staged, passOn })
    const key = await staged.finish()
    context.timers.after(waitMs, () => void context.contents.dropStaged(key).catch(() => undefined))
  } catch (error) {
    passOn.destroy()
    await staged.abort()
    throw error
  }
  await passOn.finish()
  await connection.send({ command: 'noted', ...between(context, stage.source) })
}

async function takeBlocks(
  connection: Connection,
  { sizeBytes, blockBytes }: Stage,
  to: { readonly staged: StagedContent; readonly passOn: PassOn },
): Promise<void> {
  const writing = new InFlight(blocksAtOnce)
  let leftBytes = sizeBytes
  const nextBuffer = (): Buffer => {
    const block = takeBlock(Math.min(blockBytes, leftBytes))
    leftBytes -= block.length
    return block
  }
  try {
    let index = 0
    for await (const block of connection.readBlocks(sizeBytes, nextBuffer)) {
      const done = Promise.all([to.staged.writeBlock(index, block), to.passOn.write(index, block)])
      await writing.add(done.then(() => releaseBlock(block)))
      index++
    }
    await writing.end()
  } finally {
    await writing.settled()
  }
}
