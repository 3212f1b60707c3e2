// The nodes of the mesh with what is known of their routes, and since when they are so. Pure but for the clock that is handed in.

import { equalLists } from "../cidr/equal-lists.ts";
import type { System } from "../sys/system.ts";
import type { MeshNode } from "./mesh.ts";
import type { MeshVerdict, RouteState } from "./proof/verdict.ts";

export interface MeshRow {
  readonly node: MeshNode;
  readonly route: RouteState;
  /** To the node and back, from gateway to gateway. */
  readonly rttMs: number | undefined;
  readonly sinceMs: number;
}

/** Makes rows; it remembers when each node's state began. */
export function createRows({ clock }: Pick<System, "clock">) {
  let known = new Map<string, MeshRow>();
  return (nodes: readonly MeshNode[], proofs: MeshVerdict | undefined): readonly MeshRow[] => {
    const nowMs = clock.now();
    const rows = nodes.map((node): MeshRow => {
      const route = routeOf(node, proofs);
      const before = known.get(node.id);
      const sinceMs = before?.route === route && isSameState(before.node, node) ? before.sinceMs : nowMs;
      return { node, route, rttMs: proofs?.peers.get(node.id)?.rttMs, sinceMs };
    });
    known = new Map(rows.map((row) => [row.node.id, row]));
    return rows;
  };
}

function isSameState(a: MeshNode, b: MeshNode): boolean {
  return a === b || (a.isOnline === b.isOnline && equalLists(a.podCIDRs, b.podCIDRs));
}

/** Of an offline node nothing is known; one that is there and serves nothing was not approved; of the others packets tell. */
function routeOf({ id, isSelf, isOnline, isServing }: MeshNode, proofs: MeshVerdict | undefined): RouteState {
  if (isSelf) return proofs?.own.route ?? "unknown";
  if (!isOnline) return "unknown";
  return isServing ? (proofs?.peers.get(id)?.route ?? "unknown") : "unapproved";
}
