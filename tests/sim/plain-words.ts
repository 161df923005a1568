/** A plan and an outcome as a person reads them. */

import type { Plan } from './plan.ts'
import type { Outcome } from './run.ts'

/** Every field that differs from "nothing", so that one who reads needs no source beside it. */
export function describePlan(plan: Plan): string[] {
  const { seed, kind, peers, parameters, faults } = plan
  const per = parameters.viewCap === 0 ? 'no shared view' : 'a shared view'
  return [
    `seed ${seed}: ${kind}, ${peers} ${peers === 1 ? 'peer' : 'peers'}, ${parameters.copies} ${parameters.copies === 1 ? 'copy' : 'copies'}, ${parameters.successors} successors, ${per}`,
    `something happens every ${(plan.everyMs / 1000).toFixed(1)} s on average, for ${(plan.chaosMs / 1000).toFixed(0)} s; then ideal within ${(plan.quietMs / 1000).toFixed(0)} s, and calm to ${(plan.lengthMs / 60_000).toFixed(1)} min`,
    `faults: ${listFaults({ ...faults, joinKills: plan.joinKills, rubbish: plan.rubbish })}`,
    ...(plan.data === null ? [] : [`with files, of up to ${plan.data.names} names: ${listFaults({ ...plan.data, names: 0 })}`]),
  ]
}

export function describeOutcome(outcome: Outcome): string[] {
  const { delivered, simulatedMs, healedMs, hash, flaw, injected } = outcome
  const healed = healedMs === null ? 'never ideal' : `ideal ${(healedMs / 1000).toFixed(2)} s after the faults`
  const done = Object.entries(injected).flatMap(([kind, times]) => (times > 0 ? [`${times} ${kind}`] : []))
  return [
    `${delivered} messages in ${(simulatedMs / 1000).toFixed(1)} s, ${healed}, hash ${hash}`,
    `happened: ${done.join(', ') || 'nothing'}`,
    flaw === null ? 'no flaw' : `FLAW: ${flaw}`,
  ]
}

/** Shares in percent; waits are left to the plan itself. */
function listFaults(faults: Readonly<Record<string, unknown>>): string {
  const shares = Object.entries(faults).flatMap(([kind, value]) =>
    typeof value === 'number' && value > 0 && value <= 1 ? [`${kind} ${(100 * value).toFixed(1)} %`] : [],
  )
  return shares.join(', ') || 'none'
}
