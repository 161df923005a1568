/** For tools that read types without knowing .vue files (lint). vue-tsc reads the files themselves. */
declare module '*.vue' {
  import type { DefineComponent } from 'vue'

  const component: DefineComponent
  export default component
}
