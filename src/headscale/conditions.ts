// What can be wrong with Headscale, and with what nodes ask of it. Warnings: pods that have their network keep it. Pure.

import { type Condition, conditionsOf, type Failure, kind } from "../agent/conditions.ts";
import type { ApprovalRules, Refusal, RefusalReason } from "./approval/approval-rules.ts";
import type { FailedApproval } from "./approval/approve-due.ts";
import { failedSentence, refusalSentence } from "./approval/refusal-words.ts";
import type { StaleApproval } from "./approval/stale-approvals.ts";

const warning = { severity: "warning", impactsConnectivity: false } as const;
/** Looked at again soon: a key's file, a Headscale that is being started. */
const isAwaited = true;

interface Refused {
  /** A sentence each. */
  readonly refused: readonly string[];
}

const refusal = (title: string) =>
  kind<Refused>({ ...warning, title, text: ({ refused }) => `Not approved: ${listed(refused)}` });

export const headscaleConditions = {
  HeadscaleSettingsUnusable: kind<Failure>({
    ...warning,
    isAwaited,
    title: "What the configuration says of Headscale cannot be used",
    text: ({ why, hint }) => `No route is approved: ${why}${hint === undefined ? "" : `. Remedy: ${hint}`}`,
  }),
  HeadscaleKeyRefused: kind<Failure>({
    ...warning,
    isAwaited,
    title: "Headscale does not take the API key",
    text: ({ why, hint }) => `No route is approved: ${why}${hint === undefined ? "" : `. Remedy: ${hint}`}`,
  }),
  HeadscaleUnreachable: kind<Failure>({
    ...warning,
    isAwaited,
    title: "Headscale's API does not answer as it should",
    text: ({ why, hint }) => `No route is approved: ${why}${hint === undefined ? "" : `. Remedy: ${hint}`}`,
  }),
  ApprovalFailed: kind<Refused>({
    ...warning,
    isAwaited,
    title: "Headscale does not approve what may be approved",
    text: ({ refused }) =>
      `Headscale, or what stands before it, does not approve ${listed(refused)}. Its own log says why; ` +
      "the call is POST /api/v1/node/ID/approve_routes (0.25: /api/v1/routes/ID/enable)",
  }),
  ApprovalWithoutTag: refusal("A node without the cluster's tags offers a block of the cluster"),
  ApprovalOfNoBlock: refusal("A node offers a part of the cluster's CIDR that is no block of one node"),
  ApprovalOfSecondBlock: refusal("A node offers more than one block of a family"),
  ApprovalOfHeldBlock: refusal("A node offers a block that another node has"),
  ApprovalOutsideCluster: refusal("A node of the cluster offers a block of another range"),
  ApprovalsStale: kind<{ readonly stale: readonly string[]; readonly isReclaimed: boolean }>({
    ...warning,
    title: "Approvals of PodCIDRs are used by nothing",
    text: ({ stale, isReclaimed }) =>
      `${listed(stale)}. Their blocks are kept from others. headcni headscale withdraw --stale takes them back` +
      (isReclaimed ? "" : "; set headscale.reclaimAfter to have that done for nodes that are offline for long"),
  }),
} as const;

export const condition = conditionsOf(headscaleConditions);

const refusalCodes = {
  "no-tag": "ApprovalWithoutTag",
  "no-block": "ApprovalOfNoBlock",
  "second-block": "ApprovalOfSecondBlock",
  held: "ApprovalOfHeldBlock",
  outside: "ApprovalOutsideCluster",
} as const satisfies Record<RefusalReason, keyof typeof headscaleConditions>;

/** One condition for each reason there is. */
export function refusalConditions(refusals: readonly Refusal[], rules: ApprovalRules): readonly Condition[] {
  const reasons = new Set(refusals.map(({ reason }) => reason));
  return [...reasons].map((reason) => {
    const refused = refusals.filter((one) => one.reason === reason).map((one) => refusalSentence(one, rules));
    return condition(refusalCodes[reason], { refused });
  });
}

/** One condition for all that Headscale does not approve; none where there is nothing. */
export function failedConditions(failed: readonly FailedApproval[]): readonly Condition[] {
  return failed.length === 0 ? [] : [condition("ApprovalFailed", { refused: failed.map(failedSentence) })];
}

export function staleWords({ node, route, why }: StaleApproval): string {
  const seen = node.lastSeenMs === undefined ? "" : ` since ${new Date(node.lastSeenMs).toISOString()}`;
  return `${route} of ${node.name} (${node.id}), which ${why === "offline" ? `is offline${seen}` : "does not offer it"}`;
}

/** The first five, and how many more there are. */
function listed(sentences: readonly string[]): string {
  const said = sentences.slice(0, 5).join("; ");
  return sentences.length > 5 ? `${said}; and ${sentences.length - 5} more` : said;
}
