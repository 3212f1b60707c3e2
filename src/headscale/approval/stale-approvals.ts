// Approvals that nothing uses any more: of nodes that have been offline for long, and of blocks that a node does not offer any more. They
// keep their blocks from others, and a node that takes such a block up again has it at once. Those of a node that was deleted in
// Headscale went with it. Pure.

import type { Prefix } from "../../cidr/prefix.ts";
import type { HeadscaleNode } from "../headscale-node.ts";
import { isIn } from "./approval-list.ts";
import { type ApprovalRules, approvedBlocks } from "./approval-rules.ts";

export interface StaleApproval {
  readonly node: HeadscaleNode;
  readonly route: Prefix;
  /** `offline`: the node has not been seen for so long; `not-offered`: the node is there and does not offer it. */
  readonly why: "offline" | "not-offered";
}

export interface StaleOptions {
  readonly nowMs: number;
  /** How long a node may be offline. */
  readonly afterMs: number;
}

/** Where nothing says how long, a node may be offline for a week until its approvals are listed. */
export const defaultStaleAfterMs = 7 * 86_400_000;

export function staleApprovals(
  nodes: readonly HeadscaleNode[],
  rules: ApprovalRules,
  { nowMs, afterMs }: StaleOptions,
): readonly StaleApproval[] {
  return nodes.flatMap((node) =>
    approvedBlocks(node, rules).flatMap((route): StaleApproval[] => {
      if (node.isOnline) return isIn(node.available, route) ? [] : [{ node, route, why: "not-offered" }];
      // One that was never seen may be one that is just about to come.
      const isLong = node.lastSeenMs !== undefined && nowMs - node.lastSeenMs >= afterMs;
      return isLong ? [{ node, route, why: "offline" }] : [];
    }),
  );
}
