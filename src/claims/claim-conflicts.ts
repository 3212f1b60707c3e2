// Which other nodes lay claim to a node's PodCIDRs, and in which order. Pure.

import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Prefix } from "../cidr/prefix.ts";

/** Another node of the tailnet, by what it serves and offers. */
export interface PeerClaims {
  readonly id: string;
  readonly name: string;
  readonly isOnline: boolean;
  /** Whether it has been away for so long that its range is free where no other is. */
  readonly isStale: boolean;
  readonly primaryRoutes: readonly Prefix[];
  readonly advertisedRoutes: readonly Prefix[];
  /** What it offered last, where it offers nothing now: its pods may still have addresses in there. */
  readonly withdrawnRoutes: readonly Prefix[];
}

/** What is known of the tailnet: this node's own place in the order, and all others. */
export interface ClaimMap {
  readonly selfId: string;
  readonly peers: readonly PeerClaims[];
}

export interface ClaimConflict {
  readonly id: string;
  readonly name: string;
  readonly isOnline: boolean;
  /** The range that shares addresses with this node's PodCIDRs. */
  readonly route: Prefix;
  /** Whether the control server lets it serve the range, it offers to, or has offered to and has nothing in its place. */
  readonly does: "serves" | "offers" | "offered";
  /** Whether it comes before this node in the order of ids. */
  readonly isFirst: boolean;
}

export interface FindClaimConflictsOptions {
  readonly podCIDRs: PodCIDRs;
  /** The ranges blocks are chosen from: what is around one of them tells no block from another. */
  readonly bases: readonly Prefix[];
}

/** One a node, those that serve first. A node that is long gone is none. */
export function findClaimConflicts(
  { selfId, peers }: ClaimMap,
  { podCIDRs, bases }: FindClaimConflictsOptions,
): readonly ClaimConflict[] {
  const find = (routes: readonly Prefix[]): Prefix | undefined =>
    routes.find((route) => podCIDRs.overlaps(route) && !isAround(route, bases));
  const conflicts = peers.flatMap(({ id, name, isOnline, isStale, ...routes }): ClaimConflict[] => {
    if (isStale) return [];
    const said = { id, name, isOnline, isFirst: isBefore(id, selfId) };
    const served = find(routes.primaryRoutes);
    if (served !== undefined) return [{ ...said, route: served, does: "serves" }];
    const offered = find(routes.advertisedRoutes);
    if (offered !== undefined) return [{ ...said, route: offered, does: "offers" }];
    const withdrawn = find(routes.withdrawnRoutes);
    return withdrawn === undefined ? [] : [{ ...said, route: withdrawn, does: "offered" }];
  });
  return conflicts.toSorted((a, b) => order.indexOf(a.does) - order.indexOf(b.does));
}

const order: readonly ClaimConflict["does"][] = ["serves", "offers", "offered"];

/** An exit node's default route, or a router's to more than the cluster's range: it takes no block from anyone. */
export function isAround(route: Prefix, bases: readonly Prefix[]): boolean {
  return route.bits === 0 || bases.some((base) => route.bits <= base.bits && route.contains(base));
}

/** Ids that the control server counts up, as text; others in any order that all nodes agree on. */
function isBefore(a: string, b: string): boolean {
  return a.length === b.length ? a < b : a.length < b.length;
}
