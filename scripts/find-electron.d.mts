/** Whether this session can show windows. */
export function hasDisplay(): boolean
/** Path of the installer of the electron package, or null when the package is not installed. */
export function electronInstaller(): string | null
/** The program, or why there is none. */
export function findElectron(): { file: string; why: null } | { file: null; why: string }
