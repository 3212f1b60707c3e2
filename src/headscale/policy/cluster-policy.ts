// The policy file of a cluster, complete: to be taken as it is, or line by line into one that is there. Pure.

import { autoApproversLine, type PolicyCluster, tagsOf } from "../../tailnet/policy-lines.ts";

/**
 * HuJSON, as Headscale and Tailscale read it.
 * @param owner who may give nodes the tags: the user that their keys belong to, e.g. `k8s@`
 */
export function printPolicy(cluster: PolicyCluster, owner: string): string {
  const tags = tagsOf(cluster);
  const owners = tags.map((tag) => `    "${tag}": ["${owner}"],`);
  const ranges = cluster.clusterCIDRs.map(String);
  const sources = JSON.stringify([...ranges, ...tags]);
  const targets = JSON.stringify([...ranges, ...tags].map((name) => `${name}:*`));
  return `{
  // Who may give nodes the tags of the cluster: the user that their keys belong to.
  "tagOwners": {
${owners.join("\n")}
  },
  // Blocks of the cluster's CIDR are approved as soon as a node with one of the tags offers them.
  ${autoApproversLine(cluster)},
  "acls": [
    // Pods come from their own addresses, not from a tag: their CIDR is the source. The tags are for what nodes and pods ask of each other.
    { "action": "accept", "src": ${sources}, "dst": ${targets} },
  ],
}
`;
}
