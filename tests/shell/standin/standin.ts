/** What the stand-in recorded, as tests see it through `evaluate`. */
export interface Standin {
  readonly calls: readonly { readonly what: string; readonly args: readonly unknown[] }[]
  readonly tray: { readonly toolTip: string; readonly menu: Electron.Menu | null } | null
}
