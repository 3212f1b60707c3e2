// The mesh as a picture: the node that was asked, and how it reaches the others. Pure.

import type { MeshDocument, MeshNodeDocument } from "./document.ts";

/** For Graphviz: `dot -Tsvg`. */
export function toDot(mesh: MeshDocument): string {
  const { self, others } = parts(mesh);
  const quote = (text: string): string => `"${text.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n")}"`;
  return lines([
    "graph headcni {",
    "  node [shape=box];",
    ...mesh.nodes.map((node) => `  ${quote(node.name)} [label=${quote(nodeLabel(node))}${dashed(!node.online)}];`),
    ...others.map((node) => {
      return `  ${quote(self)} -- ${quote(node.name)} [label=${quote(edgeLabel(node))}${dashed(!isLive(node))}];`;
    }),
    ...mesh.conflicts.map(({ kind, node, podCIDR, route, servedBy }) => {
      const label = quote(`${kind}: ${podCIDR} and ${route}`);
      return `  ${quote(node)} -- ${quote(servedBy ?? theTailnet)} [label=${label}, color=red, constraint=false];`;
    }),
    "}",
  ]);
}

/** For Mermaid, which Markdown pages show. */
export function toMermaid(mesh: MeshDocument): string {
  const { others } = parts(mesh);
  const quote = (text: string): string => `"${text.replaceAll('"', "#quot;").replaceAll("\n", "<br/>")}"`;
  const ids = new Map(mesh.nodes.map(({ name }, at) => [name, `n${at}`]));
  /** What is in the way of a PodCIDR can belong to a stranger. */
  const ends = mesh.conflicts.map(({ servedBy }) => servedBy ?? theTailnet);
  const strangers = [...new Set(ends.filter((name) => !ids.has(name)))];
  for (const [at, name] of strangers.entries()) ids.set(name, `x${at}`);
  return lines([
    "graph LR",
    ...mesh.nodes.map((node) => `  ${ids.get(node.name)}[${quote(nodeLabel(node))}]`),
    ...strangers.map((name) => `  ${ids.get(name)}([${quote(name)}])`),
    ...others.map((node) => `  n0 ${isLive(node) ? "---" : "-.-"}|${quote(edgeLabel(node))}| ${ids.get(node.name)}`),
    ...mesh.conflicts.map(({ kind, node, podCIDR, route, servedBy }) => {
      return `  ${ids.get(node)} x--x|${quote(`${kind}: ${podCIDR} and ${route}`)}| ${ids.get(servedBy ?? theTailnet)}`;
    }),
  ]);
}

const theTailnet = "the tailnet";

/** How the node is reached, in a few words. */
export function pathWords({ online, path, relay }: MeshNodeDocument): string {
  if (!online) return "offline";
  return path === "relay" ? `relay ${relay ?? ""}`.trimEnd() : path === "unknown" ? "idle" : path;
}

export function rttWords({ rttSeconds }: MeshNodeDocument): string {
  return rttSeconds === null ? "-" : `${(rttSeconds * 1000).toFixed(1)} ms`;
}

function parts({ nodes }: MeshDocument) {
  const self = nodes.find((node) => node.self)?.name ?? "";
  return { self, others: nodes.filter((node) => !node.self) };
}

function nodeLabel({ name, podCIDRs }: MeshNodeDocument): string {
  return [name, ...podCIDRs].join("\n");
}

function edgeLabel(node: MeshNodeDocument): string {
  const route = node.online && node.route !== "unknown" ? [node.route] : [];
  return [pathWords(node), ...(node.rttSeconds === null ? [] : [rttWords(node)]), ...route].join(", ");
}

function isLive({ online, route }: MeshNodeDocument): boolean {
  return online && (route === "live" || route === "unknown");
}

function dashed(is: boolean): string {
  return is ? ", style=dashed" : "";
}

function lines(list: readonly string[]): string {
  return `${list.join("\n")}\n`;
}
