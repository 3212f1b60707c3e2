// What can be wrong with who serves which PodCIDR. Warnings: the node's own pods have their network without the others. Pure.

import { type Condition, conditionsOf, kind } from "../agent/conditions.ts";
import type { Conflict, ConflictKind } from "./conflicts.ts";

interface Conflicts {
  readonly conflicts: readonly Conflict[];
}

const warning = { severity: "warning", impactsConnectivity: false } as const;
/** The claims agent's, which say the same and what follows from it. */
export const claimConflicts = ["AssignedPodCIDRContested", "PodCIDRClaimContested"];
/** A route that moves from one node to another is served by both for a moment. */
const movingMs = 10_000;

export const meshConditions = {
  PodCIDRServedElsewhere: kind<Conflicts>({
    ...warning,
    title: "Another node serves this node's PodCIDR",
    dependsOn: claimConflicts,
    visibleAfterMs: movingMs,
    text: ({ conflicts }) =>
      `Other nodes' pods do not reach this node's: ${list(conflicts, ({ servedBy, route }) => `${servedBy} serves ${route}`)}. Two nodes ` +
      "have one PodCIDR: give one of them another (network.podCIDR.nodeLocal), or remove the node that is no longer used from the " +
      "control server",
  }),
  PodCIDRSplit: kind<Conflicts>({
    ...warning,
    title: "Another node serves a part of this node's PodCIDR",
    dependsOn: claimConflicts,
    visibleAfterMs: movingMs,
    text: ({ conflicts }) =>
      "Some of this node's pods are not reached by other nodes: " +
      `${list(conflicts, ({ podCIDR, servedBy, route }) => `${servedBy} serves ${route}, a part of ${podCIDR}`)}. Take that route back there ` +
      "(tailscale set --advertise-routes=…), or give this node another PodCIDR (network.podCIDR.nodeLocal)",
  }),
  PodCIDRSwallowed: kind<Conflicts>({
    ...warning,
    title: "Another node serves a range around this node's PodCIDR",
    text: ({ conflicts }) =>
      `${list(conflicts, ({ podCIDR, servedBy, route }) => `${servedBy} serves ${route}, which holds ${podCIDR}`)}. What is meant for this ` +
      "node's pods goes there as soon as this node's own route is not served. Narrow that route, or move the cluster's pods out of it",
  }),
  PodCIDRInTailnetRange: kind<Conflicts>({
    ...warning,
    title: "A PodCIDR lies in the tailnet's own range",
    text: ({ conflicts }) =>
      `${list(conflicts, ({ node, podCIDR, route }) => `${podCIDR} of ${node} lies in ${route}`)}, where the tailnet's nodes have their ` +
      "addresses, so tailscaled drops what its pods send. Give the cluster a CIDR outside of it (network.podCIDR.base)",
  }),
  OthersPodCIDRsConflict: kind<Conflicts>({
    ...warning,
    title: "Two other nodes serve the same addresses",
    visibleAfterMs: movingMs,
    text: ({ conflicts }) =>
      `${list(conflicts, ({ node, podCIDR, servedBy, route }) => `${node} serves ${podCIDR} and ${servedBy} ${route}`)}. Pods of one of ` +
      "them are not reached: give one of them another PodCIDR, or take the route back that is not the cluster's",
  }),
} as const;

const condition = conditionsOf(meshConditions);

const codeOf = {
  duplicate: "PodCIDRServedElsewhere",
  piece: "PodCIDRSplit",
  supernet: "PodCIDRSwallowed",
  "tailnet-range": "PodCIDRInTailnetRange",
  others: "OthersPodCIDRsConflict",
} as const satisfies Record<ConflictKind, keyof typeof meshConditions>;

/** One condition for each kind of conflict that is there. */
export function conflictConditions(conflicts: readonly Conflict[]): readonly Condition[] {
  const kinds = [...new Set(conflicts.map((conflict) => conflict.kind))];
  return kinds.map((each) => condition(codeOf[each], { conflicts: conflicts.filter((one) => one.kind === each) }));
}

/** The first three, and how many more there are. */
function list(conflicts: readonly Conflict[], say: (conflict: Conflict) => string): string {
  const said = conflicts.slice(0, 3).map(say).join("; ");
  return conflicts.length > 3 ? `${said} (and ${conflicts.length - 3} more)` : said;
}
