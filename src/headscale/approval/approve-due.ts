// Approves what is due, and looks afterwards at what came of it: by the list, since a node asked for alone is shown without what it
// serves. Two that approve at the same time may each have given one block to another node: then the higher number's is taken back by
// the one that gave it.

import type { Prefix } from "../../cidr/prefix.ts";
import type { HeadscaleApi } from "../headscale-api.ts";
import type { HeadscaleNode } from "../headscale-node.ts";
import { HeadscaleError } from "../rest/headscale-error.ts";
import { isIn } from "./approval-list.ts";
import { type ApprovalRules, planApprovals, type Refusal } from "./approval-rules.ts";

export interface Approved {
  readonly node: HeadscaleNode;
  readonly route: Prefix;
}

/** Routes that may be approved, and that Headscale does not approve. */
export interface FailedApproval {
  readonly node: HeadscaleNode;
  readonly routes: readonly Prefix[];
  /** The end of a sentence, with what Headscale says, or what stands before it. */
  readonly why: string;
}

export interface ApprovalOutcome {
  readonly approved: readonly Approved[];
  readonly failed: readonly FailedApproval[];
  readonly refusals: readonly Refusal[];
  /** The nodes as they are afterwards. */
  readonly nodes: readonly HeadscaleNode[];
}

export interface ApproveDueOptions {
  readonly rules: ApprovalRules;
  readonly nodes: readonly HeadscaleNode[];
  /** Only of these nodes. @default all */
  readonly isMeant?: ((node: HeadscaleNode) => boolean) | undefined;
}

/** @throws HeadscaleError when Headscale does not answer or does not take the key */
export async function approveDue(
  api: HeadscaleApi,
  { rules, nodes, isMeant }: ApproveDueOptions,
  signal: AbortSignal,
): Promise<ApprovalOutcome> {
  const { approvals, refusals } = planApprovals(nodes, rules, isMeant);
  const approved: Approved[] = [];
  const failed: FailedApproval[] = [];
  for (const { node, routes } of approvals) {
    const added = await tryApprove(api, { node, routes }, signal);
    if (added.kind === "failed") failed.push({ node, routes, why: added.why });
    else approved.push(...added.routes.map((route) => ({ node, route })));
  }
  if (approved.length === 0) return { approved, failed, refusals, nodes };
  const after = await api.nodes(signal);
  const lost = approved.filter((one) => lowerHolder(one, after) !== undefined);
  for (const { node, route } of lost) await api.withdraw(node.id, [route], signal);
  const refusedLate = lost.map((one): Refusal => {
    return { node: one.node, route: one.route.toString(), reason: "held", holder: lowerHolder(one, after) };
  });
  return {
    approved: approved.filter((one) => !lost.includes(one)),
    failed,
    refusals: [...refusals, ...refusedLate],
    nodes: lost.length === 0 ? after : await api.nodes(signal),
  };
}

type TriedApproval =
  | { readonly kind: "done"; readonly routes: readonly Prefix[] }
  | { readonly kind: "failed"; readonly why: string };

/** @returns what this call has approved: nothing when the node has gone, or does not offer the routes any more */
async function tryApprove(
  api: HeadscaleApi,
  { node, routes }: { readonly node: HeadscaleNode; readonly routes: readonly Prefix[] },
  signal: AbortSignal,
): Promise<TriedApproval> {
  try {
    return { kind: "done", routes: await api.approve(node.id, routes, signal) };
  } catch (error) {
    if (error instanceof HeadscaleError && error.failure === "absent") return { kind: "done", routes: [] };
    // What stands against one node need not stand against the next.
    if (error instanceof HeadscaleError && error.failure === "refused") return { kind: "failed", why: error.why };
    throw error;
  }
}

function lowerHolder({ node, route }: Approved, nodes: readonly HeadscaleNode[]): HeadscaleNode | undefined {
  return nodes.find((other) => Number(other.id) < Number(node.id) && isIn(other.approved, route));
}
