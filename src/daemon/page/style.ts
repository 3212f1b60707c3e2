// The page's style sheet: light and dark, wide and narrow. It names no other resource.

export const style = `
:root { color-scheme: light dark; --back: #fff; --text: #1b1f24; --soft: #57606a; --line: #d0d7de; --card: #f6f8fa;
  --ok: #116329; --warning: #7a4d00; --bad: #a40e26; --link: #0550ae; --relay: #8250df; }
@media (prefers-color-scheme: dark) { :root { --back: #0d1117; --text: #e6edf3; --soft: #9ea7b3; --line: #3d444d;
  --card: #161b22; --ok: #56d364; --warning: #e3b341; --bad: #ff8b82; --link: #79c0ff; --relay: #d2a8ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
a { color: var(--link); }
h1 { margin: 0; font-size: 1.5rem; }
h2 { margin: 1.5rem 0 .5rem; font-size: 1.15rem; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.facts, .stale, #live { color: var(--soft); }
.badge { display: inline-block; margin: .25rem 0; padding: 0 .6rem; border: 1px solid currentColor; border-radius: 1rem;
  font-size: .85rem; }
.ok { color: var(--ok); }
.badge.warning { color: var(--warning); }
.bad, .badge.error { color: var(--bad); }
.conditions { list-style: none; padding: 0; }
.conditions li { margin: .5rem 0; padding: .25rem 1rem; border-left: 4px solid var(--line); background: var(--card); }
.conditions li.warning { border-color: var(--warning); }
.conditions li.error { border-color: var(--bad); }
.conditions p { margin: .25rem 0; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
td { white-space: nowrap; }
thead th { color: var(--soft); font-weight: 600; }
dl { margin: 0; }
dl div { display: grid; grid-template-columns: 10rem 1fr; gap: .5rem; padding: .2rem 0; border-bottom: 1px solid var(--line); }
dt { color: var(--soft); }
dd { margin: 0; }
svg { display: block; width: 100%; max-height: 80vh; }
svg text { fill: var(--text); font: 13px system-ui, sans-serif; text-anchor: middle; }
svg .cidr, svg .rtt { fill: var(--soft); font-size: 11px; }
svg text { paint-order: stroke; stroke: var(--back); stroke-width: 4px; }
.way { stroke: var(--ok); stroke-width: 2; }
.way.relay { stroke: var(--relay); }
.way.idle { stroke: var(--soft); stroke-width: 1; }
.way.offline { stroke: var(--line); stroke-dasharray: 2 6; }
.way.silent, .way.unapproved { stroke: var(--bad); stroke-dasharray: 8 5; }
.node circle { fill: var(--card); stroke: var(--ok); stroke-width: 3; }
.node.self circle { fill: var(--link); stroke: var(--link); }
.node.relay circle { stroke: var(--relay); }
.node.idle circle { stroke: var(--soft); }
.node.offline circle { stroke: var(--line); }
.node.silent circle, .node.unapproved circle, .node.conflict circle { stroke: var(--bad); }
.key { display: flex; flex-wrap: wrap; gap: 1rem; margin: 0; padding: 0; list-style: none; font-size: .85rem; }
.key li::before { content: ""; display: inline-block; width: 1.5rem; margin-right: .4rem; vertical-align: middle;
  border-top: 3px solid var(--ok); }
.key .relay::before { border-color: var(--relay); }
.key .idle::before { border-color: var(--soft); }
.key .offline::before { border-top: 3px dotted var(--line); }
.key .silent::before { border-top: 3px dashed var(--bad); }
@media (max-width: 40rem) {
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { display: block; margin: .75rem 0; padding: .5rem; background: var(--card); }
  th[scope=row], td { display: grid; grid-template-columns: 6rem 1fr; gap: .5rem; border: 0; padding: .1rem 0; }
  td { white-space: normal; }
  svg text { font-size: 17px; }
  svg .cidr, svg .rtt { font-size: 14px; }
  td::before { content: attr(data-label); color: var(--soft); }
  th[scope=row] { display: block; }
  dl div { grid-template-columns: 1fr; gap: 0; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
`;
