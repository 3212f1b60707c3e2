// Which peers of the tailnet are nodes of the cluster, and which of their routes are PodCIDRs: a tailnet has laptops, exit nodes and
// routers to other networks, too. Pure.

import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Prefix } from "../cidr/prefix.ts";
import { isPrivate } from "../cidr/private.ts";

/** What is known of the cluster on this node. */
export interface ClusterRule {
  readonly own: PodCIDRs;
  /** At most one of a family; empty when nothing says them. */
  readonly clusterCIDRs: readonly Prefix[];
  /** Tags of the cluster's nodes; empty: they are told by what they serve. */
  readonly nodeTags: readonly string[];
}

export function carriesNodeTag({ tags }: { readonly tags: readonly string[] }, nodeTags: readonly string[]): boolean {
  return tags.some((tag) => nodeTags.includes(tag));
}

/** Those of a peer's routes that are PodCIDRs, in order, host bits cleared. */
export function podRoutesOf(routes: readonly Prefix[], rule: ClusterRule): readonly Prefix[] {
  const masked = routes.map((route) => route.masked()).filter((route) => isPodCIDR(route, rule));
  if (masked.length < 2) return masked;
  return masked.toSorted((a, b) => a.compare(b)).filter((route, at, sorted) => sorted[at - 1]?.equals(route) !== true);
}

/**
 * Inside of the cluster's CIDR and less than all of it; where that is not known, a private range: any one of a node that was told by
 * its tag, else one of the length that this node's own block has.
 */
function isPodCIDR(route: Prefix, { own, clusterCIDRs, nodeTags }: ClusterRule): boolean {
  const clusterCIDR = clusterCIDRs.find(({ family }) => family === route.family);
  if (clusterCIDR !== undefined) return clusterCIDR.contains(route) && route.bits > clusterCIDR.bits;
  if (!isPrivate(route)) return false;
  return nodeTags.length > 0 || own.of(route.family)?.bits === route.bits;
}
