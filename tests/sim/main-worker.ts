/** A thread of the campaign: is told a seed, runs its plan, answers with the outcome. It runs as part of a bundle: see bundle.ts. */

import { parentPort } from 'node:worker_threads'
import { assert } from '../../shared/assert.ts'
import { overridePlan } from './override-plan.ts'
import { planOf } from './plan.ts'
import { runPlan } from './run.ts'
import type { Answer, Question } from './seed-worker.ts'

const port = parentPort
assert(port !== null, 'main-worker.ts runs in a thread')

async function answer({ seed, overrides }: Question): Promise<Answer> {
  try {
    const outcome = await runPlan(overridePlan(planOf(seed), overrides))
    return { outcome, flaw: outcome.flaw }
  } catch (error) {
    return { outcome: null, flaw: `threw: ${error instanceof Error ? error.message : String(error)}` }
  }
}

port.on('message', (question: Question) => {
  void answer(question).then((result) => port.postMessage(result))
})
