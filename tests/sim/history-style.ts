/** Colours and lines of the history page, light and dark. What differs in meaning differs in shape or shade too, not in hue alone. */

export const pageStyle = `
:root { --paper: #fbfaf8; --ink: #23211f; --faint: #6b665f; --grid: #e6e2dc; --member: #3d7f5f; --joining: #b9d8c8;
  --asleep: #c9c2b6; --down: #b3402f; --copy: #7a5aa6; --count: #ddd3ec; --mark: #23211f; --phase: #8a8378; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #1b1a19; --ink: #ece8e2; --faint: #a39c92; --grid: #34312e; --member: #5fae88; --joining: #2f5744;
    --asleep: #57524b; --down: #e27160; --copy: #b193e0; --count: #43365a; --mark: #f6f3ee; --phase: #8f877c; }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif }
main { max-width: 1240px; margin: 0 auto; padding: 24px 20px 60px }
h1 { font-size: 22px; margin: 0 0 8px } h2 { font-size: 17px; margin: 28px 0 8px }
p { margin: 2px 0 } .flawed { color: var(--down); font-weight: 600 } .sound { color: var(--member); font-weight: 600 }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; color: var(--faint); font-size: 13px; margin: 6px 0 10px }
.legend svg { display: inline; width: auto; vertical-align: -1px }
svg { display: block; width: 100%; height: auto }
text { font: 11px system-ui, sans-serif; fill: var(--ink) }
.label { text-anchor: end } .tick { text-anchor: middle; fill: var(--faint) } .count { font-size: 10px }
.grid { stroke: var(--grid) } .phase-line { stroke: var(--phase); stroke-dasharray: 4 3 } .flaw-line { stroke: var(--down); stroke-width: 2 }
.member { fill: var(--member) } .joining { fill: var(--joining) } .asleep { fill: var(--asleep) }
.down { fill: none; stroke: var(--down); stroke-width: 1; stroke-dasharray: 2 2 } .left { fill: none }
.copy { fill: var(--copy) } .count { fill: var(--count) } text.count { fill: var(--ink) } .none { fill: var(--down) }
.mark { fill: var(--mark); stroke: var(--paper); stroke-width: 1 } .mark.fault, .mark.flaw { fill: none; stroke: var(--down); stroke-width: 2 }
details { margin: 8px 0 } summary { cursor: pointer; padding: 4px 0 }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: 2px 14px 2px 0; border-bottom: 1px solid var(--grid) } th { color: var(--faint); font-weight: 500 }
@media print { details > * { display: block } }
`
