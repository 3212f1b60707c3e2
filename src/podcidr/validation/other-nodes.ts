// What is known of nodes other than this one: what `network.podCIDR.nodeLocal` gives them, and their Node objects in local files. Where this
// node is missing in the configuration, also which of them it may be under another name. Pure.

import { type LoadedConfig, nodeLocalKey } from "../../config/config.ts";
import type { OtherNode } from "./surroundings.ts";

/** The entries of nodes other than this one; none where one value is for every node. */
export function nodesInConfig(loaded: LoadedConfig, nodeName: string): readonly OtherNode[] {
  const { nodeLocal } = loaded.config.network.podCIDR;
  if (nodeLocal?.kind !== "byNode") return [];
  return [...nodeLocal.podCIDRs]
    .filter(([name]) => name !== nodeName)
    .map(([name, podCIDRs]) => ({
      name,
      ranges: podCIDRs.list,
      by: nodeLocalKey,
      isPerhapsThis: isShortFormOf(name, nodeName),
    }));
}

/** Whether of two names one is the other without its domain. */
export function isShortFormOf(a: string, b: string): boolean {
  return a.startsWith(`${b}.`) || b.startsWith(`${a}.`);
}

/** The names nearest to this node's, the nearest first, when nodes are named and this one is not; undefined otherwise. */
export function namesInstead(loaded: LoadedConfig, nodeName: string): readonly string[] | undefined {
  const { nodeLocal } = loaded.config.network.podCIDR;
  if (nodeLocal?.kind !== "byNode" || nodeLocal.podCIDRs.size === 0 || nodeLocal.podCIDRs.has(nodeName))
    return undefined;
  const names = [...nodeLocal.podCIDRs.keys()];
  return names.toSorted((a, b) => likeness(nodeName, b) - likeness(nodeName, a)).slice(0, 3);
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
