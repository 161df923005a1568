/** A plan changed by hand or by the shrinker: a compact object merged over it, `{"peers":3,"faults":{"loss":0}}`. */

/** Values for fields of a plan, nested as in the plan. */
export interface Overrides {
  readonly [field: string]: string | number | boolean | null | Overrides
}

/** `plan` with the fields of `overrides` in place of its own. Throws when one names no field, or is not of the field's type. */
export function overridePlan<Plan extends object>(plan: Plan, overrides: Overrides): Plan {
  return merge(plan as Overrides, overrides, '') as Plan
}

/** Reads what `--plan` was given. Throws when it is no object in JSON. */
export function parseOverrides(text: string): Overrides {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`--plan takes an object in JSON, not ${text}`)
  return value as Overrides
}

/** The value at `path` ("faults.loss"), or undefined. */
export function valueAt(plan: object, path: string): unknown {
  let value: unknown = plan
  for (const field of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Record<string, unknown>)[field]
  }
  return value
}

/** `overrides` with `value` at `path`. */
export function withValue(overrides: Overrides, path: string, value: string | number | boolean): Overrides {
  const [field, ...rest] = path.split('.') as [string, ...string[]]
  if (rest.length === 0) return { ...overrides, [field]: value }
  const inner = overrides[field]
  return { ...overrides, [field]: withValue(isObject(inner) ? inner : {}, rest.join('.'), value) }
}

function merge(plan: Overrides, overrides: Overrides, path: string): Overrides {
  const merged: Record<string, Overrides[string]> = { ...plan }
  for (const [field, value] of Object.entries(overrides)) {
    const old = plan[field]
    if (old === undefined) throw new Error(`a plan has no field ${path}${field}`)
    if (isObject(old) && isObject(value)) merged[field] = merge(old, value, `${path}${field}.`)
    // null stands for "none" in fields that may have none
    else if (old === null || value === null) merged[field] = value
    else if (typeof old !== typeof value || isObject(old) !== isObject(value)) throw new Error(`${path}${field} is a ${typeof old}`)
    else merged[field] = value
  }
  return merged
}

function isObject(value: unknown): value is Overrides {
  return typeof value === 'object' && value !== null
}
