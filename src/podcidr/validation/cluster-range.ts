// Whether a range that is said of a node must be the whole cluster's. Pure.

import type { Prefix } from "../../cidr/prefix.ts";

/**
 * Why a node's CIDR must be the cluster's, as the end of a sentence that begins with it: people write the cluster's range into kubelet
 * files. Undefined when it can be the node's.
 */
export function whyCluster(prefix: Prefix, clusterCIDRs: readonly Prefix[]): string | undefined {
  const ranges = clusterCIDRs.filter((range) => range.family === prefix.family);
  const same = ranges.find((range) => prefix.contains(range));
  if (same !== undefined) return prefix.equals(same) ? "is the cluster CIDR" : `contains the cluster CIDR ${same}`;
  return ranges.length === 0 ? whyWide(prefix) : undefined;
}

/** Why a range is too wide for one node's where nothing tells more. */
export function whyWide(prefix: Prefix): string | undefined {
  const limit = prefix.family === "ipv4" ? 16 : 56;
  return prefix.bits <= limit ? `is as large as a whole cluster's (/${limit} or larger)` : undefined;
}
