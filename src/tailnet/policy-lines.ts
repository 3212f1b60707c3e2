// What a tailnet's policy must say for a cluster, in the words of the policy file: for the conditions of a node and for the command that
// prints all of it. Pure.

import type { Prefix } from "../cidr/prefix.ts";

export interface PolicyCluster {
  /** The cluster's CIDRs, one of each family. */
  readonly clusterCIDRs: readonly Prefix[];
  /** Tags of its nodes. */
  readonly nodeTags: readonly string[];
}

/** The tag that this documentation has nodes carry. */
export const usualNodeTag = "tag:k8s-node";

/** The tags of a cluster's nodes; the usual one where none is configured. */
export function tagsOf({ nodeTags }: Pick<PolicyCluster, "nodeTags">): readonly string[] {
  return nodeTags.length === 0 ? [usualNodeTag] : nodeTags;
}

/** `"autoApprovers": {"routes": {"10.244.0.0/16": ["tag:k8s-node"]}}` */
export function autoApproversLine(cluster: PolicyCluster): string {
  const tags = JSON.stringify(tagsOf(cluster));
  const routes = cluster.clusterCIDRs.map((cidr) => `"${cidr}": ${tags}`);
  return `"autoApprovers": {"routes": {${routes.join(", ")}}}`;
}
