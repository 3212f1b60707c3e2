// The mesh as a drawing for the page: the node that was asked in the middle, the others in rings around it, a line for each way. What
// the drawing says stands in the page's table, too. Pure.

import type { MeshDocument, MeshNodeDocument } from "../../mesh/document.ts";
import { pathWords, rttWords } from "../../mesh/graph.ts";
import { type Html, html, nothing } from "./html.ts";

/** In units of the drawing: radius of the first ring, distance of the next ones, room a node takes on its ring. */
const ring = { first: 160, step: 110, room: 120 };
/** With more nodes, PodCIDRs and round trips would lie on names; the table has them. */
const mostWithDetails = 24;
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
  const wide = extent(places.map(({ x }) => x));
  const high = extent(places.map(({ y }) => y));
  const isDetailed = others.length <= mostWithDetails;
  const inConflict = new Set(conflicts.flatMap(({ node, servedBy }) => [node, servedBy ?? ""]));
  const drawn = others.map((node, at) => ({ node, at: places[at] ?? { x: 0, y: 0 } }));
  return html`<svg viewBox="${-wide} ${-high} ${2 * wide} ${2 * high}" role="img" aria-labelledby="graph-title graph-text">
<title id="graph-title">The mesh as ${self.name} sees it</title>
<desc id="graph-text">${inWords(others)}</desc>
${drawn.map(({ node, at }) => drawWay(node, at, isDetailed))}
${drawn.map(({ node, at }) => drawNode(node, at, { inConflict, isDetailed }))}
${drawNode(self, { x: 0, y: 0 }, { inConflict, isDetailed })}
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

interface Look {
  readonly inConflict: ReadonlySet<string>;
  readonly isDetailed: boolean;
}

function drawNode(node: MeshNodeDocument, { x, y }: Point, { inConflict, isDetailed }: Look): Html {
  const state = `${node.self ? "self" : wayOf(node)} ${node.route}${inConflict.has(node.name) ? " conflict" : ""}`;
  const words = [node.podCIDRs.join(", ") || "no PodCIDR", node.self ? "this node" : pathWords(node), node.route];
  // Away from the middle, where the lines are.
  const below = y < 0 ? y - 34 : y + 28;
  const name = node.name.length > longestName ? `${node.name.slice(0, longestName - 1)}…` : node.name;
  return html`<g class="node ${state}"><title>${node.name}: ${words.join(", ")}</title>
<circle cx="${x}" cy="${y}" r="${node.self ? 14 : 10}"/><text x="${x}" y="${below}">${name}</text>
${isDetailed ? html`<text class="cidr" x="${x}" y="${below + 15}">${node.podCIDRs[0] ?? "-"}</text>` : nothing}</g>`;
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

/** From the middle to the border, in both directions the same. */
function extent(places: readonly number[]): number {
  return round(Math.max(0, ...places.map(Math.abs)) + margin);
}

/** Evenly within each ring, the first one on the left; the last ring's nodes share all of it. */
function placesInRings(count: number): readonly Point[] {
  const places: Point[] = [];
  for (let at = 0; places.length < count; at += 1) {
    const inRing = Math.min(roomIn(at), count - places.length);
    for (let index = 0; index < inRing; index += 1) {
      // Every second ring is turned by half a place, so that names of neighbouring rings do not meet.
      const turned = (at + (isBelowMiddle(inRing) ? 1 : 0)) % 2;
      const angle = (2 * Math.PI * (index + turned / 2)) / inRing + Math.PI;
      places.push({ x: round(ringRadius(at) * Math.cos(angle)), y: round(ringRadius(at) * Math.sin(angle)) });
    }
  }
  return places;
}

/** Whether one of so many, beginning on the left, is right below the middle, where the name of that stands. */
function isBelowMiddle(count: number): boolean {
  return count % 4 === 0;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
