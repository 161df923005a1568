/** Path of a browser's program, or null. `RINGDROP_BROWSER` names one by hand. */
export function findBrowser(): string | null
