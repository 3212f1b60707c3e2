// What the page says, section by section, of a document of /status: the same values in the same words as `headcni status` and
// `headcni mesh`. Pure.

import type { ConflictDocument, MeshDocument, MeshNodeDocument } from "../../mesh/document.ts";
import { decodeMesh } from "../../mesh/document-schema.ts";
import { pathWords, rttWords } from "../../mesh/graph.ts";
import type { ConditionDocument, StatusDocument } from "../status.ts";
import { type Html, html, nothing } from "./html.ts";
import { drawMesh } from "./mesh-graph.ts";

/** In the order of the page. */
export const sectionNames = ["node", "conditions", "waiting", "mesh", "nodes", "agents"] as const;
export type SectionName = (typeof sectionNames)[number];
/** What stands in each. */
export type Sections = Readonly<Record<SectionName, Html>>;

export function pageSections(status: StatusDocument): Sections {
  const mesh = decodeMesh(status.agents.mesh?.status) ?? { nodes: [], conflicts: [] };
  return {
    node: nodeSection(status),
    conditions: conditionsSection(status.conditions),
    waiting: waitingSection(mesh),
    mesh: meshSection(mesh, status),
    nodes: nodesSection(mesh),
    agents: agentsSection(status),
  };
}

function nodeSection({ nodeName, ready, notReady, version, startedAt, pid }: StatusDocument): Html {
  const why = notReady.map((reason) => html`<li>${reason}</li>`);
  return html`<h1>${nodeName ?? "This node"}</h1>
<p class="badge ${ready ? "ok" : "bad"}">${ready ? "ready" : "not ready"}</p>
<p class="facts">headcni-daemon ${version}, process ${pid}, since ${time(startedAt)}</p>
${why.length === 0 ? nothing : html`<ul>${why}</ul>`}`;
}

function conditionsSection(conditions: readonly ConditionDocument[]): Html {
  const title = html`<h2>Conditions</h2>`;
  if (conditions.length === 0) return html`${title}<p>No conditions: all is well.</p>`;
  const items = conditions.map(({ severity, code, text, since }) => {
    return html`<li class="${severity}"><p><span class="badge ${severity}">${severity}</span> <strong>${code}</strong>
since ${time(since)}</p><p>${text}</p></li>`;
  });
  return html`${title}<ul class="conditions">${items}</ul>`;
}

/** What a person has to do at the control server. */
function waitingSection({ nodes }: MeshDocument): Html {
  const waiting = nodes.filter(({ route }) => route === "unapproved");
  if (waiting.length === 0) return nothing;
  const items = waiting.map(({ name, podCIDRs, waitingPodCIDRs }) => {
    const offered = waitingPodCIDRs.length > 0 ? waitingPodCIDRs : podCIDRs;
    return html`<li><strong>${name}</strong>: ${offered.join(", ") || "what it offers is not known"}</li>`;
  });
  return html`<h2>Routes waiting for approval</h2><ul>${items}</ul>`;
}

function meshSection(mesh: MeshDocument, status: StatusDocument): Html {
  const { staleBecause } = status.agents.mesh?.status ?? {};
  const why = typeof staleBecause === "string" ? staleBecause : undefined;
  const known = mesh.nodes.length > 0;
  const stale = why === undefined ? nothing : html`<p class="stale">This is what was known last: ${why}</p>`;
  const none = html`<p>No node is known yet: ${why ?? "the daemon has not seen a tailnet"}</p>`;
  const key = html`<ul class="key"><li class="direct">direct</li><li class="relay">by a relay</li>
<li class="idle">idle</li><li class="offline">offline</li><li class="silent">no way for pods</li></ul>`;
  return html`<h2>Mesh</h2>${known ? html`${stale}${drawMesh(mesh)}${key}` : none}${conflictTable(mesh.conflicts)}`;
}

function conflictTable(conflicts: readonly ConflictDocument[]): Html {
  if (conflicts.length === 0) return nothing;
  const rows = conflicts.map(({ kind, node, podCIDR, route, servedBy }) => {
    return [kind, podCIDR, node, route, servedBy ?? "-"];
  });
  return html`<h3>Conflicts</h3>${table("Conflicts", ["conflict", "podCIDR", "of node", "route", "served by"], rows)}`;
}

function nodesSection({ nodes }: MeshDocument): Html {
  if (nodes.length === 0) return nothing;
  const headings = ["node", "podCIDRs", "address", "path", "rtt", "route", "since"];
  const rows = nodes.map((node) => nodeCells(node));
  return html`<h2>Nodes</h2>${table("Nodes", headings, rows)}`;
}

function nodeCells(node: MeshNodeDocument): readonly string[] {
  return [
    node.name,
    node.podCIDRs.join(", ") || "-",
    node.tailnetAddresses.join(", ") || "-",
    node.self ? "this node" : pathWords(node),
    rttWords(node),
    node.route,
    node.since,
  ];
}

function agentsSection({ agents }: StatusDocument): Html {
  const facts = Object.values(agents).flatMap(({ summary }) => Object.entries(summary));
  const rows = facts.map(([label, text]) => html`<div><dt>${label}</dt><dd>${text}</dd></div>`);
  return html`<h2>Status</h2><dl>${rows}</dl>
<p>The same as documents: <a href="/status">/status</a>, <a href="/metrics">/metrics</a></p>`;
}

/** A narrow screen shows each row as a card, with the headings beside the cells; a wide table scrolls, by keyboard too. */
function table(label: string, headings: readonly string[], rows: readonly (readonly string[])[]): Html {
  const head = headings.map((heading) => html`<th scope="col">${heading}</th>`);
  const body = rows.map(([first = "", ...cells]) => {
    const others = cells.map((cell, at) => html`<td data-label="${headings[at + 1] ?? ""}">${cell}</td>`);
    return html`<tr><th scope="row">${first}</th>${others}</tr>`;
  });
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">
<table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function time(rfc3339: string): Html {
  return html`<time datetime="${rfc3339}">${rfc3339}</time>`;
}
