// The mesh as a drawing for the page: the node that was asked in the middle, the others in rings around it, a line for each way. What
// the drawing says stands in the page's table, too. Pure.

import type { MeshDocument, MeshNodeDocument } from "../../mesh/document.ts";
import { pathWords, rttWords } from "../../mesh/graph.ts";
import { type Html, html, nothing } from "./html.ts";

/** In units of the drawing: radius of the first ring, distance of the next ones, room a node takes on its ring. */
const ring = { first: 160, step: 110, room: 120 };
/** With more nodes, names and round trips would lie on each other. */
const mostWithRtt = 24;
const longestName = 16;
const margin = 85;

interface Point {
  readonly x: number;
  readonly y: number;
}

/** SVG of its own size; nothing while no node is known. */
export function drawMesh({ nodes, conflicts }: MeshDocument): Html {
  const [self] = nodes.filter((node) => node.self);
  if (self === undefined) return nothing;
  const others = nodes.filter((node) => !node.self);
  const places = placesInRings(others.length);
  const reach = ringRadius(ringOf(others.length - 1)) + margin;
  const inConflict = new Set(conflicts.flatMap(({ node, servedBy }) => [node, servedBy ?? ""]));
  const drawn = others.map((node, at) => ({ node, at: places[at] ?? { x: 0, y: 0 } }));
  return html`<svg viewBox="${-reach} ${-reach} ${2 * reach} ${2 * reach}" role="img" aria-labelledby="graph-title graph-text">
<title id="graph-title">The mesh as ${self.name} sees it</title>
<desc id="graph-text">${inWords(others)}</desc>
${drawn.map(({ node, at }) => drawWay(node, at, others.length <= mostWithRtt))}
${drawn.map(({ node, at }) => drawNode(node, at, inConflict))}
${drawNode(self, { x: 0, y: 0 }, inConflict)}
</svg>`;
}

/** One sentence for who cannot see the drawing. */
function inWords(others: readonly MeshNodeDocument[]): string {
  const count = (way: string): number => others.filter((node) => wayOf(node) === way).length;
  const ways = ["direct", "relay", "idle", "offline"].map((way) => `${count(way)} ${way}`);
  return `${others.length} other nodes: ${ways.join(", ")}. The table below names them.`;
}

function drawWay(node: MeshNodeDocument, to: Point, isLabelled: boolean): Html {
  const label = isLabelled && node.rttSeconds !== null ? rttWords(node) : "";
  // Nearer to the other node, where the lines are apart.
  const at = { x: round(to.x * 0.58), y: round(to.y * 0.58) };
  const text = label === "" ? nothing : html`<text class="rtt" x="${at.x}" y="${at.y}">${label}</text>`;
  return html`<line class="way ${wayOf(node)} ${node.route}" x1="0" y1="0" x2="${to.x}" y2="${to.y}"/>${text}`;
}

function drawNode(node: MeshNodeDocument, { x, y }: Point, inConflict: ReadonlySet<string>): Html {
  const state = `${node.self ? "self" : wayOf(node)}${inConflict.has(node.name) ? " conflict" : ""}`;
  const words = [node.podCIDRs.join(", ") || "no PodCIDR", node.self ? "this node" : pathWords(node), node.route];
  // Away from the middle, where the lines are.
  const below = y < 0 ? y - 34 : y + 28;
  const name = node.name.length > longestName ? `${node.name.slice(0, longestName - 1)}…` : node.name;
  return html`<g class="node ${state}"><title>${node.name}: ${words.join(", ")}</title>
<circle cx="${x}" cy="${y}" r="${node.self ? 14 : 10}"/><text x="${x}" y="${below}">${name}</text>
<text class="cidr" x="${x}" y="${below + 15}">${node.podCIDRs[0] ?? "-"}</text></g>`;
}

/** `direct`, `relay`, `idle` or `offline`: the first word of what the commands say. */
function wayOf(node: MeshNodeDocument): string {
  const [word = ""] = pathWords(node).split(" ");
  return word;
}

function ringRadius(at: number): number {
  return ring.first + at * ring.step;
}

function roomIn(at: number): number {
  return Math.floor((2 * Math.PI * ringRadius(at)) / ring.room);
}

/** Which ring the node with this index is in. */
function ringOf(index: number): number {
  let left = index;
  let at = 0;
  while (left >= roomIn(at)) {
    left -= roomIn(at);
    at += 1;
  }
  return at;
}

/** Evenly within each ring, the first one at the top; the last ring's nodes share all of it. */
function placesInRings(count: number): readonly Point[] {
  const places: Point[] = [];
  for (let at = 0; places.length < count; at += 1) {
    const inRing = Math.min(roomIn(at), count - places.length);
    for (let index = 0; index < inRing; index += 1) {
      // Every second ring is turned by half a place, so that names of neighbouring rings do not meet.
      const angle = (2 * Math.PI * (index + (at % 2) / 2)) / inRing - Math.PI / 2;
      places.push({ x: round(ringRadius(at) * Math.cos(angle)), y: round(ringRadius(at) * Math.sin(angle)) });
    }
  }
  return places;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
