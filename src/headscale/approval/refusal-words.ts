// Why a route is not approved, for people. Pure.

import type { ApprovalRules, Refusal } from "./approval-rules.ts";
import type { FailedApproval } from "./approve-due.ts";

/** `node-3 (7) offers 10.244.3.0/24: …`, with what to do. */
export function refusalSentence({ node, route, reason, holder }: Refusal, rules: ApprovalRules): string {
  const { clusterCIDRs, nodeTags } = rules;
  const why: Readonly<Record<Refusal["reason"], string>> = {
    "no-tag": `it has none of the tags of the cluster's nodes (${(nodeTags ?? []).join(", ")})`,
    "no-block": `that is not a node's block of ${clusterCIDRs}, which is ${blocks(rules)}`,
    "second-block": "it has another block of the same family, which it offers too",
    held:
      holder === undefined
        ? "another node has it"
        : `${holder.name} (${holder.id}) has it; where that node is gone, take it back: headcni headscale withdraw ${holder.id}`,
    outside: `that is not in ${clusterCIDRs}; one of the two has another network.podCIDR.base`,
  };
  return `${node.name} (${node.id}) offers ${route}: ${why[reason]}`;
}

/** `10.244.3.0/24 of node-3 (7): it answered 500: …`, of what Headscale itself does not approve. */
export function failedSentence({ node, routes, why }: FailedApproval): string {
  return `${routes.join(", ")} of ${node.name} (${node.id}): ${why}`;
}

function blocks({ clusterCIDRs, blockBits }: ApprovalRules): string {
  return clusterCIDRs.list.map(({ family }) => `a /${blockBits[family]}`).join(" or ");
}
