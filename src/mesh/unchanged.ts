// Keeps of the mesh before what is as it was: of a large tailnet one node changes at a time, and a reader sees by comparing objects which
// one, without a text of the whole. Pure.

import { equalLists, sameItems } from "../cidr/equal-lists.ts";
import type { Prefix } from "../cidr/prefix.ts";
import type { Mesh, MeshNode } from "./mesh.ts";

/** The other nodes, as far as the kernel's rules go. */
export interface PeerPodCIDRs {
  readonly podCIDRs: readonly Prefix[];
  /** Those that serve now, for which tailscaled has routes in the kernel. */
  readonly serving: readonly Pick<MeshNode, "podCIDRs" | "addresses">[];
}

/** @returns `before` where nothing changed, else `next` with the nodes of `before` that are as they were */
export function keepUnchanged(before: Mesh | undefined, next: Mesh): Mesh {
  if (before === undefined) return next;
  const known = new Map(before.nodes.map((node) => [node.id, node]));
  const nodes = next.nodes.map((node) => {
    const last = known.get(node.id);
    return last !== undefined && isSameNode(last, node) ? last : node;
  });
  const isSame =
    sameItems(nodes, before.nodes) &&
    equalLists(before.podCIDRs, next.podCIDRs) &&
    JSON.stringify(before.conflicts) === JSON.stringify(next.conflicts);
  return isSame ? before : { ...next, nodes };
}

/** @returns `before` where the kernel's rules would be the same */
export function keepUnchangedPeers(before: PeerPodCIDRs | undefined, { nodes, podCIDRs }: Mesh): PeerPodCIDRs {
  const serving = nodes.filter(({ isSelf, isServing }) => !isSelf && isServing);
  const isSame =
    before !== undefined &&
    equalLists(before.podCIDRs, podCIDRs) &&
    before.serving.length === serving.length &&
    serving.every((node, at) => {
      const last = before.serving[at];
      return equalLists(last?.podCIDRs, node.podCIDRs) && equalLists(last?.addresses, node.addresses);
    });
  return isSame ? before : { podCIDRs, serving };
}

/** Each field of a node, so that a new one cannot be forgotten. */
const sameIn: Readonly<Record<keyof MeshNode, (a: MeshNode, b: MeshNode) => boolean>> = {
  id: (a, b) => a.id === b.id,
  name: (a, b) => a.name === b.name,
  isSelf: (a, b) => a.isSelf === b.isSelf,
  isServing: (a, b) => a.isServing === b.isServing,
  isOnline: (a, b) => a.isOnline === b.isOnline,
  path: (a, b) => a.path === b.path || JSON.stringify(a.path) === JSON.stringify(b.path),
  addresses: (a, b) => equalLists(a.addresses, b.addresses),
  podCIDRs: (a, b) => equalLists(a.podCIDRs, b.podCIDRs),
  waiting: (a, b) => equalLists(a.waiting, b.waiting),
};
const nodeFields = Object.values(sameIn);

function isSameNode(a: MeshNode, b: MeshNode): boolean {
  return nodeFields.every((isSame) => isSame(a, b));
}
