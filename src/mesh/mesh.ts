// The cluster's nodes as the tailnet shows them: who serves which PodCIDR, and where they are in each other's way. Pure: from the
// network map and this node's own PodCIDRs to nodes, conflicts, and what the kernel must know of the others' PodCIDRs.

import type { Addr } from "../cidr/addr.ts";
import { outermost } from "../cidr/aggregate.ts";
import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Prefix } from "../cidr/prefix.ts";
import type { TailnetNode, TailnetPath, TailnetPeer, TailnetSelf } from "../tailnet/tailnet.ts";
import { type Conflict, findConflicts } from "./conflicts.ts";
import { type ClusterRule, carriesNodeTag, podRoutesOf } from "./membership.ts";

export interface MeshNode {
  /** As the control server counts its nodes. */
  readonly id: string;
  /** Unique in a mesh. */
  readonly name: string;
  readonly isSelf: boolean;
  readonly addresses: readonly Addr[];
  /**
   * This node's own; of another what it serves, or served last. An offline node serves nothing on any generation of the control
   * server, but is expected back with the same: its PodCIDRs stay known until somebody else serves them.
   */
  readonly podCIDRs: readonly Prefix[];
  /** What it offers to serve and may be no part of `podCIDRs`: empty where it serves, and where it is not known. */
  readonly waiting: readonly Prefix[];
  /** Whether the control server lets it serve its PodCIDRs now. Of this node that cannot be told from here. */
  readonly isServing: boolean;
  readonly isOnline: boolean;
  readonly path: TailnetPath;
}

export interface Mesh {
  /** This node first, then by name. */
  readonly nodes: readonly MeshNode[];
  readonly conflicts: readonly Conflict[];
  /** The other nodes' PodCIDRs, in order, none within another, and none that is this node's. */
  readonly podCIDRs: readonly Prefix[];
}

export interface MeshInput extends ClusterRule {
  readonly tailnet: { readonly self: TailnetSelf; readonly peers: readonly TailnetPeer[] };
  /** The nodes of the mesh before, for what they served last. */
  readonly previous: readonly MeshNode[];
}

export function buildMesh({ tailnet, previous, ...rule }: MeshInput): Mesh {
  const { self, peers } = tailnet;
  const isFree = unclaimed(rule.own, peers);
  const remembered = new Map(previous.map(({ id, podCIDRs }) => [id, podCIDRs]));
  const others = peers.flatMap((peer) => {
    const routes = podRoutesOf(peer.primaryRoutes, rule);
    const podCIDRs = routes.length > 0 ? routes : podRoutesOf(remembered.get(peer.id) ?? [], rule).filter(isFree);
    const { path, advertisedRoutes = [] } = peer;
    const isServing = routes.length > 0;
    const waiting = isServing ? [] : podRoutesOf(advertisedRoutes, rule);
    if (!isNode(peer, { podCIDRs, waiting }, rule)) return [];
    return [{ ...toNode(peer, podCIDRs), isSelf: false, isServing, waiting, path }];
  });
  const path: TailnetPath = { kind: "unknown" };
  const own = { ...toNode(self, rule.own.list), isSelf: true, isServing: true, waiting: [], path };
  const nodes = withUniqueNames([own, ...others.toSorted(byNameThenId)]);
  return {
    nodes,
    conflicts: findConflicts({ own: rule.own, nodes, peers }),
    podCIDRs: outermost(others.flatMap(({ podCIDRs }) => podCIDRs).filter((route) => !rule.own.overlaps(route))),
  };
}

/** Tells what no node serves now, wholly or a part of it: a route around it says nothing. */
function unclaimed(own: PodCIDRs, peers: readonly TailnetPeer[]): (podCIDR: Prefix) => boolean {
  const served = peers.flatMap(({ primaryRoutes }) => primaryRoutes);
  return (podCIDR) => !own.overlaps(podCIDR) && !served.some((route) => podCIDR.contains(route));
}

function toNode({ id, name, addresses, isOnline }: TailnetNode, podCIDRs: readonly Prefix[]) {
  return { id, name, addresses, isOnline, podCIDRs };
}

/** With tags the operator has said which peers are nodes; else those are that serve, served, or offer what can only be a PodCIDR. */
function isNode(
  peer: TailnetPeer,
  { podCIDRs, waiting }: Pick<MeshNode, "podCIDRs" | "waiting">,
  { nodeTags }: ClusterRule,
): boolean {
  if (nodeTags.length > 0) return carriesNodeTag(peer, nodeTags);
  return podCIDRs.length > 0 || (peer.isOnline && waiting.length > 0);
}

function byNameThenId(a: MeshNode, b: MeshNode): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** A host name can be another's, too, where the control server gives no names of its own: ids tell them apart. */
function withUniqueNames(nodes: readonly MeshNode[]): readonly MeshNode[] {
  const seen = new Set<string>();
  return nodes.map((node) => {
    const name = seen.has(node.name) ? `${node.name}#${node.id}` : node.name;
    seen.add(name);
    return name === node.name ? node : { ...node, name };
  });
}
