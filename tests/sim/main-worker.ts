/** A thread of the campaign: is told a seed, runs its plan, answers with the outcome. It runs as part of a bundle: see bundle.ts. */

import { parentPort } from 'node:worker_threads'
import { assert } from '../../shared/assert.ts'
import { select } from './draws.ts'
import { runPlan } from './run.ts'
import type { Answer, Question } from './seed-worker.ts'

const port = parentPort
assert(port !== null, 'main-worker.ts runs in a thread')

// a run makes errors by the thousand, of streams that break and machines that refuse; where they came from is told by a replay in the main thread
Error.stackTraceLimit = 0

async function answer({ seed, selection }: Question): Promise<Answer> {
  try {
    const outcome = await runPlan(select(seed, selection))
    return { outcome, flaw: outcome.flaw }
  } catch (error) {
    return { outcome: null, flaw: `threw: ${error instanceof Error ? error.message : String(error)}` }
  }
}

port.on('message', (question: Question) => {
  void answer(question).then((result) => port.postMessage(result))
})
