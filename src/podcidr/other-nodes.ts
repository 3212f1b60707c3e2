// What `network.podCIDR.nodeLocal` says of other nodes: their ranges are taken, and where this node is missing among them, which of them
// it may be under another name. Pure.

import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Prefix } from "../cidr/prefix.ts";
import type { LoadedConfig } from "../config/config.ts";

/** The entries of nodes other than this one; none where one value is for every node. */
export function otherNodes(loaded: LoadedConfig, nodeName: string): readonly (readonly [string, PodCIDRs])[] {
  const { nodeLocal } = loaded.config.network.podCIDR;
  return nodeLocal?.kind === "byNode" ? [...nodeLocal.podCIDRs].filter(([name]) => name !== nodeName) : [];
}

/** The names nearest to this node's, the nearest first, when nodes are named and this one is not; undefined otherwise. */
export function namesInstead(loaded: LoadedConfig, nodeName: string): readonly string[] | undefined {
  const { nodeLocal } = loaded.config.network.podCIDR;
  if (nodeLocal?.kind !== "byNode" || nodeLocal.podCIDRs.size === 0 || nodeLocal.podCIDRs.has(nodeName))
    return undefined;
  const names = [...nodeLocal.podCIDRs.keys()];
  return names.toSorted((a, b) => likeness(nodeName, b) - likeness(nodeName, a)).slice(0, 3);
}

/** The node that has addresses of a range. */
export function ownerOf(others: readonly (readonly [string, PodCIDRs])[], range: Prefix): string | undefined {
  return others.find(([, podCIDRs]) => podCIDRs.overlaps(range))?.[0];
}

/** How many characters two names share at both ends; a name and its FQDN come before all others. */
function likeness(a: string, b: string): number {
  const host = (name: string): string => name.split(".")[0] ?? name;
  const most = Math.min(a.length, b.length);
  let front = 0;
  while (front < most && a[front] === b[front]) front += 1;
  let back = 0;
  while (back < most - front && a.at(-1 - back) === b.at(-1 - back)) back += 1;
  // In equal shares the name whose length is nearer.
  return (host(a) === host(b) ? 1000 : 0) + front + back - Math.abs(a.length - b.length) / 1000;
}
