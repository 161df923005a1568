// @ts-check
/** `node --import ./register.mjs out/main/index.js`: makes `electron` mean the stand-in, for import and for require. */

import Module, { register } from 'node:module'

const url = new URL('./electron.mjs', import.meta.url).href
const hooks = `export const resolve = (specifier, context, next) =>
  specifier === 'electron' ? { url: ${JSON.stringify(url)}, format: 'module', shortCircuit: true } : next(specifier, context)`
register(`data:text/javascript,${encodeURIComponent(hooks)}`)

const electron = await import('./electron.mjs')
const loader = /** @type {any} */ (Module)
const load = loader._load
loader._load = (/** @type {string} */ request, /** @type {unknown[]} */ ...rest) =>
  request === 'electron' ? electron : load.call(loader, request, ...rest)
