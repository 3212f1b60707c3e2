// What the controller shows: its part of /status, its row, its metrics. Pure.

import { type AgentStatus, agentStatus } from "../agent/agent.ts";
import { type ApprovalRules, type Refusal, refusalReasons } from "../headscale/approval/approval-rules.ts";
import { refusalSentence } from "../headscale/approval/refusal-words.ts";
import type { StaleApproval } from "../headscale/approval/stale-approvals.ts";
import { staleWords } from "../headscale/conditions.ts";
import { headscaleMetrics } from "../headscale/metrics.ts";

/** What the last list that came has led to. */
export interface ControllerView {
  /** How many nodes Headscale has, and how many of them have an approved PodCIDR of the cluster. */
  readonly nodes: number;
  readonly holders: number;
  readonly refusals: readonly Refusal[];
  readonly stale: readonly StaleApproval[];
  readonly rules: ApprovalRules;
}

/** @param view undefined before the first list */
export function showController(view: ControllerView | undefined, hearsOffers: boolean): AgentStatus {
  const notReady = view === undefined ? "Headscale has not listed its nodes yet" : undefined;
  if (view === undefined) return agentStatus({ summary: { controller: "-" }, notReady });
  const { nodes, holders, refusals, stale, rules } = view;
  return agentStatus({
    document: {
      nodes,
      withPodCIDR: holders,
      hearsOfChanges: hearsOffers,
      refused: refusals.map((refusal) => ({ reason: refusal.reason, text: refusalSentence(refusal, rules) })),
      stale: stale.map(staleWords),
    },
    summary: { controller: `${holders} of ${nodes} nodes have a PodCIDR, ${refusals.length} routes are refused` },
    samples: [
      ...refusalReasons.map((reason) => ({
        kind: headscaleMetrics.refused,
        value: refusals.filter((one) => one.reason === reason).length,
        labels: { reason },
      })),
      { kind: headscaleMetrics.stale, value: stale.length },
    ],
    notReady,
  });
}
