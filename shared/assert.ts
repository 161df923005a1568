/** Assertions of our own invariants. They stay on: a broken one is a defect, never an answer to bad input. */

export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`Broken invariant: ${what}`)
}

/** For the default branch of a switch over a closed union. */
export function unreachable(value: never): never {
  throw new Error(`Unreachable: ${JSON.stringify(value)}`)
}
