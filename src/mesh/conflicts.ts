// Where PodCIDRs and other routes of the tailnet are in each other's way. Pure.

import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Prefix } from "../cidr/prefix.ts";
import { tailnetRanges } from "../tailnet/ranges.ts";
import type { TailnetPeer } from "../tailnet/tailnet.ts";

/**
 * `duplicate`: another node serves this node's PodCIDR. `piece`: another serves a part of it, which is lost to this node.
 * `supernet`: another serves a range around it, which takes over when this node's own route is gone. `tailnet-range`: a PodCIDR lies
 * where the tailnet's own addresses are. `others`: two other nodes serve the same addresses.
 */
export type ConflictKind = "duplicate" | "piece" | "supernet" | "tailnet-range" | "others";

export interface Conflict {
  readonly kind: ConflictKind;
  readonly podCIDR: Prefix;
  /** The node whose PodCIDR it is. */
  readonly node: string;
  /** The range that shares addresses with it. */
  readonly route: Prefix;
  /** Who serves that range; undefined for the tailnet's own. */
  readonly servedBy: string | undefined;
}

interface NamedNode {
  readonly id: string;
  readonly name: string;
  readonly isSelf: boolean;
  readonly podCIDRs: readonly Prefix[];
}

export interface ConflictInput {
  readonly own: PodCIDRs;
  readonly nodes: readonly NamedNode[];
  /** All peers of the tailnet: one that is no node of the cluster can be in the way, too. */
  readonly peers: readonly Pick<TailnetPeer, "id" | "name" | "primaryRoutes">[];
}

interface ServedRoute {
  readonly route: Prefix;
  readonly id: string;
  readonly name: string;
}

/** Ours first; in an order that does not depend on that of the input. */
export function findConflicts({ own, nodes, peers }: ConflictInput): readonly Conflict[] {
  const self = nodes.find(({ isSelf }) => isSelf)?.name ?? "";
  const known = new Map(nodes.map((node) => [node.id, node]));
  const served = peers
    .flatMap(({ id, name, primaryRoutes }) =>
      primaryRoutes.map((route): ServedRoute => ({ route: route.masked(), id, name: known.get(id)?.name ?? name })),
    )
    // An exit node's route is everybody's last choice, and in nobody's way.
    .filter(({ route }) => route.bits > 0)
    .toSorted((a, b) => a.route.compare(b.route) || compareText(a.name, b.name) || compareText(a.id, b.id));
  const withOurs = own.list.flatMap((podCIDR) =>
    served
      .filter(({ route }) => podCIDR.overlaps(route))
      .map(({ route, name }): Conflict => {
        return { kind: kindOf(podCIDR, route), podCIDR, node: self, route, servedBy: name };
      }),
  );
  const elsewhere = served.filter(({ route }) => !own.overlaps(route));
  return [...withOurs, ...inTailnetRange(nodes), ...amongOthers(elsewhere, known)];
}

function kindOf(podCIDR: Prefix, route: Prefix): ConflictKind {
  if (route.bits === podCIDR.bits) return "duplicate";
  return route.bits > podCIDR.bits ? "piece" : "supernet";
}

function inTailnetRange(nodes: readonly NamedNode[]): Conflict[] {
  const isWithin = (podCIDR: Prefix): boolean => tailnetRanges.some((range) => range.overlaps(podCIDR));
  const within = nodes.filter(({ podCIDRs }) => podCIDRs.some(isWithin));
  return within.flatMap(({ name, podCIDRs }) =>
    podCIDRs.flatMap((podCIDR) =>
      tailnetRanges
        .filter((range) => range.overlaps(podCIDR))
        .map((route): Conflict => ({ kind: "tailnet-range", podCIDR, node: name, route, servedBy: undefined })),
    ),
  );
}

/** Each route of a peer with the widest one of another peer around it, where a PodCIDR is one of the two. */
function amongOthers(served: readonly ServedRoute[], nodes: ReadonlyMap<string, NamedNode>): Conflict[] {
  const isPodCIDR = ({ id, route }: ServedRoute): boolean =>
    nodes.get(id)?.podCIDRs.some((podCIDR) => podCIDR.equals(route)) === true;
  /** Those around the one that is looked at, the widest first: in order, routes nest like brackets. */
  const around: ServedRoute[] = [];
  return served.flatMap((inner): Conflict[] => {
    while (around.length > 0 && around.at(-1)?.route.contains(inner.route) !== true) around.pop();
    const outer = around.find((route) => route.id !== inner.id && (isPodCIDR(inner) || isPodCIDR(route)));
    around.push(inner);
    if (outer === undefined) return [];
    const [node, other] = isPodCIDR(inner) ? [inner, outer] : [outer, inner];
    return [{ kind: "others", podCIDR: node.route, node: node.name, route: other.route, servedBy: other.name }];
  });
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
