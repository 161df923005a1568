/** `npm run scale -- lookups` */
import { lookupBounds, measureLookups } from './lookups.ts'

for (const bound of lookupBounds) {
  const started = performance.now()
  const f = measureLookups(bound, 1)
  console.log(bound.peers, JSON.stringify(f), (performance.now() - started) / 1000)
}
