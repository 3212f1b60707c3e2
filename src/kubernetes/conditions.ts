// What can be wrong with fetching the Node object. Warnings: a node has its PodCIDR from the rest of the chain, or keeps the one it has.
// Pure.

import { asSentence, type Condition, conditionsOf, type Failure, kind } from "../agent/conditions.ts";
import type { KeptNodeObject } from "../node-state/kept-node-object.ts";
import type { NodeObjectLookup } from "./node-lookup.ts";

interface Unfetched extends Failure {
  /** What an earlier fetch has left. */
  readonly kept: KeptNodeObject | undefined;
}

const warning = { severity: "warning", impactsConnectivity: false, isAwaited: true } as const;

export const kubernetesConditions = {
  APIServerUnreachable: kind<Unfetched>({
    ...warning,
    title: "The API server cannot be asked for this node's PodCIDR",
    // A restart of an API server, or of the program that leads to it, takes some seconds.
    visibleAfterMs: 10_000,
    text: (unfetched) => `${meanwhile(unfetched)}: ${unfetched.why}. It is asked again by itself`,
  }),
  NodeObjectRefused: kind<Unfetched>({
    ...warning,
    title: "The daemon may not read this node's Node object",
    text: (unfetched) =>
      `${meanwhile(unfetched)}: ${unfetched.why}. ${asSentence(unfetched.hint ?? "look at the API server")}; it is asked again by itself`,
  }),
  NodeObjectWithoutPodCIDR: kind<Unfetched>({
    ...warning,
    title: "The API server has no PodCIDR for this node",
    // The kubelet registers the node, then the controller manager gives it a range.
    visibleAfterMs: 10_000,
    text: (unfetched) =>
      `${meanwhile(unfetched)}: ${unfetched.why}. Look at kubectl get nodes, and whether kube-controller-manager runs with ` +
      "--allocate-node-cidrs and --cluster-cidr; where nothing shall assign ranges, turn network.podCIDR.nodeObject off",
  }),
  NodeObjectNotKept: kind<Failure>({
    ...warning,
    title: "What the Node object says cannot be kept on disk",
    text: ({ why, hint }) =>
      `Its PodCIDR is not taken, since the next start would not know it: ${why}. ${asSentence(hint ?? "make the folder writable")}; it is ` +
      "tried again by itself",
  }),
} as const;

export const condition = conditionsOf(kubernetesConditions);

function meanwhile({ kept }: Unfetched): string {
  return kept === undefined
    ? "The rest of the chain says this node's PodCIDR"
    : `What was fetched at ${new Date(kept.fetchedAtMs).toISOString()} goes on counting, ${kept.podCIDRs}`;
}

/** What holds of a look. */
export function lookupConditions(lookup: NodeObjectLookup, kept: KeptNodeObject | undefined): readonly Condition[] {
  if (lookup.kind === "unassigned") return [condition("NodeObjectWithoutPodCIDR", { why: lookup.why, kept })];
  if (lookup.kind !== "failed") return [];
  const { why, hint, isRefused } = lookup;
  return [condition(isRefused ? "NodeObjectRefused" : "APIServerUnreachable", { why, hint, kept })];
}
