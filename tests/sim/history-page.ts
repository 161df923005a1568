/**
 * A run as one HTML page, whole in itself: time goes across, each machine has a lane, each file shows where its copies lay.
 * Below, the same as tables, for whoever does not see the picture. No script: it is read, mailed and printed as it is.
 */

import { duration } from './campaign.ts'
import type { FileHistory, History, MachineHistory, MachineLook, Moment, Span } from './history.ts'
import { pageStyle } from './history-style.ts'
import type { HappeningKind } from './observer.ts'

export interface PageHead {
  readonly title: string
  /** Lines on the plan and the outcome. */
  readonly lines: readonly string[]
  readonly flaw: string | null
}

/** Widths and heights of the picture, in its own units. */
const size = { label: 96, across: 1100, lane: 18, bar: 10, axis: 40 } as const
/** A page with the copies of more files than this would be scrolled, not read: the others are folded. */
const filesOpen = 8

const marks: Readonly<Record<HappeningKind, { readonly path: string; readonly word: string }>> = {
  phase: { path: '', word: 'phase' },
  flaw: { path: 'M-5-5L5 5M-5 5L5-5', word: 'flaw' },
  fault: { path: 'M-4-4L4 4M-4 4L4-4', word: 'fault' },
  join: { path: 'M-3-5L4 0L-3 5Z', word: 'joins or restarts' },
  leave: { path: 'M3-5L-4 0L3 5Z', word: 'leaves' },
  store: { path: 'M0-5L5 4L-5 4Z', word: 'stores' },
  request: { path: 'M0-5L4.5 0L0 5L-4.5 0Z', word: 'requests' },
  remove: { path: 'M-4-4H4V4H-4Z', word: 'removes' },
}

/** The page's text. */
export function historyPage(history: History, head: PageHead): string {
  const machines = [...history.machines.values()]
  const files = [...history.files.values()]
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escape(head.title)}</title>
<style>${pageStyle}</style>
<main>
<h1>${escape(head.title)}</h1>
${head.lines.map((line) => `<p>${escape(line)}</p>`).join('\n')}
<p class="${head.flaw ? 'flawed' : 'sound'}">${escape(head.flaw ?? 'No flaw.')}</p>
<h2>Machines</h2>
${legend(history)}
${machinePicture(history, machines)}
${files.length > 0 ? `<h2>Copies</h2>\n${files.map((file, index) => fileSection(history, file, index < filesOpen)).join('\n')}` : ''}
<h2>The same in words</h2>
${happenings(history.moments)}
${machineTable(machines)}
${files.length > 0 ? fileTable(files) : ''}
</main>
</html>
`
}

function machinePicture(history: History, machines: readonly MachineHistory[]): string {
  const height = size.axis + machines.length * size.lane + 4
  const x = scale(history)
  const rows = new Map(machines.map((machine, index) => [machine.name, size.axis + (index + 0.5) * size.lane]))
  const lanes = machines.map(({ name, spans }) => {
    const y = rows.get(name) ?? 0
    const bars = spans.map((span) => bar(x, y, { span, ...look(span.what), text: `${name} ${words(span.what)}` }))
    return `<text class="label" x="${size.label - 8}" y="${y + 4}">${escape(name)}</text>${bars.join('')}`
  })
  const found = history.moments.flatMap((moment) => mark(x(moment.at), rows.get(moment.machine ?? ''), moment))
  return `<svg viewBox="0 0 ${size.label + size.across + 8} ${height}" role="img" aria-label="Machines over time; the tables below say the same">
${axis(history, height)}
${lanes.join('\n')}
${found.join('\n')}
</svg>`
}

function fileSection(history: History, file: FileHistory, open: boolean): string {
  const holders = [...file.holders]
  const height = size.axis + (holders.length + 1) * size.lane + 4
  const x = scale(history)
  const count = file.copies.map((span) => {
    const y = size.axis + size.lane / 2
    const wide = x(span.to) - x(span.from) > 10
    const number = wide ? `<text class="count" x="${fixed(x(span.from) + 3)}" y="${y + 4}">${span.what}</text>` : ''
    return bar(x, y, { span, name: span.what === 0 ? 'none' : 'count', text: `${span.what} copies` }) + number
  })
  const lanes = holders.map(([holder, spans], index) => {
    const y = size.axis + (index + 1.5) * size.lane
    const bars = having(spans).map((span) => bar(x, y, { span, name: 'copy', text: `${holder} has a copy` }))
    return `<text class="label" x="${size.label - 8}" y="${y + 4}">${escape(holder)}</text>${bars.join('')}`
  })
  return `<details${open ? ' open' : ''}><summary>${escape(file.name)}</summary>
<svg viewBox="0 0 ${size.label + size.across + 8} ${height}" role="img" aria-label="Copies of ${escape(file.name)} over time">
${axis(history, height)}
<text class="label" x="${size.label - 8}" y="${size.axis + size.lane / 2 + 4}">copies</text>${count.join('')}
${lanes.join('\n')}
</svg></details>`
}

/** When a machine had a copy. */
function having(spans: readonly Span<boolean>[]): Span<boolean>[] {
  return spans.filter((span) => span.what)
}

type Scale = (at: number) => number

function scale(history: History): Scale {
  const end = Math.max(history.end, 1)
  return (at) => size.label + (at / end) * size.across
}

/** Seconds across the top, and where the run's phases begin. */
function axis(history: History, height: number): string {
  const x = scale(history)
  const steps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600]
  const step = (steps.find((seconds) => history.end / 1000 / seconds <= 12) ?? 7200) * 1000
  const lines: string[] = []
  for (let at = 0; at <= history.end; at += step) {
    lines.push(`<line class="grid" x1="${fixed(x(at))}" x2="${fixed(x(at))}" y1="${size.axis - 6}" y2="${height}"/>`)
    lines.push(`<text class="tick" x="${fixed(x(at))}" y="${size.axis - 10}">${at / 1000} s</text>`)
  }
  for (const { at, kind, text } of history.moments) {
    if (kind !== 'phase' && kind !== 'flaw') continue
    const name = kind === 'flaw' ? 'flaw-line' : 'phase-line'
    const anchor = x(at) > size.label + 0.9 * size.across ? 'end' : 'middle'
    lines.push(`<line class="${name}" x1="${fixed(x(at))}" x2="${fixed(x(at))}" y1="14" y2="${height}"/>`)
    if (kind === 'phase') lines.push(`<text class="tick" style="text-anchor: ${anchor}" x="${fixed(x(at))}" y="10">${escape(text)}</text>`)
  }
  return lines.join('')
}

interface Bar {
  readonly span: Span<unknown>
  /** The look of style.ts. */
  readonly name: string
  readonly half?: 'upper' | 'lower'
  readonly text: string
}

function bar(x: Scale, y: number, { span, name, half, text }: Bar): string {
  const width = Math.max(0.8, x(span.to) - x(span.from))
  const top = half === 'lower' ? y : y - size.bar / 2
  const height = half ? size.bar / 2 : size.bar
  const title = `<title>${escape(text)}, ${seconds(span.from)} to ${seconds(span.to)}</title>`
  return `<rect class="${name}" x="${fixed(x(span.from))}" y="${top}" width="${fixed(width)}" height="${height}">${title}</rect>`
}

function mark(x: number, y: number | undefined, { kind, text, at }: Moment): string[] {
  const { path } = marks[kind]
  if (y === undefined || path === '') return []
  return [
    `<path class="mark ${kind}" transform="translate(${fixed(x)} ${y})" d="${path}"><title>${seconds(at)} ${escape(text)}</title></path>`,
  ]
}

/** While the network is split, each part has its half of a lane's height. */
function look({ state, part }: MachineLook): { readonly name: string; readonly half?: 'upper' | 'lower' } {
  return part === null ? { name: state } : { name: state, half: part % 2 === 0 ? 'upper' : 'lower' }
}

function words({ state, part }: MachineLook): string {
  return part === null ? state : `${state}, in part ${part + 1} of a split network`
}

/** Only what this run has. */
function legend(history: History): string {
  const looks = new Map<string, MachineLook>()
  for (const { spans } of history.machines.values()) {
    for (const { what } of spans) if (what.state !== 'left') looks.set(words(what), what)
  }
  const kinds = new Set(history.moments.filter((moment) => moment.machine).map((moment) => moment.kind))
  const span = { from: 0, to: 20, what: null }
  const boxes = [...looks].sort().map(([text, what]) => {
    const drawn = bar((at) => at, size.bar / 2, { span, ...look(what), text })
    return `<span><svg viewBox="0 0 20 ${size.bar}" width="20" height="${size.bar}">${drawn}</svg> ${text}</span>`
  })
  const signs = [...kinds].map(
    (kind) =>
      `<span><svg viewBox="-7 -7 14 14" width="14" height="14"><path class="mark ${kind}" d="${marks[kind].path}"/></svg> ${marks[kind].word}</span>`,
  )
  return `<p class="legend">${[...boxes, ...signs].join(' ')}</p>`
}

function happenings(moments: readonly Moment[]): string {
  const rows = moments.map(({ at, machine, kind, text }) => [seconds(at), machine ?? 'all', marks[kind].word, text])
  return table('What happened', ['when', 'machine', 'kind', 'what'], rows)
}

function machineTable(machines: readonly MachineHistory[]): string {
  const rows = machines.flatMap(({ name, id, spans }) =>
    spans.map(({ from, to, what }) => [name, id.length > 12 ? `${id.slice(0, 12)}…` : id, seconds(from), seconds(to), words(what)]),
  )
  return table('Machines', ['machine', 'id', 'from', 'to', 'state'], rows)
}

function fileTable(files: readonly FileHistory[]): string {
  const rows = files.flatMap(({ name, holders }) =>
    [...holders].flatMap(([holder, spans]) => having(spans).map(({ from, to }) => [name, holder, seconds(from), seconds(to)])),
  )
  return table('Copies', ['file', 'machine', 'from', 'to'], rows)
}

function table(caption: string, columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, row: readonly string[]) => `<tr>${row.map((cell) => `<${tag}>${escape(cell)}</${tag}>`).join('')}</tr>`
  return `<details><summary>${caption} (${rows.length})</summary>
<table><thead>${cells('th', columns)}</thead><tbody>
${rows.map((row) => cells('td', row)).join('\n')}
</tbody></table></details>`
}

function seconds(ms: number): string {
  return ms < 600_000 ? `${(ms / 1000).toFixed(2)} s` : duration(ms / 1000)
}

function fixed(value: number): string {
  return value.toFixed(1)
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
