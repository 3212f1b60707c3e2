// What `podCIDR` and its spellings mean where no kind says so: by the keys beside it.

import type { Claims } from "../claims.ts";
import { plainKey, rangeKeyMeaning } from "../range-keys.ts";
import { entriesOf, has, type Tree, type TreeMap } from "../tree.ts";

/** Keys of Canonical Kubernetes' bootstrap file, where `pod-cidr` is the cluster's. */
const clusterFiles: readonly string[] = ["cluster-config", "datastore-type", "k8s-dqlite-port"];

/**
 * Whether a map describes a cluster: then its `podCIDR` is the cluster's. Who states the service range beside it, and no cluster
 * range, does (Canonical Kubernetes' bootstrap file, vendors' values files).
 */
export function describesCluster(tree: Tree): boolean {
  if (clusterFiles.some((key) => has(tree, key))) return true;
  const meanings = new Set(entriesOf(tree).map(({ key }) => rangeKeyMeaning(key)));
  return meanings.has("service") && !meanings.has("cluster");
}

const podKeys: ReadonlySet<string> = new Set(["podcidr", "podcidrs"]);
/** Pod ranges of AKS' and others' descriptions, which only beside a service range mean anything. */
const describedKeys: ReadonlySet<string> = new Set(["podcidr", "podcidrs", "clustersubnet"]);

/** Claims the pod range of a map somewhere in a document whose kind says nothing. */
export function claimNestedPodRange(claims: Claims, map: TreeMap): void {
  const isCluster = describesCluster(map);
  for (const { key, value } of map.entries) {
    if (isCluster && describedKeys.has(plainKey(key))) claims.addTree("cluster", key, value);
    // Whose it is there nobody can tell, unless it is too wide for any node.
    else if (!isCluster && podKeys.has(plainKey(key))) claims.addTree("node", key, value, { by: "anybody" });
  }
}
