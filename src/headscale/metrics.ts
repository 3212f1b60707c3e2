// What is counted of approvals. Names and labels are an interface.

import type { MetricKind } from "../agent/metrics.ts";
import { refusalReasons } from "./approval/approval-rules.ts";

export const headscaleMetrics = {
  lists: {
    name: "headcni_headscale_lists_total",
    type: "counter",
    help: "Times Headscale was asked for all nodes, each of which costs it some 65 ms of processor",
  },
  approvals: {
    name: "headcni_headscale_approvals_total",
    type: "counter",
    help: "PodCIDRs this process has had Headscale approve",
  },
  withdrawals: {
    name: "headcni_headscale_reclaimed_total",
    type: "counter",
    help: "Approvals of nodes that were offline for headscale.reclaimAfter and were taken back",
  },
  refused: {
    name: "headcni_headscale_refused_routes",
    type: "gauge",
    help: "Routes that nodes offer and that are not approved, by why",
    labelNames: ["reason"],
    series: refusalReasons.map((reason) => ({ reason })),
  },
  stale: {
    name: "headcni_headscale_stale_approvals",
    type: "gauge",
    help: "Approvals of PodCIDRs that nothing uses",
  },
  failures: {
    name: "headcni_headscale_failures_total",
    type: "counter",
    help: "Steps that ended because Headscale did not answer as it should, or not take the key",
    labelNames: ["failure"],
    series: [{ failure: "key" }, { failure: "other" }],
  },
} as const satisfies Readonly<Record<string, MetricKind>>;
