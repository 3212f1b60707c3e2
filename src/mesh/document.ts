// The mesh as JSON: the shape that /status and `headcni mesh -o json` give. An interface. Pure.

import type { ConflictKind } from "./conflicts.ts";
import type { Mesh } from "./mesh.ts";
import type { RouteState } from "./proof/verdict.ts";
import type { MeshRow } from "./rows.ts";

export type MeshDocument = {
  /** The node that was asked first, then by name. */
  readonly nodes: readonly MeshNodeDocument[];
  readonly conflicts: readonly ConflictDocument[];
};

export type MeshNodeDocument = {
  readonly name: string;
  /** Whether it is the node that was asked; it says path and RTT of the others alone. */
  readonly self: boolean;
  /** Of a node that is offline or not approved what it served last. */
  readonly podCIDRs: readonly string[];
  /** Of another that serves nothing what it offers, as far as that is known. */
  readonly waitingPodCIDRs: readonly string[];
  readonly tailnetAddresses: readonly string[];
  readonly online: boolean;
  readonly path: "direct" | "relay" | "unknown";
  /** The relay's name, with `path: relay`. */
  readonly relay: string | null;
  readonly rttSeconds: number | null;
  readonly route: RouteState;
  /** Since when it is online or not, with these PodCIDRs and this route; RFC 3339. */
  readonly since: string;
};

export type ConflictDocument = {
  readonly kind: ConflictKind;
  readonly podCIDR: string;
  readonly node: string;
  readonly route: string;
  readonly servedBy: string | null;
};

export function encodeMesh(rows: readonly MeshRow[], conflicts: Mesh["conflicts"]): MeshDocument {
  return {
    nodes: rows.map(encodeRow),
    conflicts: conflicts.map(({ kind, podCIDR, node, route, servedBy }) => {
      return { kind, podCIDR: podCIDR.toString(), node, route: route.toString(), servedBy: servedBy ?? null };
    }),
  };
}

function encodeRow({ node, rttMs, route, sinceMs }: MeshRow): MeshNodeDocument {
  return {
    name: node.name,
    self: node.isSelf,
    podCIDRs: node.podCIDRs.map(String),
    waitingPodCIDRs: node.waiting.map(String),
    tailnetAddresses: node.addresses.map(String),
    online: node.isOnline,
    path: node.path.kind,
    relay: node.path.kind === "relay" ? node.path.relay : null,
    rttSeconds: rttMs === undefined ? null : Math.round(rttMs * 10) / 10_000,
    route,
    since: new Date(sinceMs).toISOString(),
  };
}
