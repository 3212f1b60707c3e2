// Keys whose meaning does not depend on where they stand: what other programs call the cluster's ranges. Only `podCIDR` and its
// like are not among them: what those mean, their company says.

import type { Family } from "../cidr/addr.ts";
import type { ClaimItem, Claims, Meaning } from "./claims.ts";

interface RangeKey {
  readonly meaning: Meaning;
  readonly family?: Family;
}

const cluster: RangeKey = { meaning: "cluster" };
const service: RangeKey = { meaning: "service" };
const rangeKeys: ReadonlyMap<string, RangeKey> = new Map([
  ["podSubnet", cluster],
  ["podSubnets", cluster],
  ["clusterCIDR", cluster],
  ["cluster-cidr", cluster],
  ["cluster_cidr", cluster],
  ["serviceSubnet", service],
  ["serviceSubnets", service],
  ["serviceCIDR", service],
  ["service-cidr", service],
  ["service_cidr", service],
  ["service-cluster-ip-range", service],
  ["service_cluster_ip_range", service],
  ["serviceClusterIPRange", service],
  ["node-cidr-mask-size", { meaning: "mask" }],
  ["node-cidr-mask-size-ipv4", { meaning: "mask", family: "ipv4" }],
  ["node-cidr-mask-size-ipv6", { meaning: "mask", family: "ipv6" }],
]);

/** Whether a key is one of those that may be this node's or the cluster's. */
export function isNodeKey(key: string): boolean {
  return key === "podCIDR" || key === "pod-cidr";
}

/** Whether a key means the same wherever it stands. */
export function isRangeKey(key: string): boolean {
  return rangeKeys.has(key);
}

/** Claims the value of such a key; any other key claims nothing. */
export function claimRangeKey(claims: Claims, key: string, items: readonly ClaimItem[]): void {
  const known = rangeKeys.get(key);
  if (known !== undefined) claims.add({ ...known, key, items });
}
