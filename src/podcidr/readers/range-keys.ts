// Keys whose meaning does not depend on where they stand: what Kubernetes' programs and those who install it call the cluster's
// ranges. Only `podCIDR` and its like are not among them: what those mean, their company says.

import type { Family } from "../../cidr/addr.ts";
import type { ClaimItem, Claims, Meaning } from "../inspect/statements.ts";

interface RangeKey {
  readonly meaning: Meaning;
  readonly family?: Family;
}

/** Without `-` and `_`, in lower case: clusterCIDR, cluster-cidr, cluster_cidr, ClusterCidr and CLUSTER_CIDR are one key. */
const names: readonly (readonly [RangeKey, string])[] = [
  [
    { meaning: "cluster" },
    "podsubnet podsubnets podsubnetcidr podnetworkcidr clustercidr clustercidrs clusternetworkcidr clusterpodcidr",
  ],
  [
    { meaning: "service" },
    "servicesubnet servicesubnets servicesubnetcidr servicecidr servicecidrs servicenetworkcidr",
  ],
  [{ meaning: "service" }, "serviceclusteriprange clusterservicecidr svccidr svcsubnet"],
  [{ meaning: "mask" }, "nodecidrmasksize podsubnetnodecidrprefix"],
  [{ meaning: "mask", family: "ipv4" }, "nodecidrmasksizeipv4"],
  [{ meaning: "mask", family: "ipv6" }, "nodecidrmasksizeipv6"],
  // GKE's and eksctl's.
  [{ meaning: "cluster" }, "clusteripv4cidr clusteripv4cidrblock"],
  [{ meaning: "service" }, "serviceipv4cidr servicesipv4cidr servicesipv4cidrblock"],
  [{ meaning: "mask", family: "ipv4" }, "nodeipv4cidrsize podipv4cidrsize"],
  // Kubespray's and its likes'.
  [{ meaning: "cluster" }, "kubepodssubnet kubepodsubnet"],
  [{ meaning: "service" }, "kubeserviceaddresses kubeservicesubnet"],
  [{ meaning: "mask", family: "ipv4" }, "kubenetworknodeprefix"],
];
const rangeKeys: ReadonlyMap<string, RangeKey> = new Map(
  names.flatMap(([meaning, list]) => list.split(" ").map((name) => [name, meaning] as const)),
);

/** A key as it is looked up. */
export function plainKey(key: string): string {
  return key.replace(/[-_]/g, "").toLowerCase();
}

/** Whether a key is one of those that may be this node's or the cluster's. */
export function isNodeKey(key: string): boolean {
  return key === "podCIDR" || key === "podCIDRs" || key === "pod-cidr" || key === "pod-cidrs";
}

/** Whether a key means the same wherever it stands. */
export function isRangeKey(key: string): boolean {
  return rangeKeys.has(plainKey(key));
}

/** What such a key means; undefined for any other. */
export function rangeKeyMeaning(key: string): Meaning | undefined {
  return rangeKeys.get(plainKey(key))?.meaning;
}

/** Claims the value of such a key; any other key claims nothing. */
export function claimRangeKey(claims: Claims, key: string, items: readonly ClaimItem[]): void {
  const known = rangeKeys.get(plainKey(key));
  if (known !== undefined) claims.add({ ...known, key, items });
}
