// What `podCIDR` and its spellings mean where no kind says so: by the keys beside it.

import { plainKey, rangeKey } from "../readers/vocabulary.ts";
import { entriesOf, has, type Tree, type TreeMap } from "../text/tree.ts";
import type { Claims } from "./statements.ts";

/** Keys of Canonical Kubernetes' bootstrap file, where `pod-cidr` is the cluster's. */
const clusterFiles: readonly string[] = ["cluster-config", "datastore-type", "k8s-dqlite-port"];

/**
 * Whether a map describes a cluster: then its `podCIDR` is the cluster's. Who states the service range beside it, and no cluster
 * range, does (Canonical Kubernetes' bootstrap file, vendors' values files).
 */
export function describesCluster(tree: Tree): boolean {
  if (clusterFiles.some((key) => has(tree, key))) return true;
  const meanings = new Set(entriesOf(tree).map(({ key }) => rangeKey(key)?.meaning));
  return meanings.has("service") && !meanings.has("cluster");
}

/** AKS' name for the cluster's pod range, which only beside a service range means anything. */
const aksKey = "clustersubnet";
const podKeys: ReadonlySet<string> = new Set(["podcidr", "podcidrs", aksKey]);

/** Claims the pod range of a map somewhere in a document whose kind says nothing. */
export function claimNestedPodRange(claims: Claims, map: TreeMap): void {
  const found = map.entries.filter(({ key }) => podKeys.has(plainKey(key)));
  const isCluster = found.length > 0 && describesCluster(map);
  for (const { key, value } of found) {
    if (isCluster) claims.addTree("cluster", key, value);
    // Whose it is there nobody can tell, unless it is too wide for any node.
    else if (plainKey(key) !== aksKey) claims.addTree("node", key, value, { by: "anybody" });
  }
}
