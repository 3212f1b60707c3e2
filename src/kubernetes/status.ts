// What the kubernetes agent shows: its part of /status, its row in `headcni status`, its metrics. Pure.

import { type AgentStatus, agentStatus } from "../agent/agent.ts";
import { kubernetesMetrics } from "./metrics.ts";
import type { NodeObjectLookup } from "./node-lookup.ts";

/** @param lookup undefined before the first look */
export function showKubernetes(lookup: NodeObjectLookup | undefined): Omit<AgentStatus, "lastReconcile"> {
  if (lookup === undefined || lookup.kind === "off") return agentStatus({ document: { nodeObject: { state: "off" } } });
  const isAssigned = lookup.kind === "assigned";
  return agentStatus({
    document: {
      nodeObject: {
        state: lookup.kind,
        why: isAssigned ? null : lookup.why,
        podCIDRs: isAssigned ? lookup.podCIDRs.toJSON() : [],
        server: lookup.kind === "failed" ? null : lookup.server,
        fetchedAt: isAssigned ? new Date(lookup.fetchedAtMs).toISOString() : null,
      },
    },
    summary: { "Node object": isAssigned ? `${lookup.podCIDRs}, from ${lookup.server}` : lookup.why },
    samples: isAssigned ? [{ kind: kubernetesMetrics.fetchedAt, value: lookup.fetchedAtMs / 1000 }] : [],
  });
}
